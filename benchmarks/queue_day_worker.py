"""A worker of `benchmarks.queue_day`: takes what is due as the bot does, and writes what follows.

What is due is found, claimed and moved on by the bot's own functions (`storage.queries.posts`).
What the bot does in between, predicting and asking platforms, takes no time here.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from benchmarks.queue_day_rows import (
    DAY,
    DELETED,
    MISSED,
    SCORED,
    START,
    label,
    new_posts,
    prediction,
)
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
from storage.tables import (
    Label,
    Nowcast,
    Post,
    PostImage,
    PostMeasures,
    Prediction,
    Reply,
    Snapshot,
)
from storage.types import PlatformName, PostState, ReplyState

#: As the bot's rounds have it.
BATCH = 100
#: Posts that are seen in one transaction.
SEEN_TOGETHER = 25
_NEW = [PostState.SEEN, PostState.PREDICTED]
_POSTS, _REPLIES, _PREDICTIONS = table_of(Post), table_of(Reply), table_of(Prediction)


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
        for begin in range(0, len(numbers), SEEN_TOGETHER):
            part = slice(begin, begin + SEEN_TOGETHER)
            rows = new_posts(numbers[part], places[part])

            def store(session: Session, rows: list[dict[str, Any]] = rows) -> None:
                ids = session.scalars(insert(_POSTS).returning(_POSTS.c.id), rows).all()
                session.execute(
                    insert(table_of(PostImage)),
                    [
                        {"post_id": each, "position": 0, "source": f"https://i.redd.it/{each}.png"}
                        for each in ids
                    ],
                )

            await self._database.run_write(store, alone_in=ITS_ROWS)
            self.taken["seen"] += len(rows)

    async def work(self, seconds: float, *, endings: bool) -> None:
        """Do rounds until one finds nothing, or the next tick comes.

        Args:
            seconds: from tick to tick.
            endings: whether replies of posts that ended are looked for.
        """
        until = time.monotonic() + seconds
        rounds: list[Callable[[], Awaitable[int]]] = [
            self._advance,
            self._read_scores,
            self._settle,
        ]
        if endings:
            rounds += [self._remove, self._settle_without]
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
        session.execute(insert(_PREDICTIONS), [prediction(each, now) for each in ids])
        session.execute(
            insert(_REPLIES),
            [
                {"post_id": each, "state": ReplyState.SENT, "source_id": f"r{each}",
                 "recorded_at": now, "sent_at": now}
                for each in ids
            ],
        )  # fmt: skip
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
        snapshots, nowcasts, labels, measures = [], [], [], []
        for row in sorted(posts, key=lambda each: each.id):
            age = (now - row.posted_at).total_seconds()
            reading = reading_at(age, DAY)
            assert reading is not None
            if reading == DAY and row.id % MISSED == 1:
                steps[row.id] = WITHOUT_SCORE
                continue
            score = float(row.id % 97)
            snapshots.append(
                {"post_id": row.id, "reading": reading, "age_seconds": age, "taken_at": now,
                 "score": score, "comments": 3, "upvote_ratio": 0.9}
            )  # fmt: skip
            if reading == DAY:
                matured = row.posted_at + timedelta(seconds=DAY)
                labels.append(label(row.id, row.community_id, matured, now))
                measures.append(
                    {"post_id": row.id, "community_id": row.community_id, "taken_at": now,
                     "score": score, "comments": 3, "upvote_ratio": 0.9, "guesses": 0}
                )  # fmt: skip
                steps[row.id] = {"state": PostState.SETTLING, "due_at": now, "tries": 0}
            elif row.id % DELETED == 0:
                steps[row.id] = {"state": PostState.WITHDRAWN, "due_at": None}
            else:
                due_at = next_reading_at(row.posted_at, DAY, now)
                steps[row.id] = {"due_at": due_at, "tries": 0, "hidden_looks": 0}
                if reading >= 3600:
                    nowcasts.append(
                        {"post_id": row.id, "reading": reading, "made_at": now, "score_p10": 1.0,
                         "score_median": score + 2, "score_p90": 200.0}
                    )  # fmt: skip
        for table, rows in (
            (Snapshot, snapshots), (Nowcast, nowcasts), (Label, labels), (PostMeasures, measures)
        ):  # fmt: skip
            if rows:
                session.execute(insert(table_of(table)), rows)
        if labels:
            ids = [each["post_id"] for each in labels]
            scored = update(_PREDICTIONS).where(_PREDICTIONS.c.post_id.in_(ids))
            scored = scored.values(**SCORED, scored_at=now)
            session.execute(scored)
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
            seconds, numbers, places, tick, endings = order
            worker.begin(seconds)
            await worker.see(numbers, places)
            await worker.work(tick, endings=endings)
            spent = (worker.now() - START).total_seconds() - seconds
            orders.send((spent, dict(worker.taken), dict(worker.lags), worker.in_vain))
    finally:
        await database.close()
