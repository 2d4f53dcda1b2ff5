"""Passes over stored images: begun, moved on with each fragment, ended, cancelled."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from storage.engine.upsert import insert_if_new
from storage.tables import BatchJob, QuarantinedImage
from storage.types import BatchState


def begin_job(
    session: Session, *, work: str, subject: str, total: int, process: str, now: datetime
) -> int:
    """Note that a pass has begun; its id."""
    job = BatchJob(
        work=work, subject=subject, state=BatchState.RUNNING, done=0, total=total, skipped=0,
        quarantined=0, started_at=now, changed_at=now, process=process,
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job.id


def advance_job(
    session: Session, job_id: int, *, done: int, skipped: int, quarantined: int, now: datetime
) -> bool:
    """Add a fragment to a pass, in the transaction that stores it.

    Args:
        session: a write session.
        job_id: of the pass.
        done: images of the fragment.
        skipped: of those, without a usable file.
        quarantined: of those, quarantined.
        now: aware.

    Returns:
        whether somebody has asked to end the pass.
    """
    session.execute(
        update(BatchJob)
        .where(BatchJob.id == job_id)
        .values(
            done=BatchJob.done + done,
            # Images come while it runs.
            total=case(
                (BatchJob.total < BatchJob.done + done, BatchJob.done + done), else_=BatchJob.total
            ),
            skipped=BatchJob.skipped + skipped,
            quarantined=BatchJob.quarantined + quarantined,
            changed_at=now,
        )
    )
    return session.scalar(select(BatchJob.cancel_asked_at).filter_by(id=job_id)) is not None


def is_complete(session: Session, job_id: int) -> bool:
    """Whether as many images were looked at as there were."""
    query = select(BatchJob.done >= BatchJob.total).filter_by(id=job_id)
    return bool(session.scalars(query).one())


def end_job(
    session: Session, job_id: int, state: BatchState, reason: str | None, now: datetime
) -> None:
    """Note how a pass ended; nothing where that was noted before."""
    session.execute(
        update(BatchJob)
        .where(BatchJob.id == job_id, BatchJob.state == BatchState.RUNNING)
        .values(state=state, reason=reason, finished_at=now, changed_at=now)
    )


def ask_to_cancel(session: Session, job_id: int, now: datetime) -> bool:
    """Ask a pass to end after the fragments under way; False where it does not run."""
    asked = session.execute(
        update(BatchJob)
        .where(BatchJob.id == job_id, BatchJob.state == BatchState.RUNNING)
        .values(cancel_asked_at=now)
        .returning(BatchJob.id)
    )
    return asked.first() is not None


def newest_jobs(session: Session, limit: int) -> Sequence[BatchJob]:
    """The newest passes, the newest first."""
    return session.scalars(select(BatchJob).order_by(BatchJob.id.desc()).limit(limit)).all()


def newest_of_each(session: Session) -> Sequence[BatchJob]:
    """The newest pass of each kind of work, by kind."""
    newest = select(func.max(BatchJob.id)).group_by(BatchJob.work)
    return session.scalars(
        select(BatchJob).where(BatchJob.id.in_(newest)).order_by(BatchJob.work)
    ).all()


def running_jobs(session: Session) -> Sequence[BatchJob]:
    """Passes that have not ended as far as is noted, the oldest first."""
    return session.scalars(
        select(BatchJob).where(BatchJob.state == BatchState.RUNNING).order_by(BatchJob.id)
    ).all()


def quarantine(session: Session, image_id: int, work: str, deaths: int, now: datetime) -> None:
    """Leave an image alone from now on."""
    insert_if_new(
        session, QuarantinedImage,
        image_id=image_id, work=work, deaths=deaths, quarantined_at=now,
    )  # fmt: skip
