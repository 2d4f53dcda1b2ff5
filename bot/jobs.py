"""The ticks. APScheduler only says when: what is due is read from our own tables."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.orm import Session

from bot.audit import AuditLog
from bot.duty import communities_of_others
from bot.labels.collect import BATCH, LabelCollector
from bot.leases import Lease, LeaseLost
from bot.notices import Notices
from bot.operations.health_check import HealthCheck
from bot.operations.heartbeat import BEAT_SECONDS, Heartbeat
from bot.operations.image_cleanup import ImageCleanup
from bot.operations.left_imports import LeftImports
from bot.operations.old_rows import OldRows
from bot.operations.replaced_data import ReplacedData
from bot.operations.scheduled_backup import ScheduledBackup
from bot.platform import Platform
from bot.posts.attribute_worker import AttributeWorker
from bot.posts.ocr_worker import OcrWorker
from bot.posts.own_genres import OwnGenres
from bot.posts.pipeline import Pipeline
from bot.posts.queue import CommunityQueue
from bot.posts.settle import Settler
from bot.runtime.clock import Clock
from bot.runtime.lanes import Lanes
from bot.runtime.log_context import about
from bot.runtime.one_by_one import one_by_one
from bot.runtime.pulse import Pulse
from bot.runtime.roles import ALL, ONE_AT_A_TIME, PLATFORMS, Role
from bot.runtime.scheduler import Scheduler
from bot.runtime.supervisor import ServiceReport
from bot.training.caption_rankings import CaptionRankings
from bot.training.exchange_models import ModelExchange
from bot.training.genres import GenreRefits
from bot.training.new_starter import NewStarter
from bot.training.own_genres import OwnGenreRefits
from bot.training.own_heads import OwnHeads
from bot.training.retention import Retention
from bot.training.runs import TrainingRuns
from bot.training.schedule import RetrainSchedule
from bot.webhooks.deliver import WebhookDelivery
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.posts import (
    CLAIMED_FOR,
    claim_posts,
    claim_replies,
    load_posts,
    posts_to_advance,
    replies_to_remove,
)
from storage.types import PlatformName, PostState

log = logging.getLogger(__name__)

#: How often image files and model versions that are no longer needed are deleted, hours.
SWEEP_HOURS = 6
#: How often model versions are exchanged with other machines, seconds.
EXCHANGE_SECONDS = 60
#: How often dead training runs are looked for, seconds.
REAP_SECONDS = 60
#: How often it is asked whether a backup is due, seconds.
BACKUP_SECONDS = 60
#: How often it is asked whether a new starter has to be tried, minutes.
STARTER_MINUTES = 5
#: How often imports of the past are looked at that nobody goes on with, minutes.
LEFT_IMPORTS_MINUTES = 10
#: How often predictions are compared with the base rate, and labels with earlier ones, minutes.
HEALTH_MINUTES = 60


class Jobs:
    """The jobs of the scheduler: coroutines that each do what is due and return."""

    def __init__(
        self,
        database: Database,
        pipeline: Pipeline,
        collector: LabelCollector,
        settler: Settler,
        image_cleanup: ImageCleanup,
        ocr_worker: OcrWorker | None,
        attribute_worker: AttributeWorker,
        *,
        training: TrainingRuns,
        retrain_schedule: RetrainSchedule,
        own_heads: OwnHeads,
        genre_refits: GenreRefits,
        own_genre_refits: OwnGenreRefits,
        own_genres: OwnGenres,
        caption_rankings: CaptionRankings,
        notices: Notices,
        health_check: HealthCheck,
        retention: Retention,
        exchange: ModelExchange,
        new_starter: NewStarter,
        heartbeat: Heartbeat,
        scheduled_backup: ScheduledBackup,
        old_rows: OldRows,
        left_imports: LeftImports,
        replaced_data: ReplacedData,
        audit: AuditLog,
        webhooks: WebhookDelivery,
        platforms: Mapping[PlatformName, Platform],
        clock: Clock,
    ) -> None:
        self._database = database
        self._pipeline = pipeline
        self._queue = CommunityQueue(pipeline)
        self._collector = collector
        self._settler = settler
        self._platforms = platforms
        self._removals: Lanes[int] = Lanes("Replies to remove")
        self._image_cleanup = image_cleanup
        self._ocr_worker = ocr_worker
        self._attribute_worker = attribute_worker
        self._training = training
        self._retrain_schedule = retrain_schedule
        self._own_heads = own_heads
        self._genre_refits = genre_refits
        self._own_genre_refits = own_genre_refits
        self._own_genres = own_genres
        self._caption_rankings = caption_rankings
        self._notices = notices
        self._health_check = health_check
        self._retention = retention
        self._exchange = exchange
        self._new_starter = new_starter
        self._heartbeat = heartbeat
        self._scheduled_backup = scheduled_backup
        self._old_rows = old_rows
        self._left_imports = left_imports
        self._replaced_data = replaced_data
        self._audit = audit
        self._webhooks = webhooks
        self._clock = clock
        self._has_made_up = False

    async def advance_posts(self) -> int:
        """Advance posts whose prediction or reply is due: new, tried again, or interrupted."""
        now = self._clock()
        due = await self._database.run_read(
            lambda session: posts_to_advance(
                session,
                now=now,
                limit=BATCH,
                without=self._pipeline.reserved,
                without_communities=self._queue.busy
                | communities_of_others(session, self._platforms),
            )
        )
        if not due:
            return 0
        states = [PostState.SEEN, PostState.PREDICTED]
        taken = await self._database.run_write(
            lambda session: {*claim_posts(session, [each.id for each in due], states, now=now)},
            alone_in=ITS_ROWS,
        )
        await self._queue.take(
            (each for each in due if each.id in taken), still_ours=self._while_claimed(now)
        )
        return len(taken)

    def _while_claimed(self, since: datetime) -> Callable[[], bool]:
        """Whether what was claimed at a moment is nobody else's yet."""
        return lambda: self._clock() < since + CLAIMED_FOR

    async def stop(self) -> None:
        """Stop the work that goes on in the background."""
        await self._queue.stop()
        await self._settler.stop()
        await self._removals.stop()
        await self._webhooks.stop()

    async def read_scores(self) -> int:
        """Read the scores that are due and write labels at the horizon."""
        return await self._collector.read_due()

    async def settle_replies(self) -> int:
        """Show outcomes under their posts."""
        return await self._settler.settle_due()

    async def remove_replies(self) -> int:
        """Remove the replies of posts that were withdrawn."""

        now = self._clock()

        def find(session: Session) -> Sequence[int]:
            return replies_to_remove(
                session,
                now=now,
                limit=BATCH,
                without_communities=self._removals.busy
                | communities_of_others(session, self._platforms),
            )

        ids = await self._database.run_read(find)
        if not ids:
            return 0
        posts = await self._database.run_write(
            lambda session: load_posts(session, claim_replies(session, ids, now=now)),
            alone_in=ITS_ROWS,
        )
        await self._removals.take(
            posts,
            lambda post: post.community_id,
            self._pipeline.remove_reply,
            still_ours=self._while_claimed(now),
        )
        return len(posts)

    async def clean_up(self) -> int:
        """Drop what is no longer needed: image files, versions, replaced data, old rows."""
        sweeps = (
            self._image_cleanup.sweep,
            self._retention.sweep,
            self._replaced_data.sweep,
            self._old_rows.sweep,
            self._audit.sweep,
            self._webhooks.sweep,
        )
        return sum(await one_by_one(sweeps, lambda sweep: sweep(), "a clean-up"))

    async def end_left_imports(self) -> int:
        """End imports of the past whose account was taken away."""
        return await self._left_imports.end()

    async def exchange_models(self) -> int:
        """Put model versions where other machines find them, and fetch theirs."""
        return await self._exchange.exchange()

    async def read_texts(self) -> int:
        """Read the text of one image; the next tick takes the next."""
        return await self._ocr_worker.read_next() if self._ocr_worker else 0

    async def read_attributes(self) -> int:
        """Read the attributes of a few images that have none; the next tick takes more."""
        return await self._attribute_worker.read_next()

    async def tell_own_genres(self) -> int:
        """Tell the genres that communities have of their own; the next tick tells more."""
        return await self._own_genres.tell_next()

    async def retrain(self) -> bool:
        """Start a training run if there are enough labels; learn genres, and what captions play."""
        asked = await self._retrain_schedule.retrain_if_due()
        await self._genre_refits.refit_if_due()
        await self._own_genre_refits.refit_if_due()
        await self._caption_rankings.refit_if_due()
        return asked

    async def fit_own_head(self) -> bool:
        """Start the training run of a server that has a head of its own, if one is due.

        What serves all comes first, where it was due while another run was under way.
        """
        return await self._retrain_schedule.retrain_if_owed() or await self._own_heads.fit_next()

    async def reap_dead_run(self) -> None:
        """End the run of a process that was killed, so that nobody waits for it."""
        await self._training.reap_dead_run()

    async def take_asked_run(self) -> bool:
        """Carry out the training that a process without the role train was asked for."""
        return await self._training.take_asked()

    async def deliver_notices(self) -> int:
        """Tell the admins what they were not told yet."""
        return await self._notices.deliver()

    async def deliver_webhooks(self) -> int:
        """Tell webhooks what they were not told yet."""
        return await self._webhooks.deliver()

    async def check_health(self) -> int:
        """Check whether the champion is still as good as it was, and labels are as before."""
        return await self._health_check.run()

    async def give_sign_of_life(self) -> None:
        """Note that this process lives."""
        await self._heartbeat.beat()

    async def embed_missing(self) -> int:
        """Embed images that were stored before with the backbone that serves."""
        return await self._new_starter.embed_missing()

    async def take_up_starter(self) -> bool:
        """Try a starter that is new in this Peoria."""
        return await self._new_starter.take_up()

    async def back_up(self) -> bool:
        """Make a backup if the newest is old enough."""
        return await self._scheduled_backup.back_up_if_due()

    async def make_up_for_missed(self) -> None:
        """Do what was due at a set time while Peoria was not running."""
        await self._training.reap_dead_run()
        await self._retrain_schedule.catch_up()

    async def make_up_once(self) -> None:
        """Do what was missed, the first time that it is this process that trains.

        The right to train may still be another's when this process starts: of one that is about to
        end, or that died a moment ago.
        """
        if not self._has_made_up:
            await self.make_up_for_missed()
            self._has_made_up = True

    @property
    def retrain_times(self) -> CronTrigger | None:
        """When to retrain; None: never."""
        return self._retrain_schedule.trigger

    async def run_due(self) -> int:
        """Do everything that is due now, once; return how many items there were."""
        return await self.advance_posts() + await self.read_scores() + await self.settle_replies()


@dataclass(frozen=True, slots=True)
class Tick:
    """When a job is done, and by whom.

    Attributes:
        job: the coroutine function of `Jobs`.
        roles: a process with any of these does it.
        seconds: between two starts; None: as often as due work is looked for.
        is_watched: whether it is a fault not to come to an end; not where that may take long.
    """

    job: Callable[[Jobs], Awaitable[object]]
    roles: frozenset[Role]
    seconds: float | None = None
    is_watched: bool = True


_HOUR = 3600.0
OWN_GENRES_SECONDS = 30.0
OWN_HEADS_SECONDS = 300.0

#: What each role does, and how often. Retraining has its own times.
TICKS: tuple[Tick, ...] = (
    Tick(Jobs.give_sign_of_life, frozenset(ALL), BEAT_SECONDS),
    Tick(Jobs.advance_posts, PLATFORMS),
    Tick(Jobs.read_scores, PLATFORMS),
    Tick(Jobs.settle_replies, PLATFORMS),
    Tick(Jobs.remove_replies, PLATFORMS),
    Tick(Jobs.deliver_notices, PLATFORMS),
    Tick(Jobs.deliver_webhooks, frozenset({Role.JOBS})),
    Tick(Jobs.check_health, frozenset({Role.JOBS}), HEALTH_MINUTES * 60, is_watched=False),
    Tick(Jobs.back_up, frozenset({Role.JOBS}), BACKUP_SECONDS, is_watched=False),
    Tick(Jobs.clean_up, frozenset({Role.JOBS}), SWEEP_HOURS * _HOUR, is_watched=False),
    Tick(Jobs.end_left_imports, frozenset({Role.JOBS}), LEFT_IMPORTS_MINUTES * 60),
    Tick(Jobs.exchange_models, frozenset(ALL), EXCHANGE_SECONDS, is_watched=False),
    Tick(Jobs.read_texts, frozenset({Role.EMBED})),
    Tick(Jobs.tell_own_genres, frozenset({Role.EMBED}), OWN_GENRES_SECONDS),
    Tick(Jobs.read_attributes, frozenset({Role.EMBED})),
    Tick(Jobs.embed_missing, frozenset({Role.EMBED}), STARTER_MINUTES * 60, is_watched=False),
    Tick(Jobs.reap_dead_run, frozenset({Role.JOBS, Role.TRAIN}), REAP_SECONDS),
    Tick(Jobs.take_asked_run, frozenset({Role.TRAIN})),
    Tick(Jobs.make_up_once, frozenset({Role.TRAIN}), REAP_SECONDS),
    Tick(Jobs.fit_own_head, frozenset({Role.TRAIN}), OWN_HEADS_SECONDS),
    Tick(Jobs.take_up_starter, frozenset({Role.TRAIN}), STARTER_MINUTES * 60, is_watched=False),
)


def schedule(
    jobs: Jobs,
    seconds: float,
    report: Callable[[str], ServiceReport] | None = None,
    pulse: Pulse | None = None,
    *,
    roles: Collection[Role] = ALL,
    leases: Mapping[Role, Lease] | None = None,
) -> Scheduler:
    """A scheduler, not yet started, that ticks every ``seconds``.

    Args:
        jobs: what it does.
        seconds: between two ticks.
        report: who is told how a job is doing, by its name; None: nobody.
        pulse: who counts how long ago each tick ended; None: nobody.
        roles: what this process does.
        leases: the right to what one process at a time does, by role. A job of such a role does
            nothing while another process has the right. None: this process is alone.
    """
    scheduler = Scheduler(report, pulse)
    for tick in TICKS:
        mine = [role for role in roles if role in tick.roles]
        if not mine:
            continue
        name, every = tick.job.__name__, seconds if tick.seconds is None else tick.seconds
        # What platforms have a part in, each process does for itself.
        right = (leases or {}).get(mine[0]) if tick.roles <= ONE_AT_A_TIME else None
        job = _noted(name, _by_right(partial(tick.job, jobs), right))
        scheduler.add_job(job, "interval", seconds=every, id=name, name=name)
        if pulse is not None and tick.is_watched:
            pulse.expect(name, every=every)
    if Role.TRAIN in roles and jobs.retrain_times is not None:
        name = jobs.retrain.__name__
        job = _noted(name, _by_right(jobs.retrain, (leases or {}).get(Role.TRAIN)))
        scheduler.add_job(job, jobs.retrain_times, id=name, name=name)
    return scheduler


def _noted(name: str, job: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """A job whose lines in the log say that they are of it."""

    async def run() -> object:
        with about(name, job=name):
            return await job()

    return run


def _by_right(
    job: Callable[[], Awaitable[object]], lease: Lease | None
) -> Callable[[], Awaitable[object]]:
    """A job that is done only by the owner of a lease, and writes nothing once it is lost."""

    async def run() -> object:
        if lease is None:
            return await job()
        if not await lease.hold():
            return None
        with lease.guarding():
            try:
                return await job()
            except LeaseLost as error:
                log.warning("A job is left as it was: %s.", error)
                return None

    return run
