"""The composition root: builds the services, starts platforms and jobs, stops them cleanly."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from apscheduler.triggers.cron import CronTrigger

from bot.core import Core
from bot.jobs import Jobs, schedule
from bot.labels.collect import LabelCollector
from bot.labels.first_scores import LabelRules
from bot.labels.shipped_curves import PlatformCurves, shipped_curves
from bot.leases import PLATFORM_TERM, Lease
from bot.notices import Notices
from bot.operations.health_check import HealthCheck
from bot.operations.heartbeat import Heartbeat
from bot.operations.image_cleanup import ImageCleanup
from bot.operations.left_imports import LeftImports
from bot.operations.old_rows import OldRows
from bot.operations.readiness import Readiness
from bot.operations.replaced_data import ReplacedData
from bot.operations.scheduled_backup import ScheduledBackup
from bot.platform import Platform, PlatformRefused, PlatformsHere, SignsIn
from bot.posts.attribute_worker import AttributeWorker
from bot.posts.own_genres import OwnGenres
from bot.posts.pipeline import Pipeline
from bot.posts.settle import Settler
from bot.runtime.another_try import until_another_try
from bot.runtime.cron import cron_trigger
from bot.runtime.pulse import Pulse
from bot.runtime.roles import ONE_AT_A_TIME, PLATFORMS, Role
from bot.runtime.side_by_side import end_side_by_side
from bot.runtime.supervisor import ServiceReport
from bot.runtime.task_group import TaskGroup
from bot.set_up_later import (
    Kind,
    SetUpLater,
    discord_is_given,
    network_is_given,
    reddit_is_given,
)
from bot.settings import Settings
from bot.setup_checks import Finding, SetupCheck
from bot.training.caption_rankings import CaptionRankings
from bot.training.genres import GenreRefits
from bot.training.new_starter import NewStarter
from bot.training.own_genres import OwnGenreRefits
from bot.training.own_heads import OwnHeads
from bot.training.retention import Retention
from bot.training.schedule import RetrainSchedule
from bot.training.switch_backbone import BackboneSwitch
from bot.training.usable_champion import why_unusable
from bot.web.platform import WebPlatform
from bot.webhooks.deliver import WebhookDelivery
from bot.webhooks.send import Sender
from models.extras import INSTALL_TRAIN, train_is_installed
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often a process notes that it runs, seconds.
ALIVE_SECONDS = 60

_NOTHING_TO_RUN = (
    "There is nothing to run: the board is switched off (PEORIA_WEB), or is not among the roles of"
    " this process (PEORIA_ROLES), and no other platform of these is set up. docs/settings.md says"
    " how to set one up."
)


@dataclass(frozen=True, slots=True)
class App:
    """A running Peoria, as tests and simulations hold it."""

    core: Core
    pipeline: Pipeline
    jobs: Jobs
    platforms: dict[PlatformName, Platform]
    pulse: Pulse
    heartbeat: Heartbeat
    readiness: Readiness
    backups: ScheduledBackup
    #: The right to what one process at a time does, by role.
    leases: Mapping[Role, Lease]
    #: What starts platforms that are set up while Peoria runs.
    set_up_later: SetUpLater

    @property
    def roles(self) -> list[Role]:
        """What this process does: its roles, without platforms that are not set up."""
        here = {Role(name.value) for name in self.platforms}
        return [each for each in self.core.settings.roles if each not in PLATFORMS or each in here]


def build(core: Core) -> App:
    """Put the platforms, the pipeline and the jobs together; nothing runs yet."""
    roles = core.settings.roles
    platforms = PlatformsHere([name for name in PlatformName if Role(name.value) not in roles])
    if Role.TRAIN not in roles:
        core.training.leave_to_others()
    pipeline = Pipeline(
        core.database,
        core.images,
        core.serving,
        core.downloader,
        platforms,
        people_key=core.people_key,
        silent_share=core.settings.silent_share,
        attributes_at_once=core.settings.attributes_at_once,
        clock=core.clock,
    )
    collector = LabelCollector(
        core.database,
        platforms,
        clock=core.clock,
        rules=LabelRules(core.settings.season_time_zone, core.settings.scores_to_compare),
        late_share=core.settings.late_share,
        curves=PlatformCurves(core.settings.versions_dir, shipped_curves()),
    )
    image_cleanup = ImageCleanup(
        core.database, core.images, keep_days=core.settings.image_days, clock=core.clock
    )
    retrain_schedule = RetrainSchedule(
        core.database,
        core.training,
        _retrain_trigger(core.settings),
        min_new=core.settings.retrain_min_new_labels,
        min_labels=core.settings.train_min_labels,
        why_unusable=partial(
            why_unusable,
            versions_dir=core.settings.versions_dir,
            backbones_dir=core.settings.backbones_dir,
        ),
        clock=core.clock,
    )
    own_heads = OwnHeads(
        core.database,
        core.training,
        retrain_schedule.trigger,
        min_new=core.settings.retrain_min_new_labels,
        min_labels=core.settings.train_min_labels,
        clock=core.clock,
    )
    pulse = Pulse()
    heartbeat = Heartbeat(core.database, clock=core.clock)
    readiness = Readiness(
        core.settings, core.database, core.services, pulse, heartbeat, clock=core.clock
    )
    backups = ScheduledBackup(
        core.settings,
        core.database,
        core.services.report("backups", "The scheduled backup"),
        clock=core.clock,
    )
    jobs = Jobs(
        core.database,
        pipeline,
        collector,
        Settler(core.database, platforms, clock=core.clock, needed=core.settings.scores_to_compare),
        image_cleanup,
        core.ocr_worker,
        AttributeWorker(
            core.database,
            core.images,
            core.serving,
            seconds=core.settings.tick_seconds / 2,
            far=core.far_attributes,
            traffic=pipeline.traffic,
            clock=core.clock,
        ),
        training=core.training,
        retrain_schedule=retrain_schedule,
        own_heads=own_heads,
        genre_refits=GenreRefits(core.database, core.settings.versions_dir, clock=core.clock),
        own_genre_refits=OwnGenreRefits(
            core.database, core.settings.versions_dir, clock=core.clock
        ),
        own_genres=OwnGenres(core.database, core.settings.versions_dir),
        caption_rankings=CaptionRankings(
            core.database, core.settings.versions_dir, clock=core.clock
        ),
        notices=Notices(core.database, platforms, clock=core.clock),
        health_check=HealthCheck(
            core.database, pause=core.settings.pause_on_bad_skill, clock=core.clock
        ),
        retention=Retention(
            core.database,
            core.settings.versions_dir,
            keep=core.settings.keep_versions,
            clock=core.clock,
        ),
        exchange=core.exchange,
        new_starter=NewStarter(
            backbone_switch(core),
            core.database,
            core.images,
            core.batches,
            core.serving,
            wanted=core.settings.backbone == "starter",
            clock=core.clock,
        ),
        heartbeat=heartbeat,
        scheduled_backup=backups,
        audit=core.audit,
        old_rows=OldRows(
            core.database,
            readings_days=core.settings.readings_days,
            forecasts_days=core.settings.forecasts_days,
            clock=core.clock,
        ),
        left_imports=LeftImports(core.database, clock=core.clock),
        replaced_data=ReplacedData(
            core.settings.data_dir, keep_days=core.settings.replaced_days, clock=core.clock
        ),
        webhooks=WebhookDelivery(
            core.database,
            Sender(core.settings.webhook_allow_hosts),
            key=core.people_key,
            keep_days=core.settings.webhook_days,
            clock=core.clock,
        ),
        platforms=platforms,
        clock=core.clock,
    )
    if core.settings.web and Role.WEB in roles:
        board = WebPlatform(core, pipeline, readiness.look, backups, _setup_checks(core, pipeline))
        platforms[board.name] = board
    kinds = _kinds(core, pipeline)
    for name, kind in kinds.items():
        if kind.is_given(core.settings) and Role(name.value) in roles:
            platforms[name] = kind.make(core.settings)
    leases = {
        role: Lease(core.database, f"role {role}", term=PLATFORM_TERM)
        for role in roles
        if role in ONE_AT_A_TIME
    }
    later = SetUpLater(core.settings, core.settings_now, core.services, platforms, kinds)
    return App(core, pipeline, jobs, platforms, pulse, heartbeat, readiness, backups, leases, later)


def _kinds(core: Core, pipeline: Pipeline) -> Mapping[PlatformName, Kind]:
    """The platforms that need credentials; their libraries are imported only where one is used."""

    def opened(settings: Settings) -> Core:
        return core if settings is core.settings else replace(core, settings=settings)

    def discord(settings: Settings) -> Platform:
        from bot.discord.platform import DiscordPlatform

        return DiscordPlatform(opened(settings), pipeline)

    def reddit(settings: Settings) -> Platform:
        from bot.reddit.platform import RedditPlatform

        return RedditPlatform(opened(settings), pipeline)

    def lemmy(settings: Settings) -> Platform:
        from bot.lemmy.platform import LemmyPlatform

        return LemmyPlatform(opened(settings), pipeline)

    def mastodon(settings: Settings) -> Platform:
        from bot.mastodon.platform import MastodonPlatform

        return MastodonPlatform(opened(settings), pipeline)

    def bluesky(settings: Settings) -> Platform:
        from bot.bluesky.platform import BlueskyPlatform

        return BlueskyPlatform(opened(settings), pipeline)

    networks = {
        PlatformName.LEMMY: lemmy,
        PlatformName.MASTODON: mastodon,
        PlatformName.BLUESKY: bluesky,
    }
    return {
        PlatformName.DISCORD: Kind(discord_is_given, discord),
        PlatformName.REDDIT: Kind(reddit_is_given, reddit),
        **{name: Kind(network_is_given(name), make) for name, make in networks.items()},
    }


def _setup_checks(core: Core, pipeline: Pipeline) -> Mapping[PlatformName, SetupCheck]:
    """What the first-run page asks of each platform; their libraries are imported when it does."""

    async def discord(settings: Settings) -> Sequence[Finding]:
        from bot.discord.check import check_discord

        return await check_discord(replace(core, settings=settings), pipeline)

    async def reddit(settings: Settings) -> Sequence[Finding]:
        from bot.reddit.check import check_reddit

        return await check_reddit(settings, core.clock)

    async def lemmy(settings: Settings) -> Sequence[Finding]:
        from bot.lemmy.check import check_lemmy

        return await check_lemmy(settings, core.clock)

    async def mastodon(settings: Settings) -> Sequence[Finding]:
        from bot.mastodon.check import check_mastodon

        return await check_mastodon(settings, core.clock)

    async def bluesky(settings: Settings) -> Sequence[Finding]:
        from bot.bluesky.check import check_bluesky

        return await check_bluesky(settings, core.clock)

    return {
        PlatformName.DISCORD: discord,
        PlatformName.REDDIT: reddit,
        PlatformName.BLUESKY: bluesky,
        PlatformName.LEMMY: lemmy,
        PlatformName.MASTODON: mastodon,
    }


def backbone_switch(core: Core) -> BackboneSwitch:
    """What switches this installation's backbone."""
    return BackboneSwitch(
        database=core.database,
        images=core.images,
        batches=core.batches,
        server=core.serving,
        training=core.training,
        versions_dir=core.settings.versions_dir,
        backbones_dir=core.settings.backbones_dir,
        clock=core.clock,
    )


def _retrain_trigger(settings: Settings) -> CronTrigger | None:
    """When Peoria trains by itself; None: never."""
    trigger = cron_trigger(settings.retrain_cron, settings.retrain_time_zone)
    if trigger is not None and Role.TRAIN in settings.roles and not train_is_installed():
        log.warning(
            "Scheduled training is switched off: the extra `train` is not installed. %s",
            INSTALL_TRAIN,
        )
        return None
    return trigger


async def _start_later(app: App, platform: SignsIn, report: ServiceReport) -> None:
    """Start a platform that was refused: when its credentials change, or after a while.

    Not if it was made anew meanwhile (bot/set_up_later.py).
    """
    while True:
        refused = await asyncio.to_thread(platform.credentials)
        await until_another_try(platform.credentials, refused)
        if app.platforms.get(platform.name) is not platform:
            return
        try:
            await platform.start()
        except PlatformRefused as refusal:
            await report.stopped(str(refusal))
        else:
            log.info("%s is accepted and runs.", platform.name.value.capitalize())
            return


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """Platforms listening and jobs ticking, until the block ends.

    A platform that cannot run is left out, with an error in the log, so that one revoked token
    does not silence the others; it is tried again when its token changes, and every hour.

    Raises:
        PlatformRefused: the board cannot listen, or no platform can run.
    """
    async with AsyncExitStack() as stack:
        # Threads that compute hand over to the event loop after this time, seconds. With Python's
        # own 5 ms, 200 posts at the same time took a fifth longer.
        sys.setswitchinterval(0.001)
        # Loaded before anybody can ask, so that a damaged file is noticed at the start.
        await app.core.serving.warm_up()
        await app.heartbeat.begin(app.roles, app.core.settings)
        stack.push_async_callback(app.heartbeat.end)
        await app.core.services.note_alive()
        refusals: list[PlatformRefused] = []
        stack.push_async_callback(app.set_up_later.stop)
        returns = TaskGroup()
        stack.push_async_callback(returns.stop)
        platforms = [*app.platforms.items()]
        begun: list[Callable[[], Awaitable[None]]] = []
        stack.push_async_callback(end_side_by_side, begun)
        for name, platform in platforms:
            begun.append(platform.stop)
            try:
                await platform.start()
            except PlatformRefused as refusal:
                if name is PlatformName.WEB:
                    raise
                log.error("%s is left out: %s", name.value.capitalize(), refusal)  # noqa: TRY400 - it says all
                refusals.append(refusal)
                report = app.core.services.report(name.value, name.value.capitalize())
                await report.stopped(str(refusal))
                if isinstance(platform, SignsIn):
                    # Its posts wait: until it runs it says that it is away.
                    returns.start(
                        _start_later(app, platform, report), f"The return of {name.value}"
                    )
                else:
                    del app.platforms[name]
        if len(refusals) == len(platforms) and PLATFORMS & {*app.core.settings.roles}:
            raise refusals[0] if refusals else PlatformRefused(_NOTHING_TO_RUN)
        if PlatformName.WEB in app.platforms:
            returns.start(app.set_up_later.run(), "Platforms that are set up later")
        releases = [lease.release for lease in app.leases.values()]
        stack.push_async_callback(end_side_by_side, releases)
        if Role.TRAIN in app.leases and await app.leases[Role.TRAIN].hold():
            await app.jobs.make_up_once()
        scheduler = schedule(
            app.jobs,
            app.core.settings.tick_seconds,
            lambda job: app.core.services.report(f"job {job}", f"The job {job}"),
            app.pulse,
            roles=app.roles,
            leases=app.leases,
        )
        scheduler.add_job(
            app.core.services.note_alive, "interval", seconds=ALIVE_SECONDS, id="note_alive"
        )
        scheduler.start()
        # Stopped from the last to the first: a tick that waits for a queue ends with the queue.
        stack.push_async_callback(scheduler.stop)
        stack.push_async_callback(app.jobs.stop)
        stack.callback(scheduler.pause)
        yield
