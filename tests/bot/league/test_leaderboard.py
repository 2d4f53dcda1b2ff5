import random
from datetime import timedelta
from typing import Any

import pytest

from bot.league.board_rows import BoardPage
from bot.league.intervals import Moments, points_interval, wilson
from bot.league.leaderboard import BoardName, list_seasons, read_board
from bot.league.seasons import UnknownSeason
from storage.engine.database import Database
from storage.tables import Author, Community, CommunityGuesses, Label, ModelVersion, Post, Standing
from storage.types import ForecasterKind
from tests.fixtures.rows import MOMENT, row

SEASON = "2026-03"


def standing(forecaster: int, **changes: Any) -> Standing:
    return Standing(
        **{
            "season": SEASON, "community_id": 0, "kind": ForecasterKind.PERSON,
            "forecaster_id": forecaster, "n": 10, "hits": 4, "expected_hits": 3.5, "points": 2.0,
            "points_squared": 14.0, "streak": 1, "best_streak": 3, "updated_at": MOMENT, **changes,
        },
    )  # fmt: skip


async def store(database: Database, *rows: Any) -> None:
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


def people(*numbers: int) -> list[Author]:
    return [row(Author, id=each, hash=f"{each:064}") for each in numbers]


async def board(database: Database, name: BoardName, **changes: Any) -> BoardPage:
    async with database.read() as session:
        return await read_board(
            session,
            name,
            **{
                "season": SEASON, "community_id": None, "offset": 0, "limit": 20, "min_guesses": 5,
                "me": None, **changes,
            },
        )  # fmt: skip


@pytest.mark.parametrize("name", BoardName)
async def test_a_board_without_anything_on_it_is_empty(database: Database, name: BoardName) -> None:
    assert await board(database, name, me=1) == BoardPage([], 0, None)


async def test_forecasters_stand_by_points_then_by_fewer_guesses_then_by_who_was_first(
    database: Database,
) -> None:
    await store(
        database,
        *people(1, 2, 3, 4),
        standing(1, points=1.0),
        standing(2, points=5.0),
        standing(3, points=5.0, n=9),
        standing(4, points=1.0),
    )
    page = await board(database, BoardName.FORECASTERS)
    assert [(each.rank, each.id) for each in page.rows] == [(1, 3), (2, 2), (3, 1), (4, 4)]
    assert page.total == 4
    assert page.rows[0].label == f"{3:064}"


async def test_a_eachsays_what_chance_would_have_brought(database: Database) -> None:
    await store(
        database,
        *people(1),
        standing(
            1, blind_n=4, blind_hits=3, blind_expected_hits=1.5, blind_points=4.0, streak=2,
        ),
    )  # fmt: skip
    (found,) = (await board(database, BoardName.FORECASTERS)).rows
    assert (found.n, found.hits, found.hit_rate, found.base_rate) == (10, 4, 0.4, 0.35)
    assert (found.blind_n, found.blind_hit_rate, found.blind_base_rate) == (4, 0.75, 0.375)
    assert (found.streak, found.best_streak) == (2, 3)
    assert found.interval == wilson(4, 10)
    assert found.points_interval == points_interval(Moments(10, 2.0, 14.0))
    assert found.rps_skill is None


async def test_people_with_few_guesses_and_people_who_opted_out_are_left_out(
    database: Database,
) -> None:
    await store(
        database,
        *people(1, 2),
        row(Author, id=3, hash="c" * 64, opted_out_at=MOMENT),
        standing(1, points=1.0),
        standing(2, points=2.0, n=4, hits=2),
        standing(3, points=3.0),
    )
    page = await board(database, BoardName.FORECASTERS, me=3)
    assert [(each.rank, each.id) for each in page.rows] == [(1, 1)]
    assert (page.total, page.mine) == (1, None)


async def test_my_own_row_is_there_whatever_my_rank(database: Database) -> None:
    await store(
        database,
        *people(*range(1, 8)),
        *(standing(each, points=float(10 - each)) for each in range(1, 7)),
        standing(7, points=99.0, n=2, hits=2),
    )
    page = await board(database, BoardName.FORECASTERS, offset=0, limit=2, me=5)
    assert [each.id for each in page.rows] == [1, 2]
    assert page.mine is not None
    assert (page.mine.id, page.mine.rank, page.total) == (5, 5, 6)
    # Too few guesses for a rank, but the sums are theirs to see.
    page = await board(database, BoardName.FORECASTERS, me=7)
    assert page.mine is not None
    assert (page.mine.rank, page.mine.n) == (None, 2)


async def test_pages_follow_each_other(database: Database) -> None:
    await store(
        database, *people(*range(1, 8)), *(standing(each, points=1.0) for each in range(1, 8))
    )
    rows: list[Any] = []
    for offset in (0, 3, 6, 9):
        rows += (await board(database, BoardName.FORECASTERS, offset=offset, limit=3)).rows
    assert [(each.rank, each.id) for each in rows] == [(each, each) for each in range(1, 8)]


async def test_a_rank_is_the_same_on_the_board_and_in_my_row(database: Database) -> None:
    """The order that SQL sorts by and the one that it counts by are one order."""
    draw = random.Random(1)  # noqa: S311
    await store(
        database,
        *people(*range(1, 31)),
        *(
            standing(each, points=float(draw.randint(-2, 2)), n=draw.randint(5, 7))
            for each in range(1, 31)
        ),
    )
    for own in (await board(database, BoardName.FORECASTERS, limit=30)).rows:
        mine = (await board(database, BoardName.FORECASTERS, limit=1, me=own.id)).mine
        assert mine == own


async def test_boards_of_one_community_and_one_season_hold_nothing_else(
    database: Database,
) -> None:
    await store(
        database,
        row(Community),
        *people(1, 2, 3),
        standing(1, community_id=1),
        standing(2, season="2026-02"),
        standing(3, season="all"),
    )
    for wanted, changes in (
        ([1], {"community_id": 1}),
        ([2], {"season": "2026-02"}),
        ([3], {"season": "all"}),
        ([], {}),
    ):
        page = await board(database, BoardName.FORECASTERS, **changes)
        assert [each.id for each in page.rows] == wanted


async def test_models_stand_by_skill(database: Database) -> None:
    models = [row(ModelVersion, id=each, name=f"v{each}") for each in (101, 102, 103)]
    await store(
        database,
        *models,
        *(
            standing(
                each, kind=ForecasterKind.MODEL, rps_sum=rps, base_rps_sum=1.0, log_sum=20.0,
                brier_sum=5.0,
            )
            for each, rps in ((101, 0.9), (102, 0.6), (103, 1.2))
        ),
    )  # fmt: skip
    rows = (await board(database, BoardName.MODELS)).rows
    assert [(each.rank, each.label) for each in rows] == [(1, "v102"), (2, "v101"), (3, "v103")]
    assert [each.rps_skill for each in rows] == pytest.approx([0.4, 0.1, -0.2])
    assert (rows[0].log_score, rows[0].brier) == (2.0, 0.5)
    assert rows[0].points == 2.0


async def test_communities_are_ordered_by_skill(database: Database) -> None:
    model = {"kind": ForecasterKind.MODEL, "base_rps_sum": 1.0}
    await store(
        database,
        row(Community),
        row(Community, id=2, source_id="other", name="r/other"),
        standing(100, community_id=1, rps_sum=0.9, **model),
        standing(100, community_id=2, rps_sum=0.5, **model),
        standing(101, community_id=2, rps_sum=0.7, **model),
        standing(100, rps_sum=1.4, **model | {"base_rps_sum": 2.0}),
        CommunityGuesses(season="2026-03", community_id=2, n=20, hits=14, expected_hits=7.0),
        CommunityGuesses(season="all", community_id=1, n=20, hits=14, expected_hits=7.0),
    )
    first, second = (await board(database, BoardName.CHANNELS)).rows
    assert (first.rank, first.label, first.n, first.people_n) == (1, "r/other", 20, 20)
    assert first.rps_skill == pytest.approx(0.4)
    assert first.people_hit_rate == 0.7
    assert (second.rank, second.label, second.n, second.people_n) == (2, "r/test", 10, 0)
    assert second.people_hit_rate is None


async def test_posts_stand_by_score(database: Database) -> None:
    await store(database, row(Community), *people(1))
    for number, score in ((1, 5.0), (2, 50.0), (3, 5.0)):
        await store(
            database,
            row(Post, id=number, source_id=f"p{number}", title=f"Post {number}"),
            row(Label, post_id=number, score=score, matured_at=MOMENT),
        )
    await store(
        database,
        row(Post, id=4, source_id="p4"),
        row(Label, post_id=4, score=99.0, matured_at=MOMENT - timedelta(days=2)),
    )
    page = await board(database, BoardName.POSTS)
    assert [(each.rank, each.label, each.score) for each in page.rows] == [
        (1, "Post 2", 50.0), (2, "Post 1", 5.0), (3, "Post 3", 5.0),
    ]  # fmt: skip
    assert page.total == 3
    assert (page.rows[0].community, page.rows[0].matured_at) == ("r/test", MOMENT)
    page = await board(database, BoardName.POSTS, season="all", community_id=1, offset=1, limit=2)
    assert [(each.rank, each.score) for each in page.rows] == [(2, 50.0), (3, 5.0)]
    assert page.total == 4
    assert (await board(database, BoardName.POSTS, community_id=2)).total == 0
    beyond = await board(database, BoardName.POSTS, offset=5000)
    assert (beyond.rows, beyond.total) == ([], 3)


async def test_the_seasons_there_are(database: Database) -> None:
    async with database.read() as session:
        assert await list_seasons(session) == []
    await store(
        database,
        *people(1, 2),
        *(standing(1, season=each) for each in ("2025-12", "2026-02", "all")),
        standing(2, season="2026-02"),
    )
    async with database.read() as session:
        assert await list_seasons(session) == ["2026-02", "2025-12"]


async def test_a_season_that_is_none_is_refused(database: Database) -> None:
    with pytest.raises(UnknownSeason):
        await board(database, BoardName.FORECASTERS, season="last spring")
