"""APScheduler's scheduler, ended without cutting off what it began."""

import asyncio

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

#: How long a job that is under way may go on when Peoria stops, seconds.
_PATIENCE = 5.0


class _Executor(AsyncIOExecutor):  # type: ignore[misc]
    async def ended(self) -> None:
        """Return when no job is under way, or has had its time."""
        if self._pending_futures:
            await asyncio.wait(self._pending_futures, timeout=_PATIENCE)


class Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """Starts jobs at their times; no job runs beside itself, and missed runs are made up by one."""

    def __init__(self) -> None:
        self._jobs_under_way = _Executor()
        super().__init__(
            timezone="UTC",
            executors={"default": self._jobs_under_way},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    async def stop(self) -> None:
        """Start no more, and wait for what is under way: cut off, it would look like a fault."""
        self.pause()
        await self._jobs_under_way.ended()
        self.shutdown(wait=False)
