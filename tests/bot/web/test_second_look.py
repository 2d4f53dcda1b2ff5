"""Where a post is heading, on its card."""

from bot.app import App
from models.percentiles import MIN_LABELS
from storage.tables import Label, Nowcast, Post
from storage.types import PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import row

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


async def test_a_card_says_what_that_would_beat(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await look_twice(app, clock, post_id)
    async with app.core.database.write() as session:
        board = (await session.get_one(Post, post_id)).community_id
        for number in range(MIN_LABELS):
            session.add(
                row(
                    Post, id=1000 + number, source_id=f"old{number}", community_id=board,
                    platform=PlatformName.WEB, author_id=None, state=PostState.SETTLING,
                    predicted_at=clock(), due_at=None,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                row(
                    Label, post_id=1000 + number, community_id=board, score=2.0,
                    matured_at=clock(), written_at=clock(),
                )
            )  # fmt: skip
    clock.forward(601)
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert post["heading"].startswith(f"{HEADING} That would beat 98% of the recent posts in ")
