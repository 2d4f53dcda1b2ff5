import io
import re

import aiohttp
from PIL import Image
from sqlalchemy import select

from bot.app import App
from bot.web.platform import WebPlatform
from storage.tables import CaptionChoice
from tests.fakes.visitor import PICTURE, Visitor, visiting


def form(caption: str, image: bytes = PICTURE) -> aiohttp.FormData:
    found = aiohttp.FormData()
    found.add_field("image", image, filename="picture.png", content_type="image/png")
    found.add_field("title", "My meme")
    found.add_field("caption", caption)
    return found


async def test_a_meme_is_made_downloaded_and_posted(
    ann: Visitor, board: WebPlatform, app: App
) -> None:
    status, page = await ann.page("/meme")
    assert (status, "Find captions" in page) == (200, True)
    async with ann.send("/meme", form("top|<b>bottom</b>\nanother one")) as answer:
        assert answer.status == 200
        page = await answer.text()
    assert "<b>bottom" not in page
    tokens = re.findall(r'src="/meme/([0-9a-f]{32})"', page)
    assert len(tokens) == 2
    async with ann.session.get(f"{ann.url}/meme/{tokens[0]}?download") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert Image.open(io.BytesIO(await answer.read())).width >= 320
    async with ann.send(f"/meme/{tokens[0]}/post", {"title": "My meme"}) as answer:
        assert answer.status == 303
        where = answer.headers["Location"]
    await board.tasks.idle()
    _, page = await ann.page(where)
    assert "My meme" in page
    # What was offered and chosen is kept: captions are ranked by what comes of it.
    async with app.core.database.read() as session:
        (choice,) = await session.scalars(select(CaptionChoice))
    assert where.endswith(f"/posts/{choice.post_id}")
    assert {each["text"] for each in choice.offered} == {"top / <b>bottom</b>", "another one"}
    assert choice.chosen == 0


async def test_nobody_else_sees_a_meme_that_is_not_posted(ann: Visitor, board: WebPlatform) -> None:
    async with ann.send("/meme", form("mine")) as answer:
        token = re.findall(r'src="/meme/([0-9a-f]{32})"', await answer.text())[0]
    async with visiting(board.url) as bob:
        assert (await bob.page(f"/meme/{token}"))[0] == 404
        async with bob.send(f"/meme/{token}/post", {"title": "x"}) as answer:
            assert answer.status == 404


async def test_what_cannot_be_used_is_a_sentence_on_the_page(ann: Visitor) -> None:
    for caption, image, words in (
        ("x" * 2_001, PICTURE, "at most 2,000"),
        ("fine", b"no picture", "image"),
        ("\n".join("abcdef"), PICTURE, "at most 5 captions"),
    ):
        async with ann.send("/meme", form(caption, image)) as answer:
            assert answer.status in (400, 422)
            assert words in await answer.text()
