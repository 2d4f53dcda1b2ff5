"""Replies after they were sent."""

from datetime import timedelta

import pytest

from bot.posts.sent_replies import note_reply_closed, note_reply_gone, replies_to_close
from storage.engine.database import Database
from storage.tables import Author, Community, Post, Reply
from storage.types import PlatformName, PostState, ReplyState
from tests.fixtures.rows import LATER, MOMENT, row

CLOSES = MOMENT + timedelta(hours=1)
BEFORE = CLOSES - timedelta(microseconds=1)


@pytest.fixture
async def stored(database: Database) -> Database:
    """Three posts with replies on which guessing closes, the latest first."""
    async with database.write() as session:
        session.add_all([row(Community), row(Author)])
        await session.flush()
        for number in range(1, 4):
            session.add(
                row(
                    Post,
                    id=number,
                    source_id=f"p{number}",
                    state=PostState.AWAITING_SCORE,
                    predicted_at=MOMENT,
                    guessing_closed_at=CLOSES - timedelta(minutes=number),
                )
            )
            await session.flush()
            session.add(
                row(
                    Reply,
                    post_id=number,
                    state=ReplyState.SENT,
                    source_id=f"r{number}",
                    sent_at=MOMENT,
                )
            )
    return database


async def to_close(database: Database, *, limit: int = 10) -> list[int]:
    async with database.read() as session:
        posts = await replies_to_close(session, PlatformName.REDDIT, CLOSES, limit=limit)
        return [each.id for each in posts]


async def change(database: Database, table: type[Post] | type[Reply], **values: object) -> None:
    async with database.write() as session:
        stored = await session.get_one(table, 3)
        for name, value in values.items():
            setattr(stored, name, value)


async def test_the_earliest_are_closed_first(stored: Database) -> None:
    assert await to_close(stored) == [3, 2, 1]
    assert await to_close(stored, limit=2) == [3, 2]
    await note_reply_closed(stored, 3, CLOSES)
    assert await to_close(stored) == [2, 1]
    async with stored.read() as session:
        assert await replies_to_close(session, PlatformName.DISCORD, CLOSES, limit=10) == []


@pytest.mark.parametrize(("closes_at", "due"), [(CLOSES, True), (LATER, False), (BEFORE, True)])
async def test_guessing_closes_at_its_moment(
    stored: Database, closes_at: object, due: bool
) -> None:
    await change(stored, Post, guessing_closed_at=closes_at)
    assert (3 in await to_close(stored)) == due


@pytest.mark.parametrize("state", [PostState.LABELLED, PostState.WITHDRAWN])
async def test_a_post_that_is_done_is_left_alone(stored: Database, state: PostState) -> None:
    await change(stored, Post, state=state, due_at=None)
    assert await to_close(stored) == [2, 1]


async def test_a_reply_that_is_gone_is_left_alone(stored: Database) -> None:
    await note_reply_gone(stored, 3, "A moderator removed it.")
    assert await to_close(stored) == [2, 1]
    async with stored.read() as session:
        reply = await session.get_one(Reply, 3)
    assert (reply.state, reply.reason) == (ReplyState.SKIPPED, "A moderator removed it.")
