"""Replies of posts that ended are found by a mark that the database keeps."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, or_, select, text, update
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.posts import (
    move_post,
    move_posts,
    replies_to_remove,
    replies_without_outcome,
)
from storage.tables import Author, Community, Post, Reply
from storage.types import PlatformName, PostRefusal, PostState, ReplyState
from tests.fixtures.rows import MOMENT, row

_POSTS, _REPLIES = table_of(Post), table_of(Reply)
_COUNT, _STEPS = 8, 120
_REFUSED = {"refusal_code": PostRefusal.NO_IMAGE, "due_at": None}
_NOT_REFUSED = {"refusal_code": None}


def open_replies(session: Session, state: PostState) -> Sequence[int]:
    """What the questions are about, by the tables themselves."""
    query = (
        select(Reply.post_id)
        .join(Post, Post.id == Reply.post_id)
        .where(
            Reply.state.in_([ReplyState.PENDING, ReplyState.SENT]),
            Post.state == state,
            or_(Reply.retry_at.is_(None), Reply.retry_at <= MOMENT),
        )
        .order_by(Reply.recorded_at, Reply.post_id)
    )
    return session.scalars(query).all()


def agree(session: Session) -> int:
    """Compare both questions with the tables; return how many replies they found."""
    to_remove = replies_to_remove(session, now=MOMENT, limit=99)
    without = replies_without_outcome(session, [PlatformName.REDDIT], now=MOMENT, limit=99)
    assert list(to_remove) == open_replies(session, PostState.WITHDRAWN)
    assert list(without) == open_replies(session, PostState.REFUSED)
    return len(to_remove) + len(without)


def a_step(session: Session, chance: random.Random) -> None:
    """Anything that happens to a post or its reply, in each of the ways it is written."""
    post_id = chance.randint(1, _COUNT)
    to = chance.choice([PostState.SEEN, PostState.WITHDRAWN, PostState.REFUSED])
    values: dict[str, Any] = {
        "state": to, "due_at": None, **(_REFUSED if to is PostState.REFUSED else _NOT_REFUSED),
    }  # fmt: skip
    match chance.randrange(7):
        case 0:
            move_post(session, post_id, [*PostState], **values)
        case 1:
            steps = {each: values for each in range(1, _COUNT + 1) if chance.random() < 0.3}
            move_posts(session, chance.choice([*PostState]), steps)
        case 2:
            session.get_one(Post, post_id).tries += 1
            session.execute(update(_POSTS).where(_POSTS.c.id <= post_id).values(values))
        case 3:
            post = session.get_one(Post, post_id)
            post.state, post.due_at = values["state"], None
            post.refusal_code = values["refusal_code"]
        case 4 | 5 if session.get(Reply, post_id) is None:
            values = {"state": ReplyState.PENDING, "recorded_at": MOMENT, "post_id": post_id}
            values["recorded_at"] -= timedelta(seconds=chance.randint(0, 3))
            session.execute(insert(_REPLIES), values)
        case _:
            state = chance.choice([*ReplyState])
            retry_at = chance.choice([None, MOMENT, MOMENT + timedelta(seconds=1)])
            session.execute(
                update(_REPLIES)
                .where(_REPLIES.c.post_id == post_id)
                .values(state=state, source_id=f"r{post_id}", retry_at=retry_at)
            )


def some_posts(session: Session, count: int) -> None:
    session.add_all([row(Community), row(Author)])
    session.flush()
    session.add_all([row(Post, id=n, source_id=f"p{n}") for n in range(1, count + 1)])


async def test_by_the_mark_the_same_is_found_whatever_happened(database: Database) -> None:
    await database.run_write(lambda session: some_posts(session, _COUNT))
    chance, found = random.Random(19), 0  # noqa: S311 - the same every time
    for number in range(_STEPS):
        await database.run_write(lambda session: a_step(session, chance))
        if number % 4 == 0:
            found += await database.run_read(agree)
    assert found > _STEPS / 4


async def test_the_questions_go_through_the_marked_ones(database: Database) -> None:
    said: list[tuple[str, Any]] = []

    def plans(session: Session) -> list[str]:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            # An empty table is read through, and rightly so.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(connection, "before_cursor_execute", lambda *each: said.append(each[2:4]))
        agree(session)
        explain = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        return [
            str(connection.exec_driver_sql(explain + statement, parameters).all())
            for statement, parameters in [*said]
            if "post_ended" in statement
        ]

    found = await database.run_read(plans)
    assert len(found) == 2
    assert all("ix_replies_ended" in each for each in found)


@pytest.mark.parametrize("first", ["the post ends", "the reply is recorded"])
async def test_a_post_that_ends_while_its_reply_is_recorded(database: Database, first: str) -> None:
    """On PostgreSQL both are written at the same time, and neither sees the other's row."""
    await database.run_write(lambda session: some_posts(session, 1))
    end = update(_POSTS).values(state=PostState.WITHDRAWN, due_at=None)
    reply = insert(_REPLIES).values(post_id=1, state=ReplyState.PENDING, recorded_at=MOMENT)
    one, other = (end, reply) if first == "the post ends" else (reply, end)
    at_once = database.engine.dialect.name == "postgresql"
    async with database.write(alone_in=ITS_ROWS) as session:
        await session.execute(one)
        second = asyncio.create_task(
            database.run_write(lambda session: session.execute(other), alone_in=ITS_ROWS)
        )
        while at_once and not second.done() and not await database.run_read(somebody_waits):
            pass
    await second
    assert await database.run_read(agree) == 1


def somebody_waits(session: Session) -> bool:
    return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
