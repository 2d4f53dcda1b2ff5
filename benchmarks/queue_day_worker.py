"""A worker of `benchmarks.queue_day`: takes what is due as the bot does, and writes what follows.

What is due is found, claimed and moved on by the bot's own functions (`storage.queries.posts`).
What the bot does in between, predicting and asking platforms, takes no time here.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from benchmarks.queue_day_rows import DAY, DELETED, MISSED, START
from benchmarks.queue_day_writes import store_posts, store_predictions, store_scores
from bot.labels.readings import next_reading_at, reading_at
from bot.labels.record import MISSED as WITHOUT_SCORE
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.posts import (
    claim_posts,
    claim_replies,
    due_posts,
    move_posts,
    posts_to_advance,
    replies_to_remove,
    replies_without_outcome,
)
from storage.queries.waiting_scores import communities_that_wait
from storage.tables import Post, Reply
from storage.types import PlatformName, PostState, ReplyState

#: As the bot's rounds have it.
BATCH = 100
_NEW = [PostState.SEEN, PostState.PREDICTED]
_POSTS, _REPLIES = table_of(Post), table_of(Reply)


class Worker:
    """Does everything that is due, in rounds.

    Args:
        database: the one that all workers share.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._began = (0.0, 0.0)
        #: What was taken and how long the longest waiting of each batch had waited, seconds.
        self.lags: defaultdict[str, list[float]] = defaultdict(list)
        self.taken: defaultdict[str, int] = defaultdict(int)
        #: Batches of which others had taken all meanwhile.
        self.in_vain = 0

    def begin(self, seconds: float) -> None:
        """A tick begins: it is so many seconds since the day began, and time goes on from there."""
        self._began = (seconds, time.monotonic())
        self.lags.clear()
        self.taken.clear()
        self.in_vain = 0

    def now(self) -> datetime:
        """The time of the day that is played."""
        seconds, at = self._began
        return START + timedelta(seconds=seconds + time.monotonic() - at)

    async def see(self, numbers: Sequence[int], places: Sequence[float]) -> None:
        """Store posts that have arrived."""
        for begin in range(0, len(numbers), BATCH):
            some = numbers[begin : begin + BATCH]
            at = [START + timedelta(seconds=float(each)) for each in places[begin : begin + BATCH]]
            await self._database.run_write(
                partial(store_posts, numbers=some, at=at), alone_in=ITS_ROWS
            )
            self.taken["seen"] += len(some)

    async def work(self, seconds: float) -> None:
        """Do rounds until one finds nothing, or the next tick comes.

        Args:
            seconds: from tick to tick.
        """
        until = time.monotonic() + seconds
        rounds: list[Callable[[], Awaitable[int]]] = [
            self._advance,
            self._read_scores,
            self._settle,
            self._remove,
            self._settle_without,
        ]
        while sum([await each() for each in rounds]) and time.monotonic() < until:
            pass

    async def _advance(self) -> int:
        now = self.now()
        due = await self._database.run_read(
            lambda session: posts_to_advance(
                session, now=now, limit=BATCH, without=(), without_communities=()
            )
        )
        posts = await self._claim("predictions", [each.id for each in due], _NEW, now)
        if posts:
            await self._database.run_write(
                lambda session: self._predict(session, posts), alone_in=ITS_ROWS
            )
        return len(due)

    async def _read_scores(self) -> int:
        await self._database.run_read(communities_that_wait)
        return await self._take("scores", PostState.AWAITING_SCORE, self._note_scores)

    async def _settle(self) -> int:
        return await self._take("outcomes", PostState.SETTLING, self._note_outcomes)

    async def _take(
        self,
        name: str,
        state: PostState,
        write: Callable[[Session, Sequence[Row[*tuple[Any, ...]]]], None],
    ) -> int:
        now = self.now()
        ids = await self._database.run_read(
            lambda session: due_posts(session, [state], now=now, limit=BATCH)
        )
        posts = await self._claim(name, ids, [state], now)
        if posts:
            await self._database.run_write(lambda session: write(session, posts), alone_in=ITS_ROWS)
        return len(ids)

    async def _claim(
        self, name: str, ids: Sequence[int], states: Sequence[PostState], now: datetime
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        if not ids:
            return []
        columns = (_POSTS.c.id, _POSTS.c.community_id, _POSTS.c.posted_at, _POSTS.c.due_at)

        def claim(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
            # With when each was due, which claiming puts off.
            query = select(*columns).where(_POSTS.c.id.in_(ids))
            before = {row.id: row for row in session.execute(query)}
            return [before[each] for each in claim_posts(session, ids, states, now=now)]

        taken = await self._database.run_write(claim, alone_in=ITS_ROWS)
        if taken:
            self.taken[name] += len(taken)
            self.lags[name].append((now - min(row.due_at for row in taken)).total_seconds())
        else:
            self.in_vain += 1
        return taken

    def _predict(self, session: Session, posts: Sequence[Row[*tuple[Any, ...]]]) -> None:
        now = self.now()
        ids = sorted(row.id for row in posts)
        store_predictions(session, ids, now)
        move_posts(
            session,
            PostState.SEEN,
            {
                row.id: {
                    "state": PostState.AWAITING_SCORE,
                    "predicted_at": now,
                    "due_at": next_reading_at(row.posted_at, DAY, now),
                }
                for row in posts
            },
        )

    def _note_scores(self, session: Session, posts: Sequence[Row[*tuple[Any, ...]]]) -> None:
        now = self.now()
        steps: dict[int, Mapping[str, Any]] = {}
        read: list[tuple[int, int, float]] = []
        final: list[int] = []
        for row in sorted(posts, key=lambda each: each.id):
            age = (now - row.posted_at).total_seconds()
            reading = reading_at(age, DAY)
            assert reading is not None
            if reading == DAY and row.id % MISSED == 1:
                steps[row.id] = WITHOUT_SCORE
                continue
            read.append((row.id, reading, age))
            if reading == DAY:
                final.append(row.id)
                steps[row.id] = {"state": PostState.SETTLING, "due_at": now, "tries": 0}
            elif row.id % DELETED == 0:
                steps[row.id] = {"state": PostState.WITHDRAWN, "due_at": None}
            else:
                due_at = next_reading_at(row.posted_at, DAY, now)
                steps[row.id] = {"due_at": due_at, "tries": 0, "hidden_looks": 0}
        store_scores(session, read, final, now)
        move_posts(session, PostState.AWAITING_SCORE, steps)

    def _note_outcomes(self, session: Session, posts: Sequence[Row[*tuple[Any, ...]]]) -> None:
        ids = sorted(row.id for row in posts)
        move_posts(session, PostState.SETTLING, {each: {"due_at": None} for each in ids})
        self._end_replies(session, ids)

    async def _remove(self) -> int:
        now = self.now()
        ids = await self._database.run_read(
            lambda session: replies_to_remove(session, now=now, limit=BATCH)
        )
        return await self._take_replies("replies removed", ids, now)

    async def _settle_without(self) -> int:
        now = self.now()
        ids = await self._database.run_read(
            lambda session: replies_without_outcome(
                session, [PlatformName.REDDIT], now=now, limit=BATCH
            )
        )
        return await self._take_replies("replies without outcome", ids, now)

    async def _take_replies(self, name: str, ids: Sequence[int], now: datetime) -> int:
        if ids:
            taken = await self._database.run_write(
                lambda session: claim_replies(session, ids, now=now), alone_in=ITS_ROWS
            )
            if taken:
                await self._database.run_write(
                    lambda session: self._end_replies(session, taken), alone_in=ITS_ROWS
                )
            self.taken[name] += len(taken)
        return len(ids)

    @staticmethod
    def _end_replies(session: Session, ids: Sequence[int]) -> None:
        ended = {"state": ReplyState.SETTLED, "retry_at": None}
        session.execute(update(_REPLIES).where(_REPLIES.c.post_id.in_(ids)).values(ended))


def run(orders: Connection, url: str) -> None:
    """Work tick by tick, as ordered; to be run in a process of its own."""
    asyncio.run(_run(orders, url))


async def _run(orders: Connection, url: str) -> None:
    database = Database(url)
    worker = Worker(database)
    try:
        while (order := orders.recv()) is not None:
            seconds, numbers, places, tick = order
            worker.begin(seconds)
            await worker.see(numbers, places)
            await worker.work(tick)
            spent = (worker.now() - START).total_seconds() - seconds
            orders.send((spent, dict(worker.taken), dict(worker.lags), worker.in_vain))
    finally:
        await database.close()
