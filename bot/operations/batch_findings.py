"""What the doctor finds of passes over stored images."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.runtime.processes import is_gone
from storage.queries.batch_jobs import newest_jobs
from storage.tables import BatchJob, QuarantinedImage
from storage.types import BatchState


def batch_findings(session: Session, now: datetime) -> list[Finding]:
    """A line on the newest pass unless it is done, and one on quarantined images."""
    found = [_finding(job) for job in newest_jobs(session, 1) if job.state is not BatchState.DONE]
    left = session.scalar(select(func.count()).select_from(QuarantinedImage))
    if left:
        sentence = (
            f"{left:,} ended the processes that worked on them and are left alone (quarantined)."
        )
        found.append(Finding("images", State.LOOK, sentence))
    return found


def _finding(job: BatchJob) -> Finding:
    what = f"Stored images with {job.subject}: {job.done:,} of {job.total:,}"
    if job.state is BatchState.RUNNING:
        if is_gone(job.process):
            sentence = f"{what} were embedded when it was cut short; the next try goes on there."
            return Finding("batches", State.LOOK, sentence)
        return Finding("batches", State.WELL, f"{what} are embedded; it goes on.")
    ended = "was cancelled" if job.state is BatchState.CANCELLED else "failed"
    return Finding("batches", State.LOOK, f"{what} were embedded when it {ended}: {job.reason}")
