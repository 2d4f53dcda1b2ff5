from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.league.suspicious_votes import read_suspicions
from storage.engine.database import Database
from storage.tables import Author, Community, Label, Post, Vote
from storage.types import PlatformName
from tests.bot.league.test_score_jumps import nowcast
from tests.fixtures.rows import MOMENT, row


async def store(database: Database, *rows: Any) -> None:
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


@pytest.fixture
async def board(database: Database) -> Database:
    people = [
        row(Author, id=each, platform=PlatformName.WEB, hash=f"{each:064}") for each in range(1, 13)
    ]
    posts = [
        row(Post, id=each, platform=PlatformName.WEB, source_id=f"p{each}", title=f"Post {each}")
        for each in (1, 2, 3)
    ]
    await store(database, row(Community, platform=PlatformName.WEB), *people, *posts)
    return database


async def suspicions(database: Database, since: datetime = MOMENT) -> list[tuple[int, str, str]]:
    async with database.read() as session:
        found = await read_suspicions(session, 1, since=since)
        assert await read_suspicions(session, 2, since=since) == []
    return [(each.post_id, each.kind, each.sentence) for each in found]


async def test_a_burst_of_votes_is_flagged(board: Database) -> None:
    calm = [
        row(Vote, post_id=post, author_id=each, voted_at=MOMENT + timedelta(minutes=3 * each))
        for post in (1, 2)
        for each in range(1, 8)
    ]
    quick = [
        row(Vote, post_id=3, author_id=each, value=-1, voted_at=MOMENT + timedelta(seconds=each))
        for each in range(2, 13)
    ]
    await store(board, *calm, *quick)
    ((post_id, kind, sentence),) = await suspicions(board)
    assert (post_id, kind) == (3, "burst")
    assert sentence.startswith("11 votes down within a minute, 11 times as many as the busiest")
    assert await suspicions(board, MOMENT + timedelta(hours=1)) == []


async def test_a_score_that_jumped_is_flagged(board: Database) -> None:
    await store(
        board,
        nowcast(),
        nowcast(reading=3600, score_p10=800.0, score_median=1000.0, score_p90=1300.0,
                    made_at=MOMENT + timedelta(hours=1)),
        row(Label, score=1100.0),
        nowcast(post_id=2),
        row(Label, post_id=2, score=150.0),
        nowcast(post_id=3),
    )  # fmt: skip
    ((post_id, kind, sentence),) = await suspicions(board)
    assert (post_id, kind) == (1, "jump")
    assert sentence == "It was heading for 100 and then for 1,000: 4 standard deviations above."


async def test_nothing_happened(board: Database) -> None:
    assert await suspicions(board) == []


async def test_all_communities_are_read_with_their_names(board: Database) -> None:
    await store(
        board,
        row(Community, id=2, platform=PlatformName.WEB, source_id="other", name="Other Street"),
        row(Post, id=9, platform=PlatformName.WEB, community_id=2, source_id="p9", title="Post 9"),
        nowcast(post_id=9),
        row(Label, post_id=9, community_id=2, score=5000.0),
        nowcast(),
        row(Label, score=5000.0),
    )
    async with board.read() as session:
        found = await read_suspicions(session, None, since=MOMENT)
        (other,) = await read_suspicions(session, 2, since=MOMENT)
    assert [(each.community, each.post_id) for each in found] == [
        ("r/test", 1),
        ("Other Street", 9),
    ]
    assert other == found[1]
