"""Running the real pipeline, jobs and trainer on the made-up community, as fast as they go.

Nothing sleeps: time moves straight to the next moment at which something happens in the community
or is due in the tables. A run that was killed goes on from the moment it had reached.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import func, select

from bot.app import App, build
from bot.core import Core, open_core
from bot.league.guesses import GuessRefused, place_guess
from bot.people.identity import hash_person
from bot.platform import IncomingPost
from bot.settings import Settings
from bot.simulation.clock import SimulatedClock
from bot.simulation.community import COMMUNITY, START, MadePost, World, after
from bot.simulation.failures import SimulationRefused
from bot.simulation.people import MadeGuess, guesses
from bot.simulation.platform import SimulatedPlatform
from bot.training.child import TrainingLimits
from bot.training.runs import TrainingRuns
from storage.tables import Community, Post, TrainingRun
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Peoria looks for work at whole multiples of this.
GRID = timedelta(minutes=5)

Progress: TypeAlias = Callable[[datetime, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        posts: how many are made.
        days: over how many simulated days.
        seed: of everything random.
        retrain_labels: labels that must be new before a night's training.
        trainer: the training process in place of the real one; None: the real one.
    """

    posts: int
    days: int
    seed: int
    retrain_labels: int
    trainer: Sequence[str] | None = None


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


def prepare(folder: Path, plan: Plan, *, resume: bool) -> None:
    """Make a simulation's own folder, or check that a run with the same plan was begun there.

    Raises:
        SimulationRefused: it holds something else.
    """
    wanted = json.loads(json.dumps(asdict(plan)))
    path = folder / "plan.json"
    if path.exists():
        if not resume:
            raise SimulationRefused(
                f"There is a simulation in {folder} already. Go on with it with --resume, or name"
                " another folder."
            )
        begun = json.loads(path.read_text("utf-8"))
        if begun != wanted:
            raise SimulationRefused(
                f"The simulation in {folder} was begun with other options: {begun}."
            )
        return
    temporary = path.with_suffix(".new")
    if folder.exists() and {*folder.iterdir()} - {temporary}:
        raise SimulationRefused(f"{folder} holds something else. Name an empty or a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    temporary.write_text(json.dumps(wanted), "utf-8")
    temporary.replace(path)


T = TypeVar("T", MadePost, MadeGuess)


class _Agenda(Generic[T]):
    """What will happen, by the moment at which Peoria can first notice it."""

    def __init__(self, things: Sequence[T], tick_of: Callable[[T], datetime]) -> None:
        self._things: list[tuple[datetime, T]] = sorted(
            ((tick_of(thing), thing) for thing in things), key=itemgetter(0)
        )
        self.done = 0

    @property
    def next(self) -> datetime | None:
        """When the next thing happens; None when all have."""
        return self._things[self.done][0] if self.done < len(self._things) else None

    def take(self, moment: datetime) -> Iterator[T]:
        """What happens at a moment. What lies before it has happened, in an earlier process."""
        while self.next is not None and self.next <= moment:
            tick, thing = self._things[self.done]
            if tick == moment:
                yield thing
            self.done += 1


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
        """Live through all of it, from wherever the clock stands."""
        await self._found_community()
        arrivals = _Agenda(self.world.posts, lambda post: self._tick(post.seen_at))
        guessed = _Agenda(self._guesses, lambda guess: self._tick(guess.at))
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
            # What was due at once was done, or put off.
            ahead = [arrivals.next, guessed.next, due and self._tick(due)]
            coming = [each for each in ahead if each is not None]
            moment = min([*coming, *([night] if night else [])]) if coming else None

    async def _tick_through(self, moment: datetime) -> datetime | None:
        """Have everything done that is due by a moment; when the next step of a post is due.

        There is a tick at least: some work, such as removing a reply, is no step of a post, and a
        process that was killed may have left it.
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
            # Peoria was switched off, or the platform away, and has not heard of the post yet.
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
        """What happens at the time set for training, which ends before time goes on."""
        await self.app.jobs.check_health()
        if await self.app.jobs.retrain():
            async with self.core.database.read() as session:
                run_id = await session.scalar(select(func.max(TrainingRun.id)))
            run = await self.core.training.wait_for(run_id or 0)
            log.info("Training %s: %s", run.state.value, run.reason)
        await self.app.jobs.deliver_notices()

    def _tick(self, moment: datetime) -> datetime:
        """When Peoria looks next, at or after a moment."""
        moment = after(self.world.off, moment)
        return START - (START - moment) // GRID * GRID

    def _night(self, since: datetime) -> datetime | None:
        """When training comes up next, from a moment on."""
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
