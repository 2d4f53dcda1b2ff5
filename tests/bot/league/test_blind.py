from datetime import timedelta

import pytest

from bot.league.blind import has_viewed, note_view
from bot.league.guesses import place_guess
from storage.engine.database import Database
from storage.types import Bucket, PlatformName
from tests.fixtures.rows import MOMENT, one_post

BOB, CAT = "b" * 64, "c" * 64


@pytest.fixture
async def stored(database: Database) -> Database:
    """A post that may be guessed on for an hour."""
    async with database.write() as session:
        rows = one_post()
        session.add_all(rows)
        for each in rows:
            if each.__tablename__ == "posts":
                each.guessing_closed_at = MOMENT + timedelta(hours=1)
    return database


async def viewed(database: Database, person: str) -> bool:
    async with database.read() as session:
        return await session.run_sync(
            has_viewed, post_id=1, platform=PlatformName.REDDIT, person=person
        )


async def blind(database: Database, person: str) -> bool:
    guess = await place_guess(
        database, post_id=1, platform=PlatformName.REDDIT, person=person, bucket=Bucket.LOW,
        blind=True, now=MOMENT,
    )  # fmt: skip
    return guess.blind


async def test_a_person_who_viewed_the_prediction_does_not_guess_blindly(stored: Database) -> None:
    assert not await viewed(stored, BOB)
    for _ in range(2):
        await note_view(stored, post_id=1, platform=PlatformName.REDDIT, person=BOB, now=MOMENT)
    assert await viewed(stored, BOB)
    assert not await blind(stored, BOB)
    assert not await viewed(stored, CAT)
    assert await blind(stored, CAT)
