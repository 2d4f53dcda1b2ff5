import asyncio

import pytest

from bot.app import App
from bot.notices import NoticeKind, add_notice
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor


async def test_without_a_label_there_is_nothing_to_count(bob: Visitor, post_id: int) -> None:
    status, page = await bob.page("/stats")
    assert status == 200
    assert "Nothing to count in this time" in page
    assert (await bob.page("/stats.png"))[0] == 404


async def test_labels_are_counted_and_drawn(
    app: App, clock: FakeClock, bob: Visitor, post_id: int
) -> None:
    clock.forward(1800)
    await app.jobs.run_due()
    _, page = await bob.page("/stats?days=7")
    assert "1 post had a reply." in page
    assert "0 were in the silent share, predicted in secret." in page
    assert "champion" in page
    charts = await asyncio.gather(*(picture(bob, "/stats.png?days=7") for _ in range(3)))
    assert charts[0].startswith(b"\x89PNG")
    assert len(set(charts)) == 1


async def picture(visitor: Visitor, path: str) -> bytes:
    async with visitor.session.get(visitor.url + path) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        return await answer.read()


@pytest.mark.parametrize("days", ["0", "8", "-7", "1e2", "", "٧"])
async def test_other_spans_are_not_counted(bob: Visitor, days: str) -> None:
    assert (await bob.page(f"/stats?days={days}"))[0] == 400


async def test_admins_find_notices_beside_the_models(app: App, bob: Visitor) -> None:
    async with app.core.database.write() as session:
        add_notice(session, NoticeKind.TRAINING, "Kept: <not> better.", now=app.core.clock())
    _, page = await bob.page("/models")
    assert "Kept: &lt;not&gt; better." in page
