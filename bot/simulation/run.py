"""Running the real pipeline, jobs and trainer on the made-up community, as fast as they go.

Nothing sleeps: time moves straight to the next moment at which something happens in the community
or is due in the tables. A run that was killed goes on from the moment it had reached.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import func, select

from bot.app import App, build
from bot.core import Core, open_core
from bot.league.guesses import GuessRefused, place_guess
from bot.people.identity import hash_person
from bot.platform import IncomingPost
from bot.settings import Settings
from bot.simulation.agenda import Agenda
from bot.simulation.clock import SimulatedClock
from bot.simulation.community import COMMUNITY, START, MadePost, World, after
from bot.simulation.guessers import MadeGuess, guesses
from bot.simulation.plan import Plan
from bot.simulation.platform import SimulatedPlatform
from bot.training.child import TrainingLimits
from bot.training.runs import TrainingRuns
from storage.tables import Community, Post, TrainingRun
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Ticks of Peoria are this far apart.
GRID = timedelta(minutes=5)

Progress: TypeAlias = Callable[[datetime, int], None]


class _OnlyWhatIsGiven(Settings):
    """Settings that neither the environment nor a .env file can change."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class Simulation:
    """A made-up community, and the real Peoria in it."""

    def __init__(
        self, app: App, world: World, platform: SimulatedPlatform, clock: SimulatedClock, plan: Plan
    ) -> None:
        self.app = app
        self.core = app.core
        self.world = world
        self.platform = platform
        self.plan = plan
        self._clock = clock
        self._guesses = guesses(world)

    async def run(self, on_progress: Progress) -> None:
        """Run all of it, from the moment at which the clock stands."""
        await self._found_community()
        arrivals = Agenda(self.world.posts, lambda post: self._tick(post.seen_at))
        guessed = Agenda(self._guesses, lambda guess: self._tick(guess.at))
        moment: datetime | None = self._clock()
        night = self._night(self._clock())
        while moment is not None:
            self._clock.move_to(moment)
            for post in arrivals.take(moment):
                await self._arrive(post)
            for guess in guessed.take(moment):
                await self._guess(guess)
            due = await self._tick_through(moment)
            if moment == night:
                await self._pass_night()
                night = self._night(moment + GRID)
            on_progress(moment, arrivals.done)
            # What was due now was done, or is retried later.
            ahead = [arrivals.next, guessed.next, due and self._tick(due)]
            coming = [each for each in ahead if each is not None]
            moment = min([*coming, *([night] if night else [])]) if coming else None

    async def _tick_through(self, moment: datetime) -> datetime | None:
        """Do everything that is due by a moment; return when the next step of a post is due.

        There is at least one tick: some work, such as removing a reply, is no step of a post, and
        a process that was killed may have left it.
        """
        while True:
            await self.app.jobs.run_due()
            await self.app.jobs.remove_replies()
            due = await self._due()
            if due is None or due > moment:
                return due

    async def _found_community(self) -> None:
        """A community in which people guess before they see what the bot says."""
        async with self.core.database.write() as session:
            if await session.scalar(select(Community.id)) is None:
                session.add(
                    Community(
                        platform=PlatformName.REDDIT,
                        source_id=COMMUNITY.source_id,
                        name=COMMUNITY.name,
                        horizon_seconds=COMMUNITY.horizon_seconds,
                        created_at=START,
                        blind=True,
                    )
                )

    async def _arrive(self, post: MadePost) -> None:
        await self.app.pipeline.accept(
            PlatformName.REDDIT,
            IncomingPost(
                community=COMMUNITY,
                source_id=post.source_id,
                author=post.author,
                title=post.title,
                posted_at=post.posted_at,
                images=[post.picture()],
            ),
        )

    async def _guess(self, guess: MadeGuess) -> None:
        async with self.core.database.read() as session:
            query = select(Post.id).filter_by(source_id=guess.source_id)
            post_id = await session.scalar(query)
        if post_id is None:
            # Peoria was switched off, or the platform away, and has not seen the post yet.
            return
        try:
            await place_guess(
                self.core.database,
                post_id=post_id,
                platform=PlatformName.REDDIT,
                person=hash_person(self.core.people_key, PlatformName.REDDIT, guess.person),
                bucket=guess.bucket,
                blind=True,
                now=self._clock(),
            )
        except GuessRefused as refusal:
            log.debug("A guess on %s was refused: %s", guess.source_id, refusal)

    async def _pass_night(self) -> None:
        """Do what is scheduled for the night; a training run ends before time goes on."""
        await self.app.jobs.check_health()
        if await self.app.jobs.retrain():
            async with self.core.database.read() as session:
                run_id = await session.scalar(select(func.max(TrainingRun.id)))
            run = await self.core.training.wait_for(run_id or 0)
            log.info("Training %s: %s", run.state.value, run.reason)
        await self.app.jobs.deliver_notices()

    def _tick(self, moment: datetime) -> datetime:
        """The first tick of Peoria at or after a moment."""
        moment = after(self.world.off, moment)
        return START - (START - moment) // GRID * GRID

    def _night(self, since: datetime) -> datetime | None:
        """The first tick at or after a moment at which training is scheduled."""
        trigger = self.app.jobs.retrain_times
        fires = trigger and trigger.get_next_fire_time(None, since)
        return self._tick(fires) if fires else None

    async def _due(self) -> datetime | None:
        """When the next step of any post is due."""
        async with self.core.database.read() as session:
            return await session.scalar(select(func.min(Post.due_at)))


@asynccontextmanager
async def opened(plan: Plan, folder: Path) -> AsyncIterator[Simulation]:
    """A simulation in its own folder, ready to run or to go on.

    Raises:
        what `open_core` raises.
    """
    world = World(plan.seed, plan.posts, plan.days)
    clock = SimulatedClock(folder / "clock", START)
    settings = _OnlyWhatIsGiven(
        data_dir=folder / "data",
        web=False,
        retrain_min_new_labels=plan.retrain_labels,
        train_min_labels=max(20, min(60, plan.retrain_labels)),
    )
    async with open_core(settings, clock=clock) as core:
        app = build(core if plan.trainer is None else _with_trainer(core, plan.trainer))
        platform = SimulatedPlatform(world, folder / "replies.jsonl", clock)
        app.platforms[PlatformName.REDDIT] = platform
        try:
            yield Simulation(app, world, platform, clock, plan)
        finally:
            await platform.stop()


def _with_trainer(core: Core, command: Sequence[str]) -> Core:
    limits = TrainingLimits(
        seconds=core.settings.train_minutes * 60,
        memory_mb=core.settings.train_memory_mb,
        min_labels=core.settings.train_min_labels,
    )
    training = TrainingRuns(
        core.database, core.settings.versions_dir, limits, clock=core.clock, command=command
    )
    return replace(core, training=training)
