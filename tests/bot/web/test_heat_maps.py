import io

import pytest
from PIL import Image

from bot.app import App
from bot.settings import Settings
from tests.fakes.visitor import Visitor


async def test_a_prediction_comes_with_what_drove_it(bob: Visitor, post_id: int) -> None:
    _, page = await bob.page(f"/posts/{post_id}")
    assert f'src="/posts/{post_id}/heat.png"' in page
    async with bob.session.get(f"{bob.url}/posts/{post_id}/heat.png") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        with Image.open(io.BytesIO(await answer.read())) as picture:
            assert picture.format == "PNG"


async def test_nothing_drives_what_is_not_there(app: App, bob: Visitor, post_id: int) -> None:
    assert (await bob.page(f"/posts/{post_id + 1}/heat.png"))[0] == 404
    for path in app.core.images.files():
        path.unlink()
    assert (await bob.page(f"/posts/{post_id}/heat.png"))[0] == 404


class TestSecret:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"silent_share": 1})

    async def test_a_secret_is_not_painted_either(self, bob: Visitor, post_id: int) -> None:
        assert (await bob.page(f"/posts/{post_id}/heat.png"))[0] == 404
