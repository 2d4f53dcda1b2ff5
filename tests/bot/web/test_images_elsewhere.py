"""A board whose images are in an object store."""

from pathlib import Path

import pytest
from PIL import Image as Pillow
from sqlalchemy import func, select

from bot.app import App
from bot.people.erasure import forget_person
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.objects.faults import ObjectStoreFault
from storage.objects.remote_image_store import RemoteImageStore
from storage.tables import Author, Image, Post, PostImage
from storage.types import PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.object_store import FakeObjectStore, Fault
from tests.fakes.platform import incoming
from tests.fakes.visitor import PICTURE, Visitor
from tests.fixtures import images

SIGNED = 10.0


@pytest.fixture
def settings(
    settings: Settings, object_store: FakeObjectStore, request: pytest.FixtureRequest
) -> Settings:
    own = {"images_url": "s3://pictures", "signed_url_minutes": getattr(request, "param", 0.0)}
    return settings.model_copy(update=own)


def images_in(object_store: FakeObjectStore) -> dict[str, bytes]:
    """What there is of images, by key: models are there, too."""
    objects = object_store.objects().items()
    return {key: data for key, data in objects if key.startswith(("images/", "public/"))}


async def sha256_of(app: App, image_id: int = 1) -> str:
    async with app.core.database.read() as session:
        return (await session.get_one(Image, image_id)).sha256


async def test_the_board_delivers_what_is_in_the_store(
    ann: Visitor, app: App, post_id: int, object_store: FakeObjectStore, data_dir: Path
) -> None:
    sha256 = await sha256_of(app)
    assert images_in(object_store) == {f"images/{sha256[:2]}/{sha256}": PICTURE}
    assert not (data_dir / "images").exists()
    for copies in (1, 0):
        if not copies:
            app.core.images.path(sha256).unlink()
        async with ann.session.get(f"{ann.url}/images/1") as answer:
            assert (answer.status, await answer.read()) == (200, PICTURE)
    object_store.lose(f"images/{sha256[:2]}/{sha256}")
    app.core.images.path(sha256).unlink()
    assert (await ann.page("/images/1"))[0] == 404


async def test_nothing_is_posted_and_the_visitor_is_told_while_the_store_refuses(
    ann: Visitor, app: App, board: WebPlatform, object_store: FakeObjectStore
) -> None:
    object_store.faults.append(Fault("PUT", status=403, code="AccessDenied"))
    status, content = await ann.post()
    assert status == 503
    assert content["error"] == (
        "The image could not be stored (the keys may not do this in the object store (403));"
        " nothing was posted."
    )
    async with app.core.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Post)) == 0
    object_store.faults.clear()
    assert (await ann.post())[0] == 201


async def test_a_post_waits_while_the_store_is_away(
    app: App, clock: FakeClock, object_store: FakeObjectStore
) -> None:
    post_id = await app.pipeline.accept(
        PlatformName.REDDIT, incoming("a", PICTURE, posted_at=clock())
    )
    assert post_id is not None
    async with app.core.database.read() as session:
        source = (await session.scalars(select(PostImage.source))).one()
    app.core.images.path(source.removeprefix("sha256:")).unlink()
    object_store.faults.append(Fault("GET", status=403, code="AccessDenied"))
    with pytest.raises(ObjectStoreFault) as raised:
        await app.pipeline.advance(post_id)
    await app.pipeline.retry_after_fault(post_id, raised.value)
    async with app.core.database.read() as session:
        post = await session.get_one(Post, post_id)
        assert (post.state, post.tries) == (PostState.SEEN, 1)
        assert post.due_at is not None
        assert post.due_at > clock()
    object_store.faults.clear()
    await app.pipeline.advance(post_id)
    async with app.core.database.read() as session:
        assert (await session.get_one(Post, post_id)).predicted_at is not None


@pytest.mark.parametrize("settings", [SIGNED], indirect=True)
async def test_the_store_delivers_copies_that_say_nothing_of_the_camera(
    ann: Visitor, app: App, board: WebPlatform, object_store: FakeObjectStore, clock: FakeClock
) -> None:
    exif = Pillow.Exif()
    exif[0x010F] = "A camera of Ann's"
    picture = images.encode(images.photo(), "JPEG", exif=exif)
    assert b"A camera of Ann's" in picture
    assert (await ann.post(image=picture))[0] == 201
    await board.tasks.idle()
    for _ in range(2):
        async with ann.session.get(f"{ann.url}/images/1") as answer:
            assert answer.status == 200
            assert answer.url.host == "127.0.0.1"
            assert str(answer.url).startswith(f"{object_store.url}/pictures/public/")
            assert answer.headers["Content-Type"] == "image/jpeg"
            delivered = await answer.read()
        assert b"A camera of Ann's" not in delivered
        assert delivered[:2] == picture[:2]
    async with ann.session.get(f"{ann.url}/") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert f"img-src 'self' {object_store.url} blob:" in policy
    assert {key.partition("/")[0] for key in images_in(object_store)} == {"images", "public"}
    async with app.core.database.read() as session:
        person = (await session.scalars(select(Author.hash))).one()
    await forget_person(
        app.core.database,
        platform=PlatformName.WEB, person=person, images=app.core.images, now=clock(),
    )  # fmt: skip
    assert images_in(object_store) == {}
    assert isinstance(app.core.images, RemoteImageStore)
    assert list(app.core.images.files()) == []
    assert (await ann.page("/images/1"))[0] == 404


async def test_monitors_are_told_of_a_store_that_cannot_be_used(
    ann: Visitor, object_store: FakeObjectStore, app: App, board: WebPlatform
) -> None:
    object_store.faults.append(Fault("PUT", status=403, code="AccessDenied"))
    status, content = await ann.json("/healthz")
    assert status == 503
    assert content["parts"]["object store"] == {
        "state": "trouble",
        "sentence": "The keys may not do this in the object store s3://pictures (403). Give them"
        " the right to list, read, write and delete objects there. Until then posts wait.",
    }
    asked = len(object_store.requests)
    assert app.readiness.look is not None
    app.readiness._found = None
    assert (await ann.json("/healthz"))[0] == 503
    assert len(object_store.requests) == asked
