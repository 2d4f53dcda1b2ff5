"""A day on the loopback Reddit in minutes: posts, votes, faults and restarts, all by chance.

The clock is moved by hand and nothing sleeps. The same seed makes the same day.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.app import App
from bot.reddit.platform import RedditPlatform
from storage.engine.database import Database
from storage.tables import Label, Post, Prediction
from storage.types import PostState
from tests.fakes.clock import FakeClock
from tests.fakes.reddit.server import FakeReddit
from tests.fakes.reddit.world import gallery

DAY = timedelta(days=1)
SUBREDDITS = ("aww", "pics", "memes")

#: What is posted that is no post for us, and how often.
INELIGIBLE: tuple[dict[str, Any], ...] = (
    {"is_video": True, "post_hint": "hosted:video"},
    {"is_self": True, "post_hint": None, "url_overridden_by_dest": "", "preview": None},
    {"over_18": True},
    {"stickied": True},
    {"crosspost_parent": "t3_1"},
)
INELIGIBLE_SHARE = 0.12
REMOVED_SHARE = 0.04
GALLERY_SHARE = 0.05

OpenApp = Callable[[], AbstractAsyncContextManager[tuple[App, RedditPlatform]]]


@dataclass
class DayReport:
    """What came of a day."""

    posts: int = 0
    eligible: int = 0
    removed: int = 0
    restarts: int = 0
    faults: int = 0
    #: Eligible posts that were not stored, and stored posts that should not have been.
    missed: int = 0
    strange: int = 0
    #: Posts by how many comments of ours people see under them.
    comments: Counter[int] = field(default_factory=Counter)
    predictions: int = 0
    predicted_posts: int = 0
    labels: int = 0
    states: Counter[str] = field(default_factory=Counter)
    score_requests: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    #: How late final scores were read, seconds.
    lateness: list[float] = field(default_factory=list)

    @property
    def requests_per_label(self) -> float:
        return self.score_requests / max(self.labels, 1)


class RedditDay:
    """Plays a day, and the time after it in which the scores become final.

    Args:
        open_app: opens a Peoria on the same data; again, and it is a restart.
        posts: how many there are in a day.
        step: how far the clock goes at a time.
    """

    def __init__(
        self,
        reddit: FakeReddit,
        clock: FakeClock,
        open_app: OpenApp,
        *,
        posts: int,
        seed: int = 1,
        step: timedelta = timedelta(minutes=5),
    ) -> None:
        self._reddit = reddit
        self._clock = clock
        self._open_app = open_app
        self._chance = random.Random(seed)  # noqa: S311
        self._step = step
        self._start = clock()
        self._coming = sorted(
            (self._start + DAY * self._chance.random() for _ in range(posts)), reverse=True
        )
        self._removals: list[tuple[datetime, str]] = []
        self._outage_until: datetime | None = None
        self.eligible: set[str] = set()
        self.removed: set[str] = set()
        self.report = DayReport(posts=posts)

    async def play(self) -> DayReport:
        """A day, and what follows until each of its posts is final, or too late for a label."""
        for name in SUBREDDITS:
            self._reddit.subreddit(name)
        self._reddit.shuffle = self._disorder
        end = self._start + 2.5 * DAY + timedelta(hours=3)
        while self._clock() < end:
            async with self._open_app() as (app, platform):
                await self._until_restart(app, platform, end)
            self.report.restarts += 1
        self._reddit.shuffle = None
        async with self._open_app() as (app, platform):
            await self._work(app, platform)
            await self._read_database(app.core.database)
        self._read_reddit()
        return self.report

    async def _until_restart(self, app: App, platform: RedditPlatform, end: datetime) -> None:
        """Work until chance kills the process, in the middle of whatever it was doing."""
        lasts = timedelta(hours=self._chance.uniform(3, 9))
        dies_at = min(self._clock() + lasts, end)
        while self._clock() < end:
            self._happen()
            dies = self._clock() >= dies_at and self._clock() < end
            if not dies:
                await self._work(app, platform)
            else:
                await self._die(self._work(app, platform), self._chance.randrange(1, 12))
            self._clock.forward(self._step.total_seconds())
            if dies:
                return

    async def _die(self, work: Coroutine[Any, Any, None], requests: int) -> None:
        """Work until so many requests were made, and break off wherever that is."""
        task = asyncio.create_task(work)
        reached = self._reddit.reach(requests)
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, reached):
            each.cancel()
        await asyncio.gather(task, reached, return_exceptions=True)

    async def _work(self, app: App, platform: RedditPlatform) -> None:
        await platform.tick()
        while await app.jobs.run_due() + await app.jobs.remove_replies():
            pass

    def _happen(self) -> None:
        """What people, moderators and Reddit's machines do up to now."""
        now = self._clock()
        while self._coming and self._coming[-1] <= now:
            self._appear(self._coming.pop())
        for at, name in [each for each in self._removals if each[0] <= now]:
            self._removals.remove((at, name))
            self._reddit.remove(name)
        for thing in self._reddit.things.values():
            if thing["name"].startswith("t3_"):
                thing["score"] = self._score(thing, now)
        self._fault(now)

    def _appear(self, at: datetime) -> None:
        chance = self._chance
        changes: dict[str, Any] = {
            "created_utc": at.timestamp(),
            "author": f"person{chance.randrange(300)}",
            "fame": chance.lognormvariate(3, 1.5),
        }
        eligible = chance.random() >= INELIGIBLE_SHARE
        if not eligible:
            changes |= chance.choice(INELIGIBLE)
        elif chance.random() < GALLERY_SHARE:
            names = [f"g{self._reddit.new_id()}" for _ in range(3)]
            changes |= gallery(self._reddit.origin, *names)
        post = self._reddit.post(chance.choice(SUBREDDITS), "A title", **changes)
        if eligible:
            self.eligible.add(post["name"])
            self.report.eligible += 1
            if chance.random() < REMOVED_SHARE:
                # Late enough to have been seen, early enough to have no label.
                hours = chance.uniform(8, 20)
                self._removals.append((at + timedelta(hours=hours), post["name"]))
                self.removed.add(post["name"])

    def _score(self, post: dict[str, Any], now: datetime) -> int:
        """Grows fast, then flattens; fuzzed like Reddit's."""
        hours = (now.timestamp() - post["created_utc"]) / 3600
        real = post["fame"] * (1 - math.exp(-hours / 5))
        return round(real) + self._chance.choice((-1, 0, 0, 1))

    def _fault(self, now: datetime) -> None:
        """Something goes wrong about every other hour, for up to forty minutes."""
        if self._outage_until is not None:
            if now < self._outage_until:
                return
            self._outage_until = None
            self._reddit.faults.clear()
        if self._chance.random() > self._step / timedelta(hours=2):
            return
        self.report.faults += 1
        often: dict[str, Any] = self._chance.choice(
            [
                {"path": "/", "status": 503},
                {"path": "/", "cut": True},
                {"path": "/", "status": 429, "headers": {"retry-after": "240"}},
                {"path": "/r/", "body": "<html>Ow!</html>"},
                {"path": "/api/info", "status": 500},
                {"path": "/api/comment", "done": True, "cut": True},
                {"path": "/api/comment", "done": True, "status": 504},
                {"path": "/img/", "status": 500},
            ]
        )
        self._outage_until = now + timedelta(minutes=self._chance.uniform(5, 40))
        self._reddit.fail(times=10**9, **often)

    def _disorder(self, posts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """A listing with neighbours swapped, and old posts that turn up again on top."""
        posts = list(posts)
        for _ in range(min(6, len(posts) - 1)):
            at = self._chance.randrange(min(len(posts) - 1, 60))
            posts[at], posts[at + 1] = posts[at + 1], posts[at]
        for _ in range(min(4, len(posts))):
            posts.insert(self._chance.randrange(5), self._chance.choice(posts))
        return posts

    async def _read_database(self, database: Database) -> None:
        report = self.report
        async with database.read() as session:
            states = await session.execute(select(Post.state, func.count()).group_by(Post.state))
            report.states = Counter({PostState(state).value: count for state, count in states})
            report.predictions = (
                await session.scalars(select(func.count()).select_from(Prediction))
            ).one()
            distinct = select(func.count(func.distinct(Prediction.post_id)))
            report.predicted_posts = (await session.scalars(distinct)).one()
            labels = await session.execute(select(Label.written_at, Label.matured_at))
            report.lateness = [(wrote - due).total_seconds() for wrote, due in labels]
            report.labels = len(report.lateness)
            known = set(await session.scalars(select(Post.source_id)))
        report.missed = len(self.eligible - known)
        report.strange = len(known - self.eligible)

    def _read_reddit(self) -> None:
        reddit, report = self._reddit, self.report
        report.comments = Counter(len(reddit.comments_on(name)) for name in self.eligible)
        report.requests = Counter(_kind(path) for _, path in reddit.requests)
        report.score_requests = sum(names[0].startswith("t3_") for names in reddit.informed)


def _kind(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[-1] if parts[0] in ("r", "user") else "/".join(parts)
