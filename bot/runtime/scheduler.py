"""APScheduler's scheduler, with what it lacks: it stops without cancelling running jobs, and goes
on at its pace when the machine's clock is set.

APScheduler keeps the times of next runs by the wall clock: set back by an hour, nothing would run
for an hour.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.base import STATE_RUNNING
from apscheduler.triggers.interval import IntervalTrigger

from bot.runtime.pulse import Pulse
from bot.runtime.supervisor import ServiceReport, describe, tell
from bot.runtime.task_group import TaskGroup

log = logging.getLogger(__name__)

#: How long a running job may continue when Peoria stops, seconds.
_STOP_SECONDS = 5.0
#: How often the wall clock is held against the event loop's, seconds.
_LOOK_SECONDS = 1.0
#: The wall clock was set when it moved by this much more than time did, seconds.
_JUMP = 2.0


class _Executor(AsyncIOExecutor):  # type: ignore[misc]
    async def ended(self) -> None:
        """Return when no job is running, or the time for stopping is over."""
        if self._pending_futures:
            await asyncio.wait(self._pending_futures, timeout=_STOP_SECONDS)


class Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """Starts jobs at their times; a job never overlaps itself, and missed runs become one run."""

    def __init__(
        self,
        report: Callable[[str], ServiceReport] | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """Make one that does not tick yet.

        Args:
            report: who is told how a job is doing, by the job's id; None: nobody.
            pulse: who counts how long ago each job ended; None: nobody.
        """
        self._executor_of_jobs = _Executor()
        self._report = report
        self._pulse = pulse
        #: Jobs whose last run worked, and was reported.
        self._working: set[str] = set()
        self._reports = TaskGroup()
        super().__init__(
            timezone="UTC",
            executors={"default": self._executor_of_jobs},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self.add_listener(self._note, EVENT_JOB_ERROR | EVENT_JOB_EXECUTED)

    def start(self, paused: bool = False) -> None:
        """Begin to tick, and to watch the clock."""
        super().start(paused)
        self._loop = asyncio.get_running_loop()
        self._between = time.time() - self._loop.time()
        self._look = self._loop.call_later(_LOOK_SECONDS, self._look_after)

    def shutdown(self, wait: bool = True) -> None:
        """End for good."""
        self._look.cancel()
        super().shutdown(wait)

    def _look_after(self) -> None:
        """Follow a wall clock that was set, and go on where an error has ended the ticking."""
        self._look = self._loop.call_later(_LOOK_SECONDS, self._look_after)
        between = time.time() - self._loop.time()
        jump = between - self._between
        self._between = between
        if abs(jump) > _JUMP:
            log.warning("The clock of this machine was set, by %+.0f s.", jump)
            self.follow(timedelta(seconds=jump))
        elif self._timeout is None and self.state == STATE_RUNNING and self.get_jobs():
            log.error("The ticking had ended; it goes on.")
            self.wakeup()

    def follow(self, jump: timedelta) -> None:
        """Move the times of next runs with a clock that was set.

        What runs at intervals keeps its pace. What runs at set times and was set back is due at the
        next of these times; set ahead over one of them, it is due now.
        """
        for job in self.get_jobs():
            if job.next_run_time is None:
                continue
            if isinstance(job.trigger, IntervalTrigger):
                job.modify(next_run_time=job.next_run_time + jump)
            elif jump < timedelta():
                job.reschedule(job.trigger)

    def _note(self, event: JobExecutionEvent) -> None:
        """Report a job that has failed, and one that works again."""
        job: str = event.job_id
        if self._pulse is not None:
            self._pulse.beat(job)
        if self._report is None or (event.exception is None and job in self._working):
            return
        if event.exception is None:
            self._working.add(job)
            telling = self._report(job).running()
        else:
            self._working.discard(job)
            # An outage of the database comes with the outage of all: what it is shows in the log.
            telling = self._report(job).waiting(describe(event.exception), expected=True)
        self._reports.start(tell(job, telling), f"Report of {job}")

    async def stop(self) -> None:
        """Start no more jobs and wait for running ones: cancelled, they would look like faults."""
        self.pause()
        if self._pulse is not None:
            self._pulse.forget()
        await self._executor_of_jobs.ended()
        self.shutdown(wait=False)
        await self._reports.stop()
