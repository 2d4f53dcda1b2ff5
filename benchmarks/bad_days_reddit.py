"""A week of bad days on the loopback Reddit, with the real praw: two processes on one database."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prawcore.sessions import FiniteRetryStrategy
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.bad_days_child import Nursery, settings_of
from benchmarks.bad_days_tally import Tally
from bot.app import App, build
from bot.core import open_core
from bot.people.identity import hash_person
from bot.reddit.platform import RedditPlatform
from bot.settings import Settings
from storage.tables import Author, InboxItem, Label, Post, Reply
from storage.types import PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import CLIENT, PASSWORD, FakeReddit, serving
from tests.fakes.reddit.world import ME

SUBREDDITS = ("aww", "pics", "memes")
HORIZON = timedelta(hours=6)
LATE_SHARE = 1.0

#: Between two processes that are killed, seconds: hours would be an outage of their own.
BETWEEN_LIVES = 600.0

#: A final score that was read late, and no score before it, is known this well only.
LATE_ERROR = 0.12

#: Every status of a refusal or a failure that Reddit and what stands before it answer with.
STATUSES = (
    400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 508, 520, 521, 522, 523,
    524, 525, 530,
)  # fmt: skip
PATHS = ("/r/", "/api/info", "/message/inbox", "/api/comment", "/user/", "/api/editusertext",
         "/api/del", "/img/", "/")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Length:
    """How long it goes on: steps, how long each is, most processes that are killed in a row."""

    steps: int
    step: timedelta
    lives: int


WEEK = Length(168, timedelta(hours=1), 3)
SHORT = Length(24, timedelta(minutes=20), 1)


@dataclass
class World:
    """Reddit, its people, and the true time."""

    reddit: FakeReddit
    true: FakeClock
    chance: random.Random
    #: How far the clock of the machine is set wrong.
    wrong_by: timedelta = timedelta()
    posts: list[dict[str, Any]] = field(default_factory=list)
    #: Posts by what happened to them; the time is when moderators approve, None: never.
    deleted: set[str] = field(default_factory=set)
    held_back: dict[str, datetime | None] = field(default_factory=dict)
    private_until: dict[str, datetime] = field(default_factory=dict)
    banned_until: dict[str, datetime] = field(default_factory=dict)
    mentions: list[dict[str, Any]] = field(default_factory=list)
    quitters: set[str] = field(default_factory=set)
    happened: Counter[str] = field(default_factory=Counter)

    def clock(self) -> datetime:
        """What the machine takes for the time."""
        return self.true() + self.wrong_by


async def play(data_dir: Path, *, short: bool, seed: int) -> Tally:
    """Play the days and count."""
    # prawcore waits for up to two seconds before it replaces a token.
    FiniteRetryStrategy._sleep_seconds = lambda _: None  # type: ignore[method-assign]  # noqa: SLF001
    length = SHORT if short else WEEK
    true = FakeClock()
    world = World(FakeReddit(true), true, random.Random(seed))
    for name in SUBREDDITS:
        world.reddit.subreddit(name)
    nursery = Nursery()
    try:
        async with serving(world.reddit) as origin:
            values = values_for(data_dir, origin)
            settings = settings_of(values)
            done = 0
            while done < length.steps:
                async with running(world, settings, processes=2) as apps:
                    for _ in range(min(world.chance.randint(4, 24), length.steps - done)):
                        happen(world, length.step)
                        for app in world.chance.sample(apps, len(apps)):
                            await work_or_break_off(world, app)
                        true.forward(length.step.total_seconds())
                        done += 1
                world.happened["stopped in the middle"] += 1
                for _ in range(world.chance.randint(1, length.lives)):
                    happen(world, length.step)
                    await live_and_die(world, values, nursery)
                    true.forward(BETWEEN_LIVES)
            return await calm_down(world, settings, length)
    finally:
        nursery.close()


async def live_and_die(world: World, values: dict[str, Any], nursery: Nursery) -> None:
    """A process is killed: when so many requests were made, or after a while."""
    begun = world.reddit.reach(1)
    now = world.true().timestamp()
    nursery.start(values, wall=world.clock().timestamp(), steady=now)
    await asyncio.wait({begun}, timeout=20)
    begun.cancel()
    reached = world.reddit.reach(world.chance.randrange(1, 12))
    await asyncio.wait({reached}, timeout=world.chance.uniform(0.3, 2.0))
    world.happened["killed at a request" if reached.done() else "killed at any moment"] += 1
    reached.cancel()
    nursery.kill()
    await nursery.gone()


def values_for(data_dir: Path, origin: str) -> dict[str, Any]:
    """What Peoria is set to on the loopback Reddit, as JSON takes it."""
    return {
        "data_dir": str(data_dir),
        "web": False,
        "silent_share": 0.0,
        # What a label needs to be told is another matter: here every post gets one.
        "scores_to_compare": 1,
        "late_share": LATE_SHARE,
        "download_allow_hosts": ["127.0.0.1"],
        "reddit_client_id": CLIENT[0],
        "reddit_client_secret": CLIENT[1],
        "reddit_username": ME,
        "reddit_password": PASSWORD,
        "reddit_url": origin,
        "reddit_oauth_url": origin,
        "reddit_subreddits": [*SUBREDDITS],
        "reddit_reply": "on",
        "reddit_replies_per_hour": 1000,
        "reddit_reply_minutes": 360,
        "reddit_horizon_hours": HORIZON.total_seconds() / 3600,
        "reddit_gather_minutes": 0,
    }


@asynccontextmanager
async def running(world: World, settings: Settings, *, processes: int) -> AsyncIterator[list[App]]:
    """So many Peorias on one database, as in a rolling deploy."""
    async with AsyncExitStack() as stack:
        apps = []
        for _ in range(processes):
            core = await stack.enter_async_context(open_core(settings, clock=world.clock))
            app = build(core)
            platform = app.platforms[PlatformName.REDDIT]
            stack.push_async_callback(platform.stop)
            stack.push_async_callback(app.jobs.stop)
            apps.append(app)
        yield apps


async def work(app: App) -> None:
    """What time would do: look at Reddit, and then do everything that is due."""
    platform = app.platforms[PlatformName.REDDIT]
    assert isinstance(platform, RedditPlatform)
    await platform.tick()
    for _ in range(50):
        if not await app.jobs.run_due() + await app.jobs.remove_replies():
            return


async def work_or_break_off(world: World, app: App) -> None:
    """Work; sometimes only until so many requests were made, and break off wherever that is."""
    if world.chance.random() > 0.15:
        await work(app)
        return
    world.happened["broken off"] += 1
    task = asyncio.create_task(work(app))
    reached = world.reddit.reach(world.chance.randrange(1, 12))
    await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
    for each in (task, reached):
        each.cancel()
    await asyncio.gather(task, reached, return_exceptions=True)


def happen(world: World, step: timedelta) -> None:
    """What people, moderators, Reddit's machines and the clock of the machine do in a step."""
    chance, reddit, now = world.chance, world.reddit, world.true()
    reddit.faults.clear()
    undo(world, now)
    if chance.random() < 0.5:
        fail(world)
    if chance.random() < 0.1:
        world.happened["clock set"] += 1
        world.wrong_by = timedelta(seconds=chance.choice((0, 0, 3600, -3600, 120, -90)))
    name = chance.choice(SUBREDDITS)
    if chance.random() < 0.05:
        world.happened["private"] += 1
        reddit.subreddit(name).private = True
        world.private_until[name] = now + chance.uniform(0.3, 2.5) * timedelta(hours=1)
    if chance.random() < 0.04:
        world.happened["banned"] += 1
        reddit.subreddit(name).banned = True
        world.banned_until[name] = now + chance.uniform(0.5, 3) * timedelta(hours=1)
    for _ in range(chance.randrange(4)):
        world.posts.append(appear(world, now - step * chance.random()))
    for post in world.posts:
        meddle(world, post, now)
    ask(world)


def undo(world: World, now: datetime) -> None:
    """Subreddits open again, bans end, moderators approve."""
    for name, until in [*world.private_until.items()]:
        if until <= now:
            del world.private_until[name]
            world.reddit.subreddit(name).private = False
    for name, until in [*world.banned_until.items()]:
        if until <= now:
            del world.banned_until[name]
            world.reddit.subreddit(name).banned = False
    for name, approved in [*world.held_back.items()]:
        if approved is not None and approved <= now:
            del world.held_back[name]
            if name not in world.deleted:
                world.reddit.things[name].update(removed_by_category=None, selftext="")


def fail(world: World) -> None:
    """A kind of request goes wrong during this step."""
    chance = world.chance
    fault: dict[str, Any] = {"status": chance.choice(STATUSES)}
    kind = chance.random()
    if kind < 0.15:
        fault = {"cut": True}
    elif kind < 0.25:
        fault = {"body": chance.choice(("<html>Ow!</html>", "[]", "null", '{"data": 7}'))}
    if chance.random() < 0.3:
        fault["done"] = True
    path = chance.choice(PATHS)
    if "body" in fault and path in ("/img/", "/"):
        # A link that leads to something else is no image; that is a rule of its own.
        path = "/r/"
    world.happened[f"{path} {fault.get('status', 'broken')}"] += 1
    world.reddit.fail(path, times=chance.choice((1, 2, 10**6)), after=chance.randrange(3), **fault)


def appear(world: World, at: datetime) -> dict[str, Any]:
    """Somebody posts an image; its score never changes, so that its label is known."""
    chance = world.chance
    changes: dict[str, Any] = {"score": round(chance.lognormvariate(3, 1.5))}
    if chance.random() < 0.1:
        changes["removed_by_category"] = "automod_filtered"
    post = world.reddit.post(
        chance.choice(SUBREDDITS),
        author=f"person{chance.randrange(60)}",
        created_utc=at.timestamp(),
        **changes,
    )
    if "removed_by_category" in changes:
        # Within an hour or two; a score that is final cannot be predicted.
        world.held_back[post["name"]] = at + chance.uniform(0.2, 2.0) * timedelta(hours=1)
        world.happened["filtered at first"] += 1
    return post


def meddle(world: World, post: dict[str, Any], now: datetime) -> None:
    """Its author deletes a post, or a moderator removes it for good or for a while."""
    chance, name = world.chance, post["name"]
    age = now - datetime.fromtimestamp(post["created_utc"], now.tzinfo)
    if name in world.deleted or name in world.held_back or age > HORIZON:
        return
    if chance.random() < 0.005:
        world.happened["deleted"] += 1
        world.deleted.add(name)
        world.reddit.delete(name)
    elif chance.random() < 0.02:
        world.happened["removed"] += 1
        world.reddit.remove(name)
        back = now + chance.uniform(0.2, 2.0) * timedelta(hours=1)
        world.held_back[name] = None if chance.random() < 0.2 else back


def ask(world: World) -> None:
    """Somebody wants a prediction, somebody to be left alone, and many want something else."""
    chance, reddit = world.chance, world.reddit
    if world.posts and chance.random() < 0.4:
        post = chance.choice(world.posts[-6:])
        asked = reddit.comment(post["name"], f"u/{ME} what do you say?", f"fan{reddit.new_id()}")
        reddit.message(asked, "username_mention")
        world.mentions.append(asked)
    if chance.random() < 0.05:
        quitter = f"person{chance.randrange(60)}"
        world.quitters.add(quitter)
        reddit.private_message(quitter, "", chance.choice(("!optout", "stop", "!opt out")))
        for _ in range(chance.choice((0, 0, 130))):
            reddit.private_message("spam", "hello", "buy this")
        world.happened["opted out"] += 1


async def calm_down(world: World, settings: Settings, length: Length) -> Tally:
    """Nothing goes wrong any more, until everything is final; then all is counted."""
    world.wrong_by = timedelta()
    far = world.true() + timedelta(days=365)
    world.reddit.faults.clear()
    undo(world, far)
    tally = Tally(happened=world.happened)
    async with running(world, settings, processes=1) as (app,):
        for _ in range(round(HORIZON * (2 + LATE_SHARE) / timedelta(hours=1))):
            await work(app)
            world.true.forward(3600)
        await app.core.database.run_read(
            lambda session: count(session, world, tally, app.core.people_key)
        )
    return tally


def count(session: Session, world: World, tally: Tally, people_key: bytes) -> None:
    """Hold what came of it against what should have."""
    posts = {post.source_id: post for post in session.scalars(select(Post))}
    labels = {label.post_id: label for label in session.scalars(select(Label))}
    replies = {reply.post_id: reply for reply in session.scalars(select(Reply))}
    out = set(session.scalars(select(Author.hash).where(Author.opted_out_at.is_not(None))))
    for quitter in sorted(world.quitters):
        tally.answers.wanted += 1
        if hash_person(people_key, PlatformName.REDDIT, quitter) not in out:
            tally.fault(tally.answers, "missed", f"{quitter} opted out and was not heard")
    for made in world.posts:
        name, author = made["name"], made["author"]
        comments = len(world.reddit.comments_on(name))
        if comments > 1:
            tally.fault(tally.replies, "doubled", f"{name} has {comments} comments")
        post = posts.get(name)
        if name in world.deleted or author in world.quitters:
            tally.deletions.wanted += 1
            if comments and name in world.deleted and (post is None or post.id not in labels):
                tally.fault(tally.deletions, "missed", f"the comment on {name} is still there")
            continue
        tally.posts.wanted += 1
        if post is None:
            if name not in world.held_back:
                tally.fault(tally.posts, "missed", f"{name} was not taken up")
            continue
        if name in world.held_back:
            continue
        count_post(made, post, labels.get(post.id), replies.get(post.id), tally)
    count_answers(session, world, tally)


def count_post(
    made: dict[str, Any], post: Post, label: Label | None, reply: Reply | None, tally: Tally
) -> None:
    """Hold one post that nobody took away against what should have come of it."""
    name = made["name"]
    tally.replies.wanted += 1
    tally.labels.wanted += 1
    if post.state is PostState.WITHDRAWN:
        tally.withdrawn_without_proof += 1
        tally.faults.append(f"{name} was withdrawn without proof")
    elif reply is None or reply.state is ReplyState.PENDING:
        tally.fault(tally.replies, "missed", f"{name} has no reply, and no reason why")
    elif reply.state is not ReplyState.SKIPPED:
        tally.outcomes.wanted += 1
        if reply.state is not ReplyState.SETTLED and reply.fault is None:
            tally.fault(tally.outcomes, "missed", f"{name} does not show its outcome")
    if label is None:
        why = post.refusal_code.value if post.refusal_code else "no reason"
        words = f"{name} has no label ({post.state.value}: {post.refusal or why})"
        tally.fault(tally.labels, "missed", words)
    elif abs(label.score - made["score"]) > 1 + LATE_ERROR * made["score"]:
        tally.wrong_labels += 1
        tally.faults.append(f"{name} has the label {label.score} in place of {made['score']}")


def count_answers(session: Session, world: World, tally: Tally) -> None:
    """Hold the answers to mentions against the mentions."""
    items = {item.source_id: item for item in session.scalars(select(InboxItem))}
    for asked in world.mentions:
        tally.answers.wanted += 1
        answers = len(world.reddit.comments_on(asked["name"]))
        item = items.get(asked["name"])
        if answers > 1:
            tally.fault(tally.answers, "doubled", f"{asked['name']} got {answers} answers")
        elif not answers and (item is None or (item.state is not ReplyState.SKIPPED)):
            tally.fault(tally.answers, "missed", f"{asked['name']} got no answer and no reason")
