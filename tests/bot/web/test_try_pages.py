"""Try it: pictures are ranked without being posted."""

import re

import aiohttp
from sqlalchemy import func, select

from bot.app import App
from bot.web.platform import WebPlatform
from storage.tables import Community, Image, Post
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor
from tests.fixtures.images import encode, photo

OTHER = encode(photo(200, 60), "PNG")


def form(*pictures: tuple[str, bytes], **fields: str) -> aiohttp.FormData:
    found = aiohttp.FormData()
    # As a browser does where nothing is chosen.
    found.add_field("image", b"", filename="", content_type="application/octet-stream")
    for name, data in pictures:
        found.add_field("image", data, filename=name, content_type="image/png")
    for name, value in fields.items():
        found.add_field(name, value)
    return found


async def tried(visitor: Visitor, sent: aiohttp.FormData, path: str = "/try") -> tuple[int, str]:
    async with visitor.send(path, sent) as answer:
        return answer.status, await answer.text()


async def test_pictures_and_titles_are_ranked_side_by_side(ann: Visitor, app: App) -> None:
    assert "Try it" in (await ann.page("/try"))[1]
    sent = form(
        ("one.png", PICTURE), ("two.png", OTHER), ("bad.png", b"no picture"),
        titles="Monday\n\n<i>WHY?!</i>", hours="on",
    )  # fmt: skip
    status, page = await tried(ann, sent)
    assert status == 200
    assert page.count('src="data:image/jpeg;base64,') == 4
    beats = [
        float(each) for each in re.findall(r'<meter min="0" max="1" value="([0-9.e-]+)"', page)
    ]
    assert len(beats) == 4
    assert beats == sorted(beats, reverse=True)
    assert "<i>WHY" not in page
    assert "&lt;i&gt;WHY?!" in page
    assert page.count("bad.png: ") == 1
    for words in ("How far to trust this", "is not known", "When to post"):
        assert words in page
    async with app.core.database.read() as session:
        for table in (Post, Image):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_what_cannot_be_tried_is_a_sentence_in_the_form(ann: Visitor) -> None:
    one = ("one.png", PICTURE)
    for sent, status, words in (
        (form(titles="Kept"), 400, "Choose a picture"),
        (form(("bad.png", b"no picture")), 422, "bad.png: "),
        (form(one, titles="\n".join("abcdefghijk")), 400, "more than the 10"),
        (form(one, titles="x" * 301), 400, "at most 300 characters"),
        (form(addresses="http://127.0.0.1/a.png"), 422, "private address"),
        (form(addresses="file:///etc/passwd"), 422, "not a web address"),
    ):
        answered, page = await tried(ann, sent)
        assert (answered, words in page) == (status, True), words
    async with ann.send("/try", {"titles": "x"}) as answer:
        assert answer.status in (415, 429)


async def test_a_prediction_that_is_kept_back_is_not_given_away(
    ann: Visitor, bob: Visitor, board: WebPlatform, app: App, post_id: int, clock: FakeClock
) -> None:
    async with app.core.database.write() as session:
        (await session.scalars(select(Community))).one().blind = True
    clock.forward(1)
    status, page = await tried(bob, form(("other.png", OTHER), ("one.png", PICTURE)))
    assert status == 409
    assert "one.png: People are guessing on this picture here." in page
    assert "data:image" not in page


async def test_only_communities_that_may_be_seen_are_compared(
    ann: Visitor, app: App, post_id: int, clock: FakeClock
) -> None:
    async with app.core.database.write() as session:
        for platform, name in ((PlatformName.DISCORD, "#secret"), (PlatformName.REDDIT, "r/open")):
            session.add(Community(platform=platform, source_id=name, name=name, created_at=clock()))
    status, page = await tried(ann, form(("one.png", OTHER), places="on"))
    assert status == 200
    where = page.partition("Where to post")[2]
    assert "r/open" in where
    assert "#secret" not in page
