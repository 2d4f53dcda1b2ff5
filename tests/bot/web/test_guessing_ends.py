"""Votes that give the answer away end guessing on the board at once."""

from sqlalchemy import select

from bot.app import App
from bot.web.platform import WebPlatform
from storage.tables import Community
from tests.fakes.visitor import Visitor, visiting


async def bound(app: App, score: int | None) -> None:
    async with app.core.database.write() as session:
        for community in await session.scalars(select(Community)):
            community.guess_score = score


async def test_a_score_at_the_bound_closes_guessing(
    app: App, board: WebPlatform, bob: Visitor, post_id: int
) -> None:
    await bound(app, 2)
    _, content = await bob.vote(post_id, 1)
    assert content["post"]["guesses"]["closes_at"] is not None
    async with visiting(board.url) as cid:
        _, content = await cid.vote(post_id, 1)
        assert content["post"]["guesses"]["closes_at"] is None
        # Taking the vote back does not open it again.
        _, content = await cid.vote(post_id, 0)
        assert content["post"]["guesses"]["closes_at"] is None


async def test_without_a_bound_only_the_age_closes_guessing(
    app: App, bob: Visitor, post_id: int
) -> None:
    await bound(app, None)
    _, content = await bob.vote(post_id, 1)
    assert content["post"]["guesses"]["closes_at"] is not None
