from datetime import timedelta

from sqlalchemy import select

from bot.people.consent import has_opted_out, opt_in, opt_out
from storage.engine.database import Database
from storage.tables import Guess, ImagelessPost, Post
from storage.types import PlatformName, PostState
from tests.bot.people.two_people import ANN, BOB, everything
from tests.fixtures.rows import LATER


async def test_opting_out_withdraws_what_waits(filled: Database) -> None:
    done = await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    assert (done.newly, done.withdrawn) == (True, 1)
    async with filled.read() as session:
        states = dict(list(await session.execute(select(Post.id, Post.state))))
        guesses = list(await session.execute(select(Guess.author_id, Guess.post_id)))
        assert await has_opted_out(session, PlatformName.REDDIT, ANN)
        assert not await has_opted_out(session, PlatformName.REDDIT, BOB)
    assert states == {
        1: PostState.SETTLING, 2: PostState.WITHDRAWN, 3: PostState.SETTLING, 4: PostState.SEEN,
    }  # fmt: skip
    async with filled.read() as session:
        query = select(ImagelessPost.id).where(ImagelessPost.due_at.is_not(None))
        assert (await session.scalars(query)).all() == [3]
    # Her guess that was scored stays scored; the one that waits is gone; Bob's are his.
    assert sorted(guesses) == [(1, 3), (2, 1), (2, 2)]


async def test_opting_out_twice_changes_nothing_more(filled: Database) -> None:
    await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    before = await everything(filled)
    again = await opt_out(
        filled, platform=PlatformName.REDDIT, person=ANN, now=LATER + timedelta(days=1)
    )
    assert (again.newly, again.withdrawn) == (False, 0)
    assert await everything(filled) == before


async def test_a_stranger_can_opt_out_and_in(database: Database) -> None:
    assert not await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    assert (await opt_out(database, platform=PlatformName.REDDIT, person=ANN, now=LATER)).newly
    assert await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    assert not await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    async with database.read() as session:
        assert not await has_opted_out(session, PlatformName.REDDIT, ANN)


async def test_opting_out_is_for_one_platform(filled: Database) -> None:
    await opt_out(filled, platform=PlatformName.DISCORD, person=ANN, now=LATER)
    async with filled.read() as session:
        assert not await has_opted_out(session, PlatformName.REDDIT, ANN)
