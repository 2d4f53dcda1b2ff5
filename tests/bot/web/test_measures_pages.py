from bot.app import App
from storage.tables import PostMeasures
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor, visiting


async def test_measures_of_the_board(
    app: App, clock: FakeClock, ann: Visitor, bob: Visitor, post_id: int
) -> None:
    assert "Nothing to measure yet" in (await bob.page("/measures"))[1]
    await bob.vote(post_id, 1)
    await bob.page(f"/posts/{post_id}")
    await bob.page(f"/posts/{post_id}")
    clock.forward(10)
    await ann.page(f"/posts/{post_id}")
    async with visiting(bob.url) as cleo:
        await cleo.page(f"/posts/{post_id}")
    clock.forward(1800)
    await app.jobs.run_due()
    status, page = await bob.page("/measures")
    assert status == 200
    assert "people who reacted" in page
    assert "views on the board" in page
    assert "judged by score" in page
    assert f'<a href="/posts/{post_id}"' in page
    async with app.core.database.read() as session:
        known = await session.get_one(PostMeasures, post_id)
        assert (known.score, known.reactors, known.guesses, known.views) == (1.0, 1, 0, 2)
