"""A week of bad days on the loopback Discord, with the real discord.py."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.bad_days_child import Nursery, settings_of
from benchmarks.bad_days_tally import Tally
from benchmarks.discord_process import picture
from bot.app import App, build
from bot.communities import change_community, watch_community
from bot.core import open_core
from bot.discord import connection
from bot.discord.gateway import client
from bot.discord.gateway.answers import Verdict, judge
from bot.discord.gateway.guild_options import GUILD, UPVOTE
from bot.discord.platform import DiscordPlatform
from bot.platform import CommunityRef, PlatformUnavailable
from bot.runtime.system_clock import SystemClock
from bot.settings import Settings
from storage.queries.communities import find_community
from storage.tables import Label, Post, Reply
from storage.types import PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member, Message, Upload
from tests.fakes.discord.documented_answers import BY_CODE, BY_STATUS
from tests.fakes.discord.faults import Action, Hook, Moment, cut, error, rate_limited
from tests.fakes.discord.odd_events import odd_events

HORIZON = 6 * 3600
SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
FETCH = "GET /channels/{channel_id}/messages/{message_id}"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
HISTORY = "GET /channels/{channel_id}/messages"
#: Proof that a message or its channel is gone: nothing is to be done about it.
GONE = (10003, 10008)
#: Where a process is killed: before the answer to a request, after it, and while it hears events.
DEATHS = (
    SEND, f"after {SEND}", EDIT, f"after {EDIT}", FETCH, f"after {FETCH}", HISTORY,
    "dispatch MESSAGE_CREATE", "dispatch READY",
)  # fmt: skip
#: A channel that few can see, and a word that is spoilered.
SECRET, HIDDEN = "hush-hush", "butler"
#: What people ask.
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("help", {}),
    ("leaderboard", {"board": "posts", "where": "everywhere"}),
    ("leaderboard", {"board": "channels", "where": "everywhere", "season": "all"}),
    ("stats", {"where": "everywhere"}),
    ("export-me", {}),
)
#: A server's own emoji, as a setting and as a reaction.
CUSTOM_ID = 1_200_000_000_000_000_001
CUSTOM = f"<:yes:{CUSTOM_ID}>"


#: What people may vote with, each in the spellings and tones that count as one.
VOTES = (("⬆", "⬆️"), ("👍", "👍🏻", "👍🏽", "👍🏿"), ("❤", "❤️"), (f"yes:{CUSTOM_ID}",))


@dataclass(frozen=True, slots=True)
class Length:
    """How long it goes on: steps, seconds of each, odd events in each, most killed in a row."""

    steps: int
    seconds: float
    odd_events: int
    lives: int


WEEK, SHORT = Length(168, 3600.0, 120, 3), Length(30, 1200.0, 60, 1)


@dataclass
class Posted:
    """A post as it was made, and what became of it on Discord."""

    message: Message
    channel: Channel
    votes: int
    at: datetime
    deleted: bool = False
    spoiler: bool = False
    #: Whether people voted with the server's own emoji.
    custom: bool = False


@dataclass
class World:
    """The server, its people, and the true time."""

    fake: FakeDiscord
    true: FakeClock
    rng: random.Random
    channels: list[Channel]
    people: list[Member]
    posts: list[Posted] = field(default_factory=list)
    hidden_until: dict[int, datetime] = field(default_factory=dict)
    #: How far the clock of the machine is set wrong, seconds.
    wrong_by: float = 0.0
    #: What is voted with, by channel, and in which tones people have it.
    votes: dict[int, Sequence[str]] = field(default_factory=dict)
    #: Errors that Discord has not answered with yet, and those that wait for their request.
    answers: list[tuple[int, int]] = field(default_factory=list)
    pending: dict[tuple[int, str], Hook] = field(default_factory=dict)
    #: When the same kind of request may meet another answer that is tried a few times only.
    calm_from: dict[tuple[int, str], datetime] = field(default_factory=dict)
    #: A server that the bot is thrown out of and invited to again, and what was posted there
    #: before anybody said `/watch`.
    outcast: Channel | None = None
    unheard: list[Message] = field(default_factory=list)


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


def make_world(fake: FakeDiscord, true: FakeClock, rng: random.Random) -> World:
    """A server with four channels, one of them for few, and another server."""
    guild = fake.guild("Bad days")
    guild.emojis[CUSTOM_ID] = "yes"
    names = ("memes-0", "memes-1", "memes-2", SECRET)
    channels = [fake.channel(guild, name) for name in names]
    fake.permit(channels[-1], guild.everybody, view_channel=False)
    fake.permit(channels[-1], fake.bot, view_channel=True)
    people = [fake.member(guild, f"person {number}") for number in range(8)]
    world = World(fake, true, rng, channels, people)
    world.outcast = fake.channel(fake.guild("Elsewhere"), "elsewhere")
    return world


def values_for(fake: FakeDiscord, data_dir: Path) -> dict[str, Any]:
    """What Peoria is set to on the loopback Discord, as JSON takes it."""
    return {
        "data_dir": str(data_dir),
        "web": False,
        "silent_share": 0.0,
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


async def watch(world: World, app: App, channel: Channel) -> bool:
    """What /watch does; return whether the channel was not watched."""
    assert channel.guild is not None
    _, new = await watch_community(
        app.core.database,
        PlatformName.DISCORD,
        CommunityRef(str(channel.id), channel.name, horizon_seconds=HORIZON),
        now=world.true(),
        high_water=None,
        options={GUILD: str(channel.guild.id)},
    )
    return new


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


async def post(world: World, tally: Tally) -> None:
    """Somebody posts an image, and some people vote on it."""
    rng, fake = world.rng, world.fake
    channel = rng.choice([each for each in world.channels if each.id not in world.hidden_until])
    author = rng.choice(world.people)
    number, spoiler = len(world.posts), rng.random() < 0.1
    image = Upload(picture(number, 96, 64), "SPOILER_it.jpg" if spoiler else "it.jpg")
    title = f"||{HIDDEN} {number}||" if spoiler else f"post {number}"
    message = await fake.post_message(channel, author, content=title, attachments=[image])
    votes = world.votes.get(channel.id, VOTES[0])
    voters = [each for each in world.people if each is not author and rng.random() < 0.4]
    for voter in voters:
        await fake.react(voter, message, rng.choice(votes))
    world.posts.append(
        Posted(
            message, channel, len(voters), world.true(), spoiler=spoiler,
            custom=votes is VOTES[-1],
        )
    )  # fmt: skip
    tally.posts.wanted += 1


async def change_votes(world: World, app: App, tally: Tally) -> None:
    """An admin has people vote with something else, while earlier posts wait or are unread."""
    channel = world.rng.choice(world.channels)
    async with app.core.database.read() as session:
        community = await session.run_sync(find_community, PlatformName.DISCORD, str(channel.id))
    assert community is not None
    votes = world.rng.choice(VOTES)
    if votes is VOTES[-1]:
        upvote = CUSTOM
        world.channels[0].guild.emojis[CUSTOM_ID] = "yes"
    else:
        upvote = world.rng.choice(votes)
    world.votes[channel.id] = votes
    await change_community(
        app.core.database, community.id, now=world.true(), options={UPVOTE: upvote}
    )
    tally.happened["votes changed"] += 1


async def throw_out_or_invite(world: World, app: App, tally: Tally) -> None:
    """The bot is thrown out of a server, or invited again: then it is silent until `/watch`."""
    fake, channel = world.fake, world.outcast
    assert channel is not None
    assert channel.guild is not None
    if not channel.guild.has_bot:
        fake.invite_bot(channel.guild)
        await fake.settle()
        world.unheard.append(
            await fake.post_message(
                channel, channel.guild.owner, attachments=[picture(10**6 + len(world.unheard))]
            )
        )
        tally.happened["invited again"] += 1
        return
    await watch(world, app, channel)
    fake.remove_bot(channel.guild)
    tally.happened["thrown out"] += 1


async def go_wrong(world: World, tally: Tally) -> None:
    """One of the things that happen on bad days."""
    rng, fake = world.rng, world.fake
    channel = rng.choice(world.channels)
    what = rng.choice(("request",) * 9 + ("gateway", "hide", "clock", "emoji", "nothing"))
    if what == "request":
        what = break_request(world, channel)
    elif what == "gateway":
        fake.cut_gateway()
    elif what == "emoji":
        # Who votes with it from now on has no label; no label is wrong.
        channel.guild.emojis.pop(CUSTOM_ID, None)
    elif what == "clock":
        world.wrong_by = rng.choice((0.0, 3600.0, -3600.0, 86400.0, -45.0, 0.0))
    elif what == "hide" and channel.id not in world.hidden_until and len(world.hidden_until) < 2:
        await fake.settle()
        world.hidden_until[channel.id] = world.true() + timedelta(hours=rng.choice((1, 2)))
        fake.permit(channel, fake.bot, view_channel=False)
    tally.happened[what] += 1


def break_request(world: World, channel: Channel) -> str:
    """Have one of the next requests about a channel fail; return how."""
    rng = world.rng
    if not world.answers:
        world.answers = [*BY_CODE, *BY_STATUS]
        rng.shuffle(world.answers)
    step, times = rng.choice((SEND, EDIT, FETCH, DELETE)), 1
    status, code = world.answers.pop()
    verdict = judge(status, code)
    action: Action = error(status, code)
    what = f"answer {verdict.name.lower()}"
    kind = rng.random()
    if kind < 0.05:
        step, action, what = rng.choice((SEND, EDIT)), rate_limited(0.05), "rate limit"
    elif kind < 0.1:
        step, action, what = (
            rng.choice((SEND, f"after {SEND}", EDIT, f"after {EDIT}")),
            cut(),
            "cut",
        )
    elif verdict is Verdict.FINAL:
        # The reply stays as it is, and nothing else does.
        step = EDIT
        if code in GONE:
            return "nothing"
    elif verdict is Verdict.LATER and status < 500:
        # A try a step: more of them would be hours.
        times = rng.randint(1, 2)

    def here(moment: Moment) -> bool:
        return moment.request is not None and f"/channels/{channel.id}/" in moment.request.path

    waiting = world.pending.get((channel.id, step))
    if waiting is not None and waiting.left:
        return "nothing"
    if verdict is Verdict.OURS:
        # A post has a few tries, and none of them is to meet another of these.
        if world.true() < world.calm_from.get((channel.id, step), world.true()):
            return "nothing"
        world.calm_from[channel.id, step] = world.true() + timedelta(hours=4)
    world.pending[channel.id, step] = world.fake.on(step, action, times=times, when=here)
    return what


async def delete(world: World, posted: Posted, tally: Tally) -> None:
    """Somebody deletes their post, while it waits for its score."""
    age = (world.true() - posted.at).total_seconds()
    if posted.deleted or age > HORIZON / 2 or posted.channel.id in world.hidden_until:
        return
    posted.deleted = True
    tally.deletions.wanted += 1
    await world.fake.delete_message(posted.message)


async def ask(world: World, tally: Tally) -> None:
    """Somebody asks for something; no answer names the channel for few."""
    rng = world.rng
    here = [each for each in world.channels[:-1] if each.id not in world.hidden_until]
    name, options = rng.choice(ASKED)
    tally.answers.wanted += 1
    try:
        asked = await world.fake.slash(rng.choice(world.people), rng.choice(here), name, **options)
    except AssertionError as wrong:
        tally.fault(tally.answers, "missed", f"/{name}: {wrong}")
        return
    if not asked.messages:
        tally.fault(tally.answers, "missed", f"/{name} was answered with nothing")
    said = json.dumps([[each.content, each.embeds] for each in asked.messages])
    if SECRET in said or SECRET.replace("-", "\\\\-") in said:
        tally.faults.append(f"/{name} names a channel that the asker cannot see")


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


def count(session: Session, world: World, tally: Tally) -> None:
    """Hold what is stored and shown against what should be."""
    stored = {each.source_id: each for each in session.scalars(select(Post))}
    labels = {each.post_id: each for each in session.scalars(select(Label))}
    for message in world.unheard:
        if world.fake.replies_to(message):
            tally.faults.append("the bot spoke where nobody had said /watch")
    replies = {each.post_id: each for each in session.scalars(select(Reply))}
    for posted in world.posts:
        name = f"message {posted.message.id} of {posted.at:%d %H:%M}"
        post = stored.get(str(posted.message.id))
        shown = len(world.fake.replies_to(posted.message))
        if shown > 1:
            tally.fault(tally.replies, "doubled", f"{name} has {shown} replies")
        if posted.deleted:
            if shown:
                tally.fault(tally.deletions, "missed", f"the reply to the deleted {name} stands")
        elif post is None:
            tally.fault(tally.posts, "missed", f"{name} is not stored")
        else:
            reply = replies.get(post.id)
            count_reply(tally, name, post, reply, shown)
            count_label(tally, name, post, labels.get(post.id), posted)
            if posted.spoiler and any(
                HIDDEN in bare(each) for each in world.fake.replies_to(posted.message)
            ):
                tally.faults.append(f"the spoiler of {name} is told")
            tally.outcomes.wanted += 1
            if shown and (reply is None or reply.state is not ReplyState.SETTLED):
                tally.fault(tally.outcomes, "missed", f"the outcome of {name} is not shown")


def count_reply(tally: Tally, name: str, post: Post, reply: Reply | None, shown: int) -> None:
    """A post that nobody deleted has a reply, and was not withdrawn."""
    tally.replies.wanted += 1
    if post.state is PostState.WITHDRAWN:
        tally.withdrawn_without_proof += 1
        tally.faults.append(f"{name} was withdrawn, and nobody deleted it")
    if not shown:
        why = reply.reason if reply is not None else post.state.value
        tally.fault(tally.replies, "missed", f"{name} has no reply ({why})")


def bare(reply: Message) -> str:
    """What stands in a reply outside of spoilers."""
    return re.sub(r"\|\|.*?\|\|", "", json.dumps([reply.content, reply.embeds]))


def count_label(tally: Tally, name: str, post: Post, label: Label | None, posted: Posted) -> None:
    """A post that nobody deleted has a label, which is what people voted."""
    votes = posted.votes
    if posted.custom and label is None:
        # The emoji may have been deleted before the end: labels stop rather than lie.
        tally.happened["labels stopped"] += 1
        return
    tally.labels.wanted += 1
    if label is None:
        why = post.refusal_code or post.state.value
        tally.fault(tally.labels, "missed", f"{name} has no label ({why})")
    elif label.score != votes:
        tally.wrong_labels += 1
        tally.faults.append(f"{name} has {label.score:g} for {votes} votes")
