"""The beginning of a pass over stored images, whatever is done in it."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.cluster.outcomes import Work
from bot.runtime.processes import is_gone, this_process
from storage.queries.batch_jobs import begin_job, end_job, running_jobs
from storage.types import BatchState


def begin_pass(session: Session, *, work: Work, subject: str, total: int, now: datetime) -> int:
    """Note that a pass of this process begins; its id.

    Those whose process is gone are noted as ended.
    """
    for job in running_jobs(session):
        if is_gone(job.process):
            end_job(session, job.id, BatchState.FAILED, "Its process was cut short.", now)
    return begin_job(
        session, work=work, subject=subject, total=total, process=this_process(), now=now
    )
