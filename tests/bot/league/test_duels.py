"""Duels in the tables: what is refused, and who earns what."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.league.duels import (
    DuelRefused,
    can_be_settled,
    duel_players,
    newest_pair,
    open_duel,
    place_duel_guess,
    settle_duels,
    sides,
)
from bot.league.guesses import GuessRefused
from storage.engine.database import Database
from storage.engine.scopes import DUELS
from storage.tables import Community, Duel, Label, Post
from storage.types import DuelState, PlatformName, PostState
from tests.fixtures.rows import MOMENT, row

ANN, BOB = "a" * 64, "b" * 64
CLOSE = MOMENT + timedelta(hours=1)


@pytest.fixture
async def stored(database: Database) -> Database:
    """Six posts of a community on which people may guess."""
    async with database.write() as session:
        session.add(row(Community, id=1))
        await session.flush()
        for number in range(1, 7):
            session.add(
                row(
                    Post, id=number, community_id=1, source_id=str(number), author_id=None,
                    state=PostState.AWAITING_SCORE, predicted_at=MOMENT, posted_at=MOMENT,
                    guessing_closed_at=CLOSE, due_at=CLOSE,
                )
            )  # fmt: skip
    return database


async def label(database: Database, post_id: int, score: float) -> None:
    async with database.write() as session:
        session.add(row(Label, post_id=post_id, community_id=1, score=score))


async def guess(database: Database, duel: Duel, person: str, *, first: bool) -> None:
    await place_duel_guess(
        database, duel.id, platform=PlatformName.REDDIT, person=person, first=first, now=MOMENT
    )


async def settle(database: Database) -> int:
    assert await database.run_read(can_be_settled)
    return await database.run_write(settle_duels, alone_in=[DUELS])


async def test_always_naming_the_same_side_earns_nothing(stored: Database) -> None:
    # One of each is added: before the first duel, both sides are as common.
    for first, second, score in ((1, 2, 5.0), (3, 4, 5.0), (5, 6, 0.0)):
        duel = await open_duel(stored, [second, first], place="7", now=MOMENT)
        await guess(stored, duel, ANN, first=False)
        await guess(stored, duel, ANN, first=True)
        await guess(stored, duel, BOB, first=False)
        await label(stored, first, score)
        assert not await stored.run_read(can_be_settled)
        await label(stored, second, 3.0)
        assert await settle(stored) == 1
        assert not await stored.run_read(can_be_settled)
    async with stored.read() as session:
        duels = list(await session.scalars(select(Duel).order_by(Duel.id)))
    assert [each.first_won for each in duels] == [True, True, False]
    assert [each.base_rate for each in duels] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    players = await stored.run_read(
        lambda session: duel_players(session, community_ids=[1], limit=9)
    )
    # Ann: 1/p - 1 = 1 and 1/2, then -1. Bob: -1 and -1, then 1/(1/4) - 1 = 3.
    assert [(each.person, each.points, each.hits, each.n) for each in players] == [
        (BOB, pytest.approx(1.0), 1, 3), (ANN, pytest.approx(0.5), 2, 3),
    ]  # fmt: skip
    both = await stored.run_read(lambda session: sides(session, duels[0]))
    assert [each.guesses for each in both] == [1, 1]


async def test_a_duel_without_two_scores_is_void(stored: Database) -> None:
    duel = await open_duel(stored, [1, 2], place="7", now=MOMENT)
    await guess(stored, duel, ANN, first=True)
    await label(stored, 1, 5.0)
    async with stored.write() as session:
        post = await session.get_one(Post, 2)
        post.state, post.due_at = PostState.WITHDRAWN, None
    assert await settle(stored) == 1
    async with stored.read() as session:
        assert (await session.get_one(Duel, duel.id)).state is DuelState.VOID
    assert (
        await stored.run_read(lambda session: duel_players(session, community_ids=[1], limit=9))
        == []
    )


async def test_what_is_refused(stored: Database) -> None:
    async with stored.write() as session:
        session.add(row(Community, id=2, source_id="other"))
        await session.flush()
        (await session.get_one(Post, 5)).community_id = 2
        (await session.get_one(Post, 6)).silent = True
    for posts, why in (([1, 1], "same_post"), ([1, 5], "not_here"), ([1, 6], "not_here"),
                       ([1, 99], "not_here")):  # fmt: skip
        with pytest.raises(DuelRefused, match=why):
            await open_duel(stored, posts, place="7", now=MOMENT)
    with pytest.raises(DuelRefused, match="closed"):
        await open_duel(stored, [1, 2], place="7", now=CLOSE)
    assert sorted(await stored.run_read(lambda each: newest_pair(each, 1, MOMENT))) == [3, 4]
    duel = await open_duel(stored, [1, 2], place="7", now=MOMENT)
    for posts in ([1, 3], [2, 4]):
        await open_duel(stored, posts, place="7", now=MOMENT)
    with pytest.raises(DuelRefused, match="had"):
        await open_duel(stored, [2, 1], place="7", now=MOMENT)
    with pytest.raises(DuelRefused, match="too_many"):
        await open_duel(stored, [3, 4], place="7", now=MOMENT)
    place = {"platform": PlatformName.REDDIT, "person": ANN, "first": True}
    with pytest.raises(GuessRefused, match="closed"):
        await place_duel_guess(stored, duel.id, **place, now=CLOSE)  # type: ignore[arg-type]
    with pytest.raises(GuessRefused, match="Bots"):
        await place_duel_guess(stored, duel.id, **place, now=MOMENT, is_bot=True)  # type: ignore[arg-type]
    await place_duel_guess(stored, duel.id, **place, now=MOMENT, most_a_day=1)  # type: ignore[arg-type]
