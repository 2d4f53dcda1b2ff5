"""A week of bad days on the loopback Discord, with the real discord.py."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.bad_days_tally import Tally
from benchmarks.discord_process import picture
from bot.app import App, build
from bot.communities import change_community, watch_community
from bot.core import open_core
from bot.discord.gateway import client
from bot.discord.gateway.guild_options import UPVOTE
from bot.discord.platform import DiscordPlatform
from bot.platform import CommunityRef, PlatformRefused, PlatformUnavailable
from bot.runtime.system_clock import SystemClock
from bot.settings import Settings
from storage.queries.communities import find_community
from storage.tables import Label, Post, Reply
from storage.types import PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member, Message
from tests.fakes.discord.faults import Action, Moment, cut, error, rate_limited
from tests.fakes.discord.odd_events import odd_events

HORIZON = 6 * 3600
SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
FETCH = "GET /channels/{channel_id}/messages/{message_id}"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
#: Answers that pass. 500 and its like are repeated by discord.py after a second.
PASSING = (
    (400, 20016), (400, 20028), (400, 30046), (400, 40062), (400, 50083), (400, 160005),
    (400, 130000), (401, 0), (408, 0), (409, 0), (423, 0), (425, 0), (500, 0), (502, 0), (503, 0),
    (504, 0), (520, 0), (522, 0), (530, 0),
)  # fmt: skip
#: Answers that nobody has heard of, or that say that the request is wrong: a few tries.
ODD = (
    (400, 0), (400, 50035), (400, 50109), (400, 987654), (402, 0), (405, 0), (406, 0), (411, 0),
    (412, 0), (413, 40005), (414, 0), (415, 0), (416, 0), (417, 0), (418, 0), (421, 0), (422, 0),
    (424, 0), (426, 0), (428, 0), (431, 0), (451, 0),
)  # fmt: skip
#: Answers that an edit gets and that are final: the reply stays as it is, and nothing else does.
FINAL_FOR_EDITS = ((400, 40060), (400, 50024), (400, 50021), (403, 240000), (410, 0))


#: What people may vote with, each in the spellings and tones that count as one.
VOTES = (("⬆", "⬆️"), ("👍", "👍🏻", "👍🏽", "👍🏿"), ("❤", "❤️"))


@dataclass(frozen=True, slots=True)
class Length:
    """How long it goes on: steps, seconds of each, and odd events in each."""

    steps: int
    seconds: float
    odd_events: int


WEEK, SHORT = Length(168, 3600.0, 120), Length(36, 1200.0, 60)


@dataclass
class Posted:
    """A post as it was made, and what became of it on Discord."""

    message: Message
    channel: Channel
    votes: int
    at: datetime
    deleted: bool = False


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


async def play(data_dir: Path, *, short: bool, seed: int) -> Tally:
    """Play the days and count."""
    client._GUILDS_SECONDS = 0.01  # noqa: SLF001 - nobody waits for servers that are not there
    tally, true = Tally(), FakeClock()
    async with FakeDiscord(clock=true, validate_late=True) as fake:
        guild = fake.guild("Bad days")
        world = World(
            fake,
            true,
            random.Random(seed),
            [fake.channel(guild, f"memes-{number}") for number in range(4)],
            [fake.member(guild, f"person {number}") for number in range(8)],
        )
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            data_dir=data_dir,
            web=False,
            silent_share=0.0,
            discord_token=SecretStr(fake.token),
            discord_api_url=fake.api_url,
            discord_gateway_url=fake.gateway_url,
            download_allow_hosts=("127.0.0.1",),
        )
        length = SHORT if short else WEEK
        done = 0
        while done < length.steps:
            async with running(world, settings) as app:
                # Until the process dies, or the days are over.
                for _ in range(min(world.rng.randint(8, 30), length.steps - done)):
                    await one_step(world, app, settings, length, tally)
                    done += 1
                tally.happened["stopped in the middle"] += 1
                await post(world, tally)
        async with running(world, settings) as app:
            await calm_down(world, app)
            await app.core.database.run_read(lambda session: count(session, world, tally))
        with suppress(AssertionError):
            fake.assert_valid()
            tally.happened["valid requests"] = len(fake.requests)
        if "valid requests" not in tally.happened:
            tally.faults.append("a request was none that Discord takes")
    return tally


@asynccontextmanager
async def running(world: World, settings: Settings) -> AsyncIterator[App]:
    """Peoria on a machine whose clock may be wrong, connected."""
    fake, true = world.fake, world.true
    clock = SystemClock(lambda: true().timestamp() + world.wrong_by, lambda: true().timestamp())
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        for number, channel in enumerate(world.channels):
            community, new = await watch_community(
                core.database,
                PlatformName.DISCORD,
                CommunityRef(str(channel.id), channel.name, horizon_seconds=HORIZON),
                now=true(),
                high_water=None,
            )
            if new:
                blind = number == 0
                await change_community(core.database, community.id, guess_seconds=1800, blind=blind)
        platform = app.platforms[PlatformName.DISCORD]
        await platform.start()
        try:
            await fake.ready()
            yield app
        finally:
            # Tasks are cancelled wherever they are, as when a process is told to end.
            await app.jobs.stop()
            await platform.stop()


async def one_step(
    world: World, app: App, settings: Settings, length: Length, tally: Tally
) -> None:
    """One step of time: something is posted, something goes wrong, what is due is done."""
    rng, fake = world.rng, world.fake
    for _ in range(rng.choice((0, 1, 1, 2))):
        await post(world, tally)
    await go_wrong(world, tally)
    guild = world.channels[0].guild
    for event, data in odd_events(fake, rng.choice(world.channels), rng, length.odd_events):
        fake.gateway.dispatch(event, data, guild=guild)
        tally.happened["odd events"] += 1
    if rng.random() < 0.15 and world.posts:
        await delete(world, rng.choice(world.posts[-3:]), tally)
    if rng.random() < 0.15:
        await ask(world, tally)
    if rng.random() < 0.03:
        await start_second(settings, tally)
    await work(world, app)
    world.true.forward(length.seconds)
    for channel in world.channels:
        until = world.hidden_until.get(channel.id)
        if until is not None and until <= world.true():
            del world.hidden_until[channel.id]
            fake.permit(channel, fake.bot, view_channel=None)
    await work(world, app)
    if rng.random() < 0.15:
        await change_votes(world, app, tally)


async def post(world: World, tally: Tally) -> None:
    """Somebody posts an image, and some people vote on it."""
    rng, fake = world.rng, world.fake
    channel = rng.choice([each for each in world.channels if each.id not in world.hidden_until])
    author = rng.choice(world.people)
    image = picture(len(world.posts), 96, 64)
    message = await fake.post_message(channel, author, attachments=[image])
    voters = [each for each in world.people if each is not author and rng.random() < 0.4]
    for voter in voters:
        await fake.react(voter, message, rng.choice(world.votes.get(channel.id, VOTES[0])))
    world.posts.append(Posted(message, channel, len(voters), world.true()))
    tally.posts.wanted += 1


async def change_votes(world: World, app: App, tally: Tally) -> None:
    """An admin has people vote with something else, while earlier posts wait for their scores."""
    async with app.core.database.read() as session:
        stored = set(await session.scalars(select(Post.source_id)))
        if {str(each.message.id) for each in world.posts if not each.deleted} - stored:
            # What is voted on is a matter of when a post is seen.
            return
        channel = world.rng.choice(world.channels)
        community = await session.run_sync(find_community, PlatformName.DISCORD, str(channel.id))
    assert community is not None
    world.votes[channel.id] = world.rng.choice(VOTES)
    upvote = world.rng.choice(world.votes[channel.id])
    await change_community(app.core.database, community.id, options={UPVOTE: upvote})
    tally.happened["votes changed"] += 1


async def go_wrong(world: World, tally: Tally) -> None:
    """One of the things that happen on bad days."""
    rng, fake = world.rng, world.fake
    channel = rng.choice(world.channels)
    what = rng.choice(("request", "request", "request", "gateway", "hide", "clock", "nothing"))
    if what == "request":
        what = break_request(world, channel)
    elif what == "gateway":
        fake.cut_gateway()
    elif what == "clock":
        world.wrong_by = rng.choice((0.0, 3600.0, -3600.0, 86400.0, -45.0, 0.0))
    elif what == "hide" and channel.id not in world.hidden_until and len(world.hidden_until) < 2:
        await fake.settle()
        world.hidden_until[channel.id] = world.true() + timedelta(hours=rng.choice((1, 2)))
        fake.permit(channel, fake.bot, view_channel=False)
    tally.happened[what] += 1


def break_request(world: World, channel: Channel) -> str:
    """Have some of the next requests about a channel fail; return how."""
    rng = world.rng
    everywhere = (SEND, EDIT, FETCH, DELETE)
    step, times = rng.choice(everywhere), 1
    kind = rng.choice(("passing", "passing", "odd", "final", "limit", "cut"))
    status, code = rng.choice({"passing": PASSING, "final": FINAL_FOR_EDITS}.get(kind, ODD))
    action: Action = error(status, code)
    what = f"answer {status}"
    if kind == "passing" and status < 500:
        # A try a step: more of them would be hours.
        times = rng.randint(1, 2)
    elif kind == "final":
        step = EDIT
    elif kind == "limit":
        step, action, what = rng.choice((SEND, EDIT)), rate_limited(0.05), "rate limit"
    elif kind == "cut":
        step, action, what = rng.choice((SEND, f"after {SEND}", EDIT, f"after {EDIT}")), cut(), kind

    def here(moment: Moment) -> bool:
        return moment.request is not None and f"/channels/{channel.id}/" in moment.request.path

    world.fake.on(step, action, times=times, when=here)
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
    """Somebody asks for help."""
    rng = world.rng
    channel = rng.choice([each for each in world.channels if each.id not in world.hidden_until])
    tally.answers.wanted += 1
    try:
        asked = await world.fake.slash(rng.choice(world.people), channel, "help")
    except AssertionError as wrong:
        tally.fault(tally.answers, "missed", f"/help: {wrong}")
        return
    if not asked.text:
        tally.fault(tally.answers, "missed", "/help was answered with nothing")


async def start_second(settings: Settings, tally: Tally) -> None:
    """A second process on the same database: it must not serve."""
    tally.happened["second process"] += 1
    async with open_core(settings) as core:
        platform = build(core).platforms[PlatformName.DISCORD]
        try:
            await platform.start()
        except PlatformRefused:
            return
        await platform.stop()
    tally.faults.append("two processes served one database")


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
    world.hidden_until.clear()
    for _ in range(2 * 24):
        await work(world, app)
        world.true.forward(3600)
    await work(world, app)


def count(session: Session, world: World, tally: Tally) -> None:
    """Hold what is stored and shown against what should be."""
    stored = {each.source_id: each for each in session.scalars(select(Post))}
    labels = {each.post_id: each for each in session.scalars(select(Label))}
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
            count_label(tally, name, post, labels.get(post.id), posted.votes)
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


def count_label(tally: Tally, name: str, post: Post, label: Label | None, votes: int) -> None:
    """A post that nobody deleted has a label, which is what people voted."""
    tally.labels.wanted += 1
    if label is None:
        why = post.refusal_code or post.state.value
        tally.fault(tally.labels, "missed", f"{name} has no label ({why})")
    elif label.score != votes:
        tally.wrong_labels += 1
        tally.faults.append(f"{name} has {label.score:g} for {votes} votes")
