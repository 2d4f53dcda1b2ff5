"""What the doctor finds of passes over stored images."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.runtime.processes import is_gone
from storage.queries.batch_jobs import newest_of_each
from storage.tables import BatchJob, QuarantinedImage
from storage.types import BatchState

#: What is gone through, and what is done with it.
_WORDS: Mapping[str, tuple[str, str]] = {
    "embed": ("Stored images with {}", "embedded"),
    "read_attributes": ("Attributes of stored images", "read"),
    "read_text": ("Text in stored images", "read"),
}


def batch_findings(session: Session, now: datetime) -> list[Finding]:
    """A line on the newest pass of each kind unless it is done, and one on quarantined images."""
    found = [_finding(job) for job in newest_of_each(session) if job.state is not BatchState.DONE]
    left = session.scalar(select(func.count(QuarantinedImage.image_id.distinct())))
    if left:
        sentence = (
            f"{left:,} ended the processes that worked on them and are left alone (quarantined)."
        )
        found.append(Finding("images", State.LOOK, sentence))
    return found


def _finding(job: BatchJob) -> Finding:
    what, done = _WORDS[job.work]
    how_far = f"{what.format(job.subject)}: {job.done:,} of {job.total:,}"
    if job.state is BatchState.RUNNING:
        if is_gone(job.process):
            sentence = f"{how_far} were {done} when it was cut short; the next try goes on there."
            return Finding("batches", State.LOOK, sentence)
        return Finding("batches", State.WELL, f"{how_far} are {done}; it goes on.")
    ended = "was cancelled" if job.state is BatchState.CANCELLED else "failed"
    return Finding("batches", State.LOOK, f"{how_far} were {done} when it {ended}: {job.reason}")
