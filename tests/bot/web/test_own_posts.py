import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.serving import expert_panel
from bot.web.platform import WebPlatform
from storage.objects.faults import ObjectStoreFault
from storage.tables import Community, Image, Label, Post, PostImage
from storage.types import Bucket, PostState
from tests.bot.web.test_me_pages import wish
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import row


async def send(visitor: Visitor, path: str, **form: str) -> int:
    async with visitor.send(path, form) as answer:
        return answer.status


async def image_of(app: App, post_id: int) -> Image:
    async with app.core.database.read() as session:
        query = select(Image).join(PostImage).where(PostImage.post_id == post_id)
        return (await session.scalars(query)).one()


async def test_a_title_is_changed_until_somebody_votes(
    ann: Visitor, bob: Visitor, post_id: int
) -> None:
    path = f"/posts/{post_id}/title"
    assert await send(bob, path, title="Mine") == 403
    assert await send(ann, path, title=" ") == 400
    assert await send(ann, path, title="Another <title>") == 303
    _, page = await bob.page(f"/posts/{post_id}")
    assert "Another &lt;title&gt;" in page
    assert "Your post" not in page
    _, page = await ann.page(f"/posts/{post_id}")
    assert 'name="title"' in page
    await bob.vote(post_id, 1)
    assert await send(ann, path, title="A third") == 409
    _, page = await ann.page(f"/posts/{post_id}")
    assert 'name="title"' not in page


async def test_a_deleted_post_leaves_nothing_to_see_and_gets_no_label(
    app: App, ann: Visitor, bob: Visitor, post_id: int
) -> None:
    path = f"/posts/{post_id}/delete"
    assert await send(ann, path) == 400
    assert await send(bob, path, sure="yes") == 403
    sha256 = (await image_of(app, post_id)).sha256
    assert await send(ann, path, sure="yes") == 303
    assert (await bob.page(f"/posts/{post_id}"))[0] == 404
    assert "A title" not in (await bob.page("/"))[1]
    async with app.core.database.read() as session:
        post = await session.get_one(Post, post_id)
    assert (post.title, post.state) == ("", PostState.WITHDRAWN)
    assert (await image_of(app, post_id)).dropped_at is not None
    assert not app.core.images.path(sha256).exists()
    assert await send(ann, path, sure="yes") == 403


async def test_a_deleted_post_leaves_no_picture_that_was_not_looked_at_yet(
    app: App, ann: Visitor, post_id: int
) -> None:
    sha256 = app.core.images.put(b"a picture that waits")
    async with app.core.database.write() as session:
        place = await session.get_one(PostImage, (post_id, 0))
        place.image_id, place.source = None, f"sha256:{sha256}"
    assert await send(ann, f"/posts/{post_id}/delete", sure="yes") == 303
    assert not app.core.images.path(sha256).exists()
    async with app.core.database.read() as session:
        assert (await session.get_one(PostImage, (post_id, 0))).source == ""


async def test_a_post_that_is_deleted_while_it_is_looked_at_leaves_no_picture(
    app: App, board: WebPlatform, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, go = expert_panel.ask_experts, threading.Event()

    def ask_later(*arguments: Any, **options: Any) -> Any:
        assert go.wait(60)
        return ask(*arguments, **options)

    monkeypatch.setattr(expert_panel, "ask_experts", ask_later)
    try:
        _, content = await ann.post()
        post_id = int(content["post"]["id"])
        deleting = asyncio.create_task(send(ann, f"/posts/{post_id}/delete", sure="yes"))
        async with asyncio.timeout(30):
            while await state_of(app, post_id) is not PostState.WITHDRAWN:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        go.set()
    assert await deleting == 303
    await board.tasks.idle()
    async with app.core.database.read() as session:
        assert (await session.get_one(PostImage, (post_id, 0))).image_id is None
        assert not (await session.scalars(select(Image))).all()


async def state_of(app: App, post_id: int) -> PostState:
    async with app.core.database.read() as session:
        return (await session.get_one(Post, post_id)).state


async def test_a_post_is_deleted_while_the_object_store_is_away(
    app: App, ann: Visitor, post_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(sha256: str) -> None:
        raise ObjectStoreFault("the object store {url} is away", "Wait.", url="s3://pictures")

    monkeypatch.setattr(app.core.images, "drop", away)
    assert await send(ann, f"/posts/{post_id}/delete", sure="yes") == 303
    assert (await image_of(app, post_id)).dropped_at is not None


async def test_a_label_and_an_image_that_others_need_stay(
    app: App, board: WebPlatform, ann: Visitor, bob: Visitor, post_id: int
) -> None:
    status, content = await bob.post(title="The same picture")
    assert status == 201, content
    await board.tasks.idle()
    async with app.core.database.write() as session:
        post = await session.get_one(Post, post_id)
        post.state, post.due_at = PostState.SETTLING, None
        session.add(row(Label, post_id=post_id, community_id=post.community_id, bucket=Bucket.HIGH))
    assert await send(ann, f"/posts/{post_id}/delete", sure="yes") == 303
    async with app.core.database.read() as session:
        assert await session.get(Label, post_id) is not None
    image = await image_of(app, post_id)
    assert image.dropped_at is None
    assert app.core.images.path(image.sha256).exists()


async def show_board(app: App, on_site: bool | None) -> None:
    async with app.core.database.write() as session:
        (await session.scalars(select(Community))).one().on_site = on_site


async def test_a_page_is_seen_by_others_only_as_long_as_its_person_wishes(
    app: App, ann: Visitor, bob: Visitor, post_id: int
) -> None:
    assert "/people/" not in (await ann.page("/me"))[1]
    assert await wish(ann, wish="show") == 303
    page = (await ann.page("/me"))[1]
    path = "/people/" + page.split('href="/people/')[1].split('"')[0]
    status, seen = await bob.page(path)
    assert status == 200
    assert "A title" in seen
    await show_board(app, False)
    assert "A title" not in (await bob.page(path))[1]
    await show_board(app, None)
    assert "A title" in (await bob.page(path))[1]
    assert await wish(ann, wish="hide") == 303
    assert (await bob.page(path))[0] == 404
    assert (await ann.page(path))[0] == 200
