"""Where a post is heading, on its card."""

from bot.app import App
from storage.tables import Nowcast
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor

HEADING = "Now heading for 12, most likely 3 to 40."


async def look_twice(app: App, clock: FakeClock, post_id: int) -> None:
    async with app.core.database.write() as session:
        for reading, median in ((600, 12.2), (300, 99.0)):
            session.add(
                Nowcast(
                    post_id=post_id, reading=reading, made_at=clock(), score_p10=2.9,
                    score_median=median, score_p90=999.0 if median > 50 else 40.4,
                )
            )  # fmt: skip


async def test_a_card_says_where_its_post_is_heading_once_guessing_has_closed(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await look_twice(app, clock, post_id)
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert post["heading"] is None
    clock.forward(601)
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert post["heading"] == HEADING
    for path in ("/", f"/posts/{post_id}"):
        _, page = await ann.page(path)
        assert HEADING in page


async def test_a_post_that_has_arrived_is_heading_nowhere(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await look_twice(app, clock, post_id)
    clock.forward(1801)
    while await app.jobs.run_due():
        pass
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert (post["stage"], post["heading"]) == ("final", None)
