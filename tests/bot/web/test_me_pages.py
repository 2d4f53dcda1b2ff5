import pytest
from sqlalchemy import func, select

from bot.app import App
from storage.tables import Author, Guess, Post, Vote
from storage.types import PostState
from tests.bot.web.test_guess_form import guess
from tests.fakes.visitor import Visitor


async def wish(visitor: Visitor, **form: str) -> int:
    async with visitor.send("/me", form) as answer:
        return answer.status


async def test_a_stranger_learns_that_nothing_is_stored(bob: Visitor) -> None:
    status, page = await bob.page("/me")
    assert status == 200
    assert "Nothing yet" in page
    assert await bob.json("/me.json") == (200, {})


async def test_everything_can_be_taken_along(bob: Visitor, post_id: int) -> None:
    await bob.vote(post_id, 1)
    await guess(bob, post_id, "high")
    _, stored = await bob.json("/me.json")
    assert len(stored["votes"]) == len(stored["guesses"]) == 1
    _, page = await bob.page("/me")
    assert "Download all of it" in page


async def test_opting_out_and_in_again(app: App, ann: Visitor, post_id: int) -> None:
    assert await wish(ann, wish="opt-out") == 303
    async with app.core.database.read() as session:
        post = await session.get_one(Post, post_id)
        assert post.state is PostState.WITHDRAWN
    _, page = await ann.page("/me")
    assert "You opted out" in page
    assert await wish(ann, wish="opt-in") == 303
    _, page = await ann.page("/me")
    assert "You opted out" not in page


async def test_forgetting_has_to_be_meant(app: App, bob: Visitor, post_id: int) -> None:
    await bob.vote(post_id, 1)
    await guess(bob, post_id, "low")
    assert await wish(bob, wish="forget") == 400
    assert await wish(bob, wish="forget", sure="yes") == 303
    async with app.core.database.read() as session:
        for table in (Vote, Guess):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
        # The post's author is still there.
        assert await session.scalar(select(func.count()).select_from(Author)) == 1
    assert await bob.json("/me.json") == (200, {})


@pytest.mark.parametrize("form", [{}, {"wish": "fame"}, {"sure": "yes"}])
async def test_other_wishes_are_not_granted(bob: Visitor, form: dict[str, str]) -> None:
    assert await wish(bob, **form) == 400
