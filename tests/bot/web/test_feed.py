import re

import pytest

from bot.app import App
from bot.web.feed import PAGE
from bot.web.platform import WebPlatform
from models.decoding import decode
from storage.tables import Author, Community, Image, Post, PostImage
from storage.types import PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor
from tests.fixtures import images
from tests.fixtures.rows import row


async def fill(app: App, count: int, **changes: object) -> list[int]:
    """Store posts that are being looked at, all of the same moment, the oldest first."""
    async with app.core.database.write() as session:
        session.add(row(Community, platform=PlatformName.WEB, source_id="main", name="Main Street"))
        session.add(row(Author, platform=PlatformName.WEB))
        await session.flush()
        for number in range(1, count + 1):
            values = {"id": number, "platform": PlatformName.WEB, "source_id": f"p{number}"}
            session.add(row(Post, **(values | {"title": f"Title {number}"} | changes)))
    return [*range(1, count + 1)]


def ids_on(page: str) -> list[int]:
    return [int(each) for each in re.findall(r'data-post="(\d+)"', page)]


async def test_an_empty_board_invites(ann: Visitor) -> None:
    status, page = await ann.page("/")
    assert status == 200
    assert "The stage is empty" in page
    assert "after 30 min" in page
    assert ids_on(page) == []


@pytest.mark.parametrize("count", [1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 3])
async def test_page_by_page_every_post_is_shown_once_newest_first(
    ann: Visitor, app: App, count: int
) -> None:
    ids = await fill(app, count)
    seen: list[int] = []
    path: str | None = "/"
    while path:
        _, page = await ann.page(path)
        seen += ids_on(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1] if older else None
    assert seen == ids[::-1]


async def test_the_composer_is_on_the_first_page_only(ann: Visitor, app: App) -> None:
    await fill(app, 2)
    assert "data-composer" in (await ann.page("/"))[1]
    _, page = await ann.page("/?before=2")
    assert "data-composer" not in page
    assert ids_on(page) == [1]
    assert "Nothing older" in (await ann.page("/?before=1"))[1]
    assert "Nothing older" in (await ann.page("/?before=77"))[1]


@pytest.mark.parametrize("before", ["x", "", "-1", "1.5", "9" * 19, "٣"])
async def test_an_address_of_no_page_is_refused(ann: Visitor, before: str) -> None:
    status, page = await ann.page(f"/?before={before}")
    assert status == 400
    assert "not an address" in page


async def test_posts_of_a_channel_that_nobody_chose_to_show_are_not_shown(
    ann: Visitor, app: App, post_id: int
) -> None:
    async with app.core.database.write() as session:
        there = {"id": 50, "platform": PlatformName.DISCORD}
        session.add_all([row(Community, **there), row(Author, **there)])
        await session.flush()
        session.add(row(Post, **there, community_id=50, author_id=50, title="From elsewhere"))
        session.add(row(Image, id=50))
        await session.flush()
        session.add(row(PostImage, post_id=50, image_id=50))
    assert ids_on((await ann.page("/"))[1]) == [post_id]
    assert (await ann.page("/posts/50"))[0] == 404
    assert (await ann.page("/images/50"))[0] == 404
    assert (await ann.page("/communities/50"))[0] == 404
    assert (await ann.page("/stats?community=50"))[0] == 404
    assert (await ann.vote(50, 1))[0] == 404
    assert "From elsewhere" not in (await ann.page("/search?q=elsewhere"))[1]


async def test_a_withdrawn_post_shows_nothing(ann: Visitor, app: App, post_id: int) -> None:
    async with app.core.database.write() as session:
        post = await session.get_one(Post, post_id)
        post.state, post.due_at = PostState.WITHDRAWN, None
    assert ids_on((await ann.page("/"))[1]) == []
    status, page = await ann.page(f"/posts/{post_id}")
    assert status == 200
    assert "Withdrawn" in page
    assert "A title" not in page
    assert (await ann.page("/images/1"))[0] == 404


async def test_cards_are_sent_only_when_something_has_changed(
    ann: Visitor, bob: Visitor, clock: FakeClock, post_id: int
) -> None:
    path = f"/cards.json?ids={post_id}&newest={post_id}"
    async with ann.session.get(ann.url + path) as answer:
        tag = answer.headers["ETag"]
        content = await answer.json()
    assert [card["id"] for card in content["cards"]] == [post_id]
    assert content["newer"] == 0
    # The passing of time alone is the page's own business.
    clock.forward(100)
    assert (await ann.page(path, **{"If-None-Match": tag}))[0] == 304
    await bob.vote(post_id, 1)
    status, changed = await ann.json(path, **{"If-None-Match": tag})
    assert status == 200
    assert changed["cards"][0]["version"] != content["cards"][0]["version"]
    assert f'data-version="{changed["cards"][0]["version"]}"' in changed["cards"][0]["html"]


async def test_new_posts_are_counted(
    ann: Visitor, bob: Visitor, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    clock.forward(1)
    await bob.post()
    await bob.post()
    await bob.post(images.truncated())
    await board.tasks.idle()
    # A refused post is news to its author only.
    assert (await ann.json(f"/cards.json?ids={post_id}&newest={post_id}"))[1]["newer"] == 2
    assert (await bob.json(f"/cards.json?ids={post_id}&newest={post_id}"))[1]["newer"] == 3
    assert (await ann.json("/cards.json?newest="))[1]["newer"] == 3
    assert (await ann.json(f"/cards.json?ids={post_id}"))[1]["newer"] == 0


@pytest.mark.parametrize("ids", ["x", "1,x", "9" * 19, ",".join(["1"] * 61), "1;2", "-1"])
async def test_cards_of_no_posts_are_refused(ann: Visitor, ids: str) -> None:
    status, content = await ann.json(f"/cards.json?ids={ids}")
    assert status == 400
    assert content["error"]


async def test_cards_of_posts_that_are_gone_are_left_out(ann: Visitor, post_id: int) -> None:
    _, content = await ann.json(f"/cards.json?ids={post_id + 5},{post_id},")
    assert [card["id"] for card in content["cards"]] == [post_id]


async def test_an_image_is_served_as_what_it_is(ann: Visitor, post_id: int) -> None:
    async with ann.session.get(f"{ann.url}/images/1") as answer:
        assert answer.status == 200
        assert await answer.read() == PICTURE
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "immutable" in answer.headers["Cache-Control"]


async def test_a_damaged_image_is_not_served_until_it_is_posted_again(
    ann: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    async with app.core.database.read() as session:
        path = app.core.images.path((await session.get_one(Image, 1)).sha256)
    for damage in (b"", PICTURE[:100]):
        path.write_bytes(damage)
        assert (await ann.page("/images/1"))[0] == 404
    assert (await ann.post())[0] == 201
    await board.tasks.idle()
    async with ann.session.get(f"{ann.url}/images/1") as answer:
        assert await answer.read() == PICTURE


async def test_an_image_that_is_not_kept_any_more(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    async with app.core.database.write() as session:
        image = await session.get_one(Image, 1)
        app.core.images.drop(image.sha256)
    assert (await ann.page("/images/1"))[0] == 404
    async with app.core.database.write() as session:
        (await session.get_one(Image, 1)).dropped_at = clock()
    assert (await ann.page("/images/1"))[0] == 404
    _, page = await ann.page("/")
    assert "not kept any more" in page
    assert "/images/1" not in page


async def test_the_address_that_forms_are_posted_to_leads_to_the_board(ann: Visitor) -> None:
    status, page = await ann.page("/posts")
    assert status == 200
    assert "data-composer" in page


async def test_a_picture_says_what_it_shows(ann: Visitor, board: WebPlatform) -> None:
    await ann.post(title='A "quoted" cat')
    await board.tasks.idle()
    _, page = await ann.page("/")
    assert 'alt="A &#34;quoted&#34; cat"' in page
    assert 'width="96" height="64"' in page


@pytest.mark.parametrize("kind", ["HEIF", "TIFF"])
async def test_a_photo_that_browsers_do_not_show_is_served_as_one_that_they_do(
    ann: Visitor, board: WebPlatform, kind: str
) -> None:
    status, _ = await ann.post(image=images.encode(images.photo(), kind))
    assert status == 201
    await board.tasks.idle()
    async with ann.session.get(f"{ann.url}/images/1") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert decode(await answer.read()).format == "JPEG"
