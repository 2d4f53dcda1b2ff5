from bot.app import App
from bot.web.services import COMMUNITY
from storage.types import PlatformName
from tests.fakes.visitor import Visitor
from tests.fixtures.labelled_looks import store_labelled_looks


async def test_without_anything_that_is_said(bob: Visitor) -> None:
    status, page = await bob.page("/plays")
    assert status == 200
    assert "There is no community yet" in page or "more are needed" in page


async def test_what_plays_is_shown_for_each_community(app: App, bob: Visitor) -> None:
    board = await store_labelled_looks(
        app.core.database, 80, platform=PlatformName.WEB, source_id=COMMUNITY, name="Our <board>"
    )
    few = await store_labelled_looks(
        app.core.database, 3, platform=PlatformName.WEB, source_id="second", name="Second"
    )
    hidden = await store_labelled_looks(
        app.core.database, 1, platform=PlatformName.DISCORD, source_id="9", name="#secret"
    )
    _, page = await bob.page(f"/plays?community={board}")
    assert "stands out" in page
    assert "<svg" in page
    assert "Our &lt;board&gt;" in page
    assert "#secret" not in page
    _, page = await bob.page(f"/plays?community={few}")
    assert "47 more are needed" in page
    for asked in (str(hidden), "0", "x", "-1", "9" * 30, "٧"):
        assert (await bob.page(f"/plays?community={asked}"))[0] == 404
