import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.queries.communities import find_or_add_author, platform_scores, recent_scores
from storage.queries.posts import due_posts, load_post, load_posts, move_post
from storage.tables import Author, Community, Label, Post, Snapshot
from storage.types import PlatformName, PostRefusal, PostState
from tests.fixtures.rows import LATER, MOMENT, one_post, row


async def store(database: Database, *rows: Any) -> None:
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


@pytest.fixture
async def stored(database: Database) -> Database:
    await store(database, *one_post())
    return database


async def test_of_two_workers_one_moves_the_post(stored: Database) -> None:
    async def work(reason: str) -> bool:
        async with stored.write() as session:
            return await session.run_sync(
                move_post,
                1,
                PostState.SEEN,
                state=PostState.REFUSED,
                refusal_code=PostRefusal.OTHER,
                refusal=reason,
                due_at=None,
            )

    moved = await asyncio.gather(work("first"), work("second"))
    assert sorted(moved) == [False, True]
    async with stored.read() as session:
        post = await session.run_sync(load_post, 1)
    assert post is not None
    assert post.refusal == ("first" if moved[0] else "second")


async def test_a_post_that_is_not_there_does_not_move(stored: Database) -> None:
    async with stored.write() as session:
        assert not await session.run_sync(move_post, 9, PostState.SEEN, tries=1)
        assert not await session.run_sync(move_post, 1, PostState.AWAITING_SCORE, tries=1)
        assert not await session.run_sync(
            move_post, 1, (PostState.AWAITING_SCORE, PostState.PREDICTED), tries=1
        )
    async with stored.read() as session:
        assert await session.run_sync(load_post, 9) is None
        assert (await session.get_one(Post, 1)).tries == 0


async def test_due_posts_come_in_the_order_they_waited(stored: Database) -> None:
    waits = {2: 30, 3: 10, 4: 20, 5: -5, 6: None}
    await store(
        stored,
        *(
            row(
                Post, id=number, source_id=f"p{number}",
                due_at=None if wait is None else MOMENT - timedelta(seconds=wait),
            )
            for number, wait in waits.items()
        ),
    )  # fmt: skip
    async with stored.read() as session:
        due = await session.run_sync(due_posts, [PostState.SEEN], now=MOMENT, limit=10)
        first = await session.run_sync(due_posts, [PostState.SEEN], now=MOMENT, limit=2)
        others = await session.run_sync(due_posts, [PostState.AWAITING_SCORE], now=MOMENT, limit=10)
    assert list(due) == [2, 4, 3, 1]
    assert list(first) == [2, 4]
    assert list(others) == []


async def test_a_loaded_post_brings_all_that_belongs_to_it(stored: Database) -> None:
    async with stored.read() as session:
        post = await session.run_sync(load_post, 1)
    assert post is not None
    assert post.community.name == "r/test"
    assert [each.source for each in post.images] == ["https://example.org/a.png"]
    assert (post.prediction_rows, post.label, post.reply) == ([], None, None)


async def test_many_posts_are_loaded_in_few_statements_and_in_order(stored: Database) -> None:
    await store(stored, *(row(Post, id=number, source_id=f"p{number}") for number in (2, 3)))
    statements: list[str] = []

    def load(session: Session) -> list[int]:
        event.listen(
            session.connection(), "before_cursor_execute", lambda *each: statements.append(each[2])
        )
        found = load_posts(session, [3, 9, 1, 2])
        assert [len(each.images) for each in found] == [0, 1, 0]
        assert [each.community.name for each in found] == ["r/test"] * 3
        return [each.id for each in found]

    assert await stored.run_read(load) == [3, 1, 2]
    assert len(statements) == 3
    assert await stored.run_read(lambda session: load_posts(session, [])) == []


async def test_inserting_what_is_there_changes_nothing(stored: Database) -> None:
    snapshot = {
        "post_id": 1, "reading": 600, "age_seconds": 601.0, "taken_at": LATER, "score": 5.0,
    }  # fmt: skip
    async with stored.write() as session:
        assert await session.run_sync(insert_if_new, Snapshot, **snapshot)
        assert not await session.run_sync(insert_if_new, Snapshot, **{**snapshot, "score": 9.0})
    async with stored.read() as session:
        assert (await session.scalars(select(Snapshot.score))).all() == [5.0]


async def test_of_many_who_insert_at_once_one_does(stored: Database) -> None:
    async def insert(number: int) -> bool:
        async with stored.write() as session:
            return await session.run_sync(
                insert_if_new, Community, platform=PlatformName.WEB, source_id="main",
                name=f"number {number}", horizon_seconds=60, created_at=MOMENT,
            )  # fmt: skip

    assert sorted(await asyncio.gather(*map(insert, range(5)))) == [False] * 4 + [True]


async def test_an_author_is_added_once_on_each_platform(database: Database) -> None:
    async def find(platform: PlatformName) -> int:
        async with database.write() as session:
            return (await session.run_sync(find_or_add_author, platform, "e" * 64)).id

    ids = await asyncio.gather(*(find(each) for each in [*PlatformName, *PlatformName]))
    assert len(set(ids)) == len(PlatformName)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Author)) == len(PlatformName)


async def test_recent_scores_are_those_that_had_matured(stored: Database) -> None:
    await store(
        stored,
        row(Community, id=2, source_id="other"),
        *(row(Post, id=10 + n, source_id=f"q{n}", community_id=1 + n // 3) for n in range(4)),
        *(
            row(
                Label, post_id=10 + n, community_id=1 + n // 3, score=float(n),
                matured_at=MOMENT + timedelta(hours=n),
            )
            for n in range(4)
        ),
    )  # fmt: skip
    async with stored.read() as session:
        at_two = MOMENT + timedelta(hours=2)
        assert await session.run_sync(recent_scores, 1, before=at_two, limit=9) == [2, 1, 0]
        assert await session.run_sync(recent_scores, 1, before=at_two, limit=2) == [2, 1]
        assert await session.run_sync(recent_scores, 1, before=MOMENT, limit=9) == [0]
        far = MOMENT + timedelta(days=9)
        assert await session.run_sync(
            platform_scores, PlatformName.REDDIT, before=far, limit=9
        ) == [
            3,
            2,
            1,
            0,
        ]
        assert await session.run_sync(platform_scores, PlatformName.WEB, before=far, limit=9) == []
