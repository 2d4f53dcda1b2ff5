"""A week of bad days on the loopback Discord, with the real discord.py."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bad_days_child import Nursery, settings_of
from benchmarks.bad_days_discord_count import count
from benchmarks.bad_days_discord_mishaps import (
    ask,
    change_votes,
    delete,
    go_wrong,
    post,
    throw_out_or_invite,
    watch,
)
from benchmarks.bad_days_discord_world import EDIT, FETCH, HISTORY, SECRET, SEND, World, make_world
from benchmarks.bad_days_tally import Tally
from bot.app import App, build
from bot.communities import change_community
from bot.core import open_core
from bot.discord import connection
from bot.discord.gateway import client
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformUnavailable
from bot.runtime.system_clock import SystemClock
from bot.settings import Settings
from storage.queries.communities import find_community
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.faults import Moment
from tests.fakes.discord.odd_events import odd_events

#: Where a process is killed: before the answer to a request, after it, and while it hears events.
DEATHS = (
    SEND, f"after {SEND}", EDIT, f"after {EDIT}", FETCH, f"after {FETCH}", HISTORY,
    "dispatch MESSAGE_CREATE", "dispatch READY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Length:
    """How long it goes on: steps, seconds of each, odd events in each, most killed in a row."""

    steps: int
    seconds: float
    odd_events: int
    lives: int


WEEK, SHORT = Length(168, 3600.0, 120, 3), Length(30, 1200.0, 60, 1)


async def play(data_dir: Path, *, short: bool, seed: int) -> Tally:
    """Play the days and count."""
    # Nobody waits for servers that are not there, nor for the end of another process.
    client._GUILDS_SECONDS = 0.01  # noqa: SLF001
    connection._ASK_SECONDS = 0.05  # noqa: SLF001
    tally, true, rng = Tally(), FakeClock(), random.Random(seed)
    nursery = Nursery()
    try:
        async with FakeDiscord(clock=true, validate_late=True) as fake:
            world = make_world(fake, true, rng)
            await live(world, values_for(fake, data_dir), nursery, SHORT if short else WEEK, tally)
            with suppress(AssertionError):
                fake.assert_valid()
                tally.happened["valid requests"] = len(fake.requests)
            if "valid requests" not in tally.happened:
                tally.faults.append("a request was none that Discord takes")
    finally:
        nursery.close()
    return tally


def values_for(fake: FakeDiscord, data_dir: Path) -> dict[str, Any]:
    """What Peoria is set to on the loopback Discord, as JSON takes it."""
    return {
        "data_dir": str(data_dir),
        "web": False,
        "silent_share": 0.0,
        # What a label needs to be told is another matter: here every post gets one.
        "scores_to_compare": 1,
        # A channel may be hidden for two hours, and then there are errors.
        "late_share": 1.0,
        "discord_token": fake.token,
        "discord_api_url": fake.api_url,
        "discord_gateway_url": fake.gateway_url,
        "download_allow_hosts": ["127.0.0.1"],
    }


async def live(
    world: World, values: dict[str, Any], nursery: Nursery, length: Length, tally: Tally
) -> None:
    """One process after the other, until the days are over; then all is counted."""
    settings = settings_of(values)
    stack = AsyncExitStack()
    app = await stack.enter_async_context(running(world, settings))
    try:
        done = 0
        while done < length.steps:
            # Until the process ends.
            for _ in range(min(world.rng.randint(6, 16), length.steps - done)):
                await one_step(world, app, length, tally)
                done += 1
            if world.rng.random() < 0.4:
                stack, app = await deploy(world, settings, stack, app, tally)
                continue
            await stack.aclose()
            await post(world, tally)
            tally.happened["stopped in the middle"] += 1
            for _ in range(world.rng.randint(1, length.lives)):
                await live_and_die(world, values, nursery, tally)
            stack = AsyncExitStack()
            app = await stack.enter_async_context(running(world, settings))
        await calm_down(world, app)
        await app.core.database.run_read(lambda session: count(session, world, tally))
    finally:
        await stack.aclose()


async def deploy(
    world: World, settings: Settings, old: AsyncExitStack, app: App, tally: Tally
) -> tuple[AsyncExitStack, App]:
    """A second process on the same database takes the place of the first."""
    stack = AsyncExitStack()
    second = await stack.enter_async_context(running(world, settings))
    tally.happened["second process"] += 1
    for each in (second, app):
        await post(world, tally)
        await world.fake.settle()
        await each.jobs.run_due()
    if len(world.fake.gateway.connected) > 1:
        tally.faults.append("two processes served one database")
    await work(world, app)
    await old.aclose()
    await world.fake.ready()
    return stack, second


async def live_and_die(
    world: World, values: dict[str, Any], nursery: Nursery, tally: Tally
) -> None:
    """A process is killed: at a request or an event, or after a while."""
    rng, fake = world.rng, world.fake
    dead = asyncio.Event()

    def die(_: Moment) -> None:
        nursery.kill()
        dead.set()

    step = rng.choice(DEATHS)
    hook = fake.on(step, die)
    now = world.true().timestamp()
    nursery.start(values, wall=now + world.wrong_by, steady=now)
    with suppress(AssertionError):
        await fake.until(lambda: fake.gateway.connected or dead.is_set(), within=30)
    for _ in range(rng.randint(1, 2)):
        await post(world, tally)
    with suppress(TimeoutError):
        async with asyncio.timeout(rng.uniform(0.2, 2.0)):
            await dead.wait()
    hook.remove()
    tally.happened[f"killed at {step}" if dead.is_set() else "killed at any moment"] += 1
    nursery.kill()
    await nursery.gone()
    await fake.until(lambda: not fake.gateway.connections, "the end of the connection", within=30)


@asynccontextmanager
async def running(world: World, settings: Settings) -> AsyncIterator[App]:
    """Peoria on a machine whose clock may be wrong, connected or waiting for its turn."""
    fake, true = world.fake, world.true
    clock = SystemClock(lambda: true().timestamp() + world.wrong_by, lambda: true().timestamp())
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        for number, channel in enumerate(world.channels):
            if await watch(world, app, channel):
                blind, seconds = number == 0, 1800
                async with core.database.read() as session:
                    community = await session.run_sync(
                        find_community, PlatformName.DISCORD, str(channel.id)
                    )
                assert community is not None
                await change_community(
                    core.database, community.id, guess_seconds=seconds, blind=blind
                )
        platform = app.platforms[PlatformName.DISCORD]
        await platform.start()
        try:
            await fake.ready()
            yield app
        finally:
            # Tasks are cancelled wherever they are, as when a process is told to end.
            await app.jobs.stop()
            await platform.stop()


async def one_step(world: World, app: App, length: Length, tally: Tally) -> None:
    """One step of time: something is posted, something goes wrong, what is due is done."""
    rng, fake = world.rng, world.fake
    for _ in range(rng.choice((0, 1, 1, 2))):
        await post(world, tally)
    for _ in range(3):
        await go_wrong(world, tally)
    guild = world.channels[0].guild
    for event, data in odd_events(fake, rng.choice(world.channels), rng, length.odd_events):
        fake.gateway.dispatch(event, data, guild=guild)
        tally.happened["odd events"] += 1
    if rng.random() < 0.15 and world.posts:
        await delete(world, rng.choice(world.posts[-3:]), tally)
    if rng.random() < 0.2:
        await ask(world, tally)
    if rng.random() < 0.1:
        await throw_out_or_invite(world, app, tally)
    await work(world, app)
    world.true.forward(length.seconds)
    for channel in world.channels:
        until = world.hidden_until.get(channel.id)
        if until is not None and until <= world.true():
            del world.hidden_until[channel.id]
            fake.permit(channel, fake.bot, view_channel=True if channel.name == SECRET else None)
    await work(world, app)
    if rng.random() < 0.15:
        await change_votes(world, app, tally)


async def work(world: World, app: App) -> None:
    """Everything that is due now is done."""
    platform = app.platforms[PlatformName.DISCORD]
    assert isinstance(platform, DiscordPlatform)
    await world.fake.until(lambda: world.fake.gateway.connected, "a connection", within=60)
    await world.fake.settle()
    for _ in range(6):
        done = await app.jobs.run_due() + await app.jobs.remove_replies()
        with suppress(PlatformUnavailable):
            done += await platform.close_guessing()
        await world.fake.settle()
        if not done:
            return


async def calm_down(world: World, app: App) -> None:
    """Nothing goes wrong any more, and everything has time to end."""
    fake = world.fake
    fake._hooks.clear()  # noqa: SLF001 - whatever still waits to go wrong does not
    world.wrong_by = 0.0
    for channel in world.channels:
        fake.permit(channel, fake.bot, view_channel=None)
        if channel.name == SECRET:
            fake.permit(channel, fake.bot, view_channel=True)
    world.hidden_until.clear()
    for _ in range(2 * 24):
        await work(world, app)
        world.true.forward(3600)
    await work(world, app)
