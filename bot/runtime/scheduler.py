"""APScheduler's scheduler, stopped without cancelling the jobs that it started."""

import asyncio

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

#: How long a running job may continue when Peoria stops, seconds.
_STOP_SECONDS = 5.0


class _Executor(AsyncIOExecutor):  # type: ignore[misc]
    async def ended(self) -> None:
        """Return when no job is running, or the time for stopping is over."""
        if self._pending_futures:
            await asyncio.wait(self._pending_futures, timeout=_STOP_SECONDS)


class Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """Starts jobs at their times; a job never overlaps itself, and missed runs become one run."""

    def __init__(self) -> None:
        self._executor_of_jobs = _Executor()
        super().__init__(
            timezone="UTC",
            executors={"default": self._executor_of_jobs},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    async def stop(self) -> None:
        """Start no more jobs and wait for running ones: cancelled, they would look like faults."""
        self.pause()
        await self._executor_of_jobs.ended()
        self.shutdown(wait=False)
