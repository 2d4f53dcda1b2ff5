import asyncio
import hashlib
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from sqlalchemy import func, select

from bot.app import App
from bot.settings import Settings
from bot.web.platform import WebPlatform
from bot.web.upload import MOST_IMAGES
from storage.tables import Author, Post, PostImage
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor, field_value, upload, visiting
from tests.fixtures import images


async def count_posts(app: App) -> int:
    async with app.core.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(Post))).one()


async def test_a_form_is_answered_with_a_page_on_which_the_prediction_appears(
    ann: Visitor, board: WebPlatform
) -> None:
    _, page = await ann.page("/")
    form = upload(title="Sunset", key=field_value(page, "key"))
    async with ann.send("/posts", form) as answer:
        assert answer.status == 303
        location = answer.headers["Location"]
    await board.tasks.idle()
    status, page = await ann.page(location)
    assert status == 200
    assert "Sunset" in page
    assert 'aria-label="Chances"' in page
    # There is no post there that it could beat.
    assert "Would beat" not in page
    assert 'src="/images/1"' in page


async def test_a_script_is_answered_at_once_and_sees_the_prediction_later(
    ann: Visitor, board: WebPlatform
) -> None:
    status, content = await ann.post(title="Sunset")
    assert status == 201
    assert content["post"]["title"] == "Sunset"
    assert 'class="card' in content["card"]
    await board.tasks.idle()
    _, post = await ann.json(content["post"]["url"] + ".json")
    assert post["stage"] == "predicted"
    assert sum(post["prediction"]["probabilities"].values()) == pytest.approx(1)
    assert post["image"] == "/images/1"


async def test_before_it_is_predicted_a_post_says_that_it_is_looked_at(
    ann: Visitor, board: WebPlatform, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put_off(_: int) -> None:
        pass

    monkeypatch.setattr(app.pipeline.__class__, "advance", lambda _self, each: put_off(each))
    _, content = await ann.post()
    await board.tasks.idle()
    assert content["post"]["stage"] == "looking"
    assert content["post"]["prediction"] is None
    _, page = await ann.page("/")
    assert "Looking…" in page


async def test_the_job_takes_up_a_post_whose_prediction_failed(
    ann: Visitor, board: WebPlatform, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(app.pipeline.__class__, "advance", fail)
        _, content = await ann.post()
        await board.tasks.idle()
    await app.jobs.run_due()
    _, post = await ann.json(content["post"]["url"] + ".json")
    assert post["stage"] == "predicted"


async def test_several_pictures_become_one_post_in_their_order_and_too_many_none(
    ann: Visitor, app: App, board: WebPlatform
) -> None:
    files = [images.encode(images.photo(width), "PNG") for width in (80, 96)]
    form = upload(files[0])
    form.add_field("image", files[1], filename="second.png", content_type="image/png")
    async with ann.send("/posts", form, json=True) as answer:
        assert answer.status == 201
        post_id = (await answer.json())["post"]["id"]
    await board.tasks.idle()
    async with app.core.database.read() as session:
        query = select(PostImage.source).filter_by(post_id=post_id).order_by(PostImage.position)
        sources = [*await session.scalars(query)]
    assert sources == [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in files]
    form = upload()
    for _ in range(MOST_IMAGES):
        form.add_field("image", PICTURE, filename="one.png", content_type="image/png")
    async with ann.send("/posts", form, json=True) as answer:
        assert answer.status == 400
        assert "at most 10 images" in (await answer.json())["error"]
    assert await count_posts(app) == 1


async def test_the_same_form_twice_is_one_post(ann: Visitor, app: App) -> None:
    first = await ann.post(key="0123456789abcdef", title="Once")
    again = await ann.post(key="0123456789abcdef", title="Twice")
    assert first[1]["post"]["id"] == again[1]["post"]["id"]
    assert again[1]["post"]["title"] == "Once"
    assert await count_posts(app) == 1


async def test_a_key_is_its_visitors_own(ann: Visitor, bob: Visitor, app: App) -> None:
    await ann.post(key="0123456789abcdef")
    await bob.post(key="0123456789abcdef")
    assert await count_posts(app) == 2


@pytest.mark.parametrize(
    ("image", "title", "status", "sentence"),
    [
        (b"", "A title", 400, "choose a file"),
        (PICTURE, "", 400, "Give the image a title"),
        (PICTURE, " \n\t\x00 ", 400, "Give the image a title"),
        (PICTURE, None, 400, "Give the image a title"),
        (PICTURE, "x" * 301, 400, "at most 300"),
        (PICTURE, "x" * 20_000, 413, "too long"),
    ],
)
async def test_what_cannot_be_posted_is_refused_with_a_sentence(
    ann: Visitor, app: App, image: bytes, title: str | None, status: int, sentence: str
) -> None:
    refused, content = await ann.post(image, title)
    assert refused == status
    assert sentence in content["error"]
    assert await count_posts(app) == 0


async def test_a_refused_form_comes_back_with_the_title_that_was_typed(ann: Visitor) -> None:
    async with ann.send("/posts", upload(b"", 'My "title"')) as answer:
        assert answer.status == 400
        page = await answer.text()
    assert "choose a file" in page
    assert field_value(page, "title") == "My &#34;title&#34;"


@pytest.mark.parametrize("key", ["short", "x" * 65, "../../etc/passwd", "a b c d e f g h"])
async def test_a_key_that_no_form_of_ours_has_is_refused(ann: Visitor, key: str) -> None:
    status, content = await ann.post(key=key)
    assert status == 400
    assert "key" in content["error"]


class TestSizeLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"max_image_bytes": 100_000})

    async def test_a_file_that_says_that_it_is_too_large_is_not_read(self, ann: Visitor) -> None:
        status, content = await ann.post(bytes(300_000))
        assert status == 413
        assert "too large" in content["error"]

    async def test_a_file_that_does_not_say_how_large_it_is_is_read_up_to_the_cap(
        self, ann: Visitor, app: App
    ) -> None:
        boundary = "frontier"

        async def endless() -> AsyncIterator[bytes]:
            yield (
                f"--{boundary}\r\nContent-Disposition: form-data; name=image; filename=a.png"
                "\r\n\r\n"
            ).encode()
            for _ in range(64):
                yield bytes(2**14)

        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        async with ann.send("/posts", endless(), json=True, **headers) as answer:
            assert answer.status == 413
            assert "too large" in (await answer.json())["error"]
        assert await count_posts(app) == 0


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"hello", 415),
        ("application/x-www-form-urlencoded", b"title=x", 415),
        ("multipart/form-data", b"--x\r\n\r\n", 400),
        ("multipart/form-data; boundary=x", b"no boundary in here", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: nonsense", 400),
    ],
)
async def test_what_is_no_form_is_refused(
    ann: Visitor, content_type: str, body: bytes, status: int
) -> None:
    async with ann.send("/posts", body, json=True, **{"Content-Type": content_type}) as answer:
        assert answer.status == status
        assert (await answer.json())["error"]


async def test_a_file_that_is_no_image_is_refused_in_the_form(ann: Visitor) -> None:
    status, content = await ann.post(images.text(), "A text")
    assert status == 422
    assert "This is a web page, and not an image that can be read" in content["error"]
    async with ann.send("/posts", upload(images.text(), "A text")) as answer:
        page = await answer.text()
    assert answer.status == 422
    assert "This is a web page, and not an image that can be read" in page
    assert 'value="A text"' in page
    assert "Not accepted" not in page


async def test_an_image_whose_pixels_are_damaged_is_shown_as_refused_to_its_author_only(
    ann: Visitor, bob: Visitor, board: WebPlatform
) -> None:
    _, content = await ann.post(images.truncated(), "A text")
    await board.tasks.idle()
    _, page = await ann.page("/")
    assert "Not accepted" in page
    assert "is cut short" in page
    _, others = await bob.page("/")
    assert "A text" not in others
    _, post = await bob.json(content["post"]["url"] + ".json")
    assert post["stage"] == "refused"
    assert post["image"] is None


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }} </title><h1>",
        "javascript:alert(1)",
    ],
)
async def test_markup_in_a_title_is_only_text(ann: Visitor, board: WebPlatform, title: str) -> None:
    _, content = await ann.post(title=title)
    await board.tasks.idle()
    _, cards = await ann.json(f"/cards.json?ids={content['post']['id']}")
    pages = [await ann.page("/"), await ann.page(content["post"]["url"])]
    for html in [cards["cards"][0]["html"], *(page for _, page in pages)]:
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<h1>\n" not in html.split("</head>")[0]
        assert "49 " not in html
    assert content["post"]["title"] == title


@pytest.mark.parametrize(
    "title", ["日本語のタイトル", "مرحبا بالعالم", "👩‍👩‍👧‍👦 family", "é" * 300]
)
async def test_titles_in_any_script_and_of_any_allowed_length(ann: Visitor, title: str) -> None:
    status, content = await ann.post(title=title)
    assert status == 201
    assert content["post"]["title"] == title
    assert title in (await ann.page("/"))[1]


async def test_control_characters_become_spaces(ann: Visitor) -> None:
    _, content = await ann.post(title="  one\r\ntwo\x00three\u2028four  ")
    assert content["post"]["title"] == "one two three four"


async def test_ten_posts_a_minute(ann: Visitor, bob: Visitor, clock: FakeClock) -> None:
    for _ in range(10):
        assert (await ann.post())[0] == 201
    async with ann.send("/posts", upload(), json=True) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "60"
        assert "try again in 60 s" in (await answer.json())["error"]
    assert (await bob.post())[0] == 201
    clock.forward(60)
    assert (await ann.post())[0] == 201


async def test_sixty_posts_a_minute_from_one_address(board: WebPlatform) -> None:
    statuses = []
    for _ in range(7):
        async with visiting(board.url) as visitor:
            for _ in range(9):
                statuses.append((await visitor.post(b""))[0])  # noqa: PERF401
    assert statuses == [400] * 60 + [429] * 3


async def test_a_full_disk_is_said_and_nothing_is_posted(
    ann: Visitor, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(app.core.images.__class__, "put", full)
    status, content = await ann.post()
    assert status == 507
    assert "No space left on device" in content["error"]
    assert await count_posts(app) == 0


async def test_who_asked_to_be_left_out_is_not_posted(
    ann: Visitor, app: App, clock: FakeClock
) -> None:
    await ann.post()
    async with app.core.database.write() as session:
        author = (await session.scalars(select(Author))).one()
        author.opted_out_at = clock()
    status, content = await ann.post()
    assert status == 403
    assert "left out" in content["error"]


async def test_the_visitors_cookie_is_stored_nowhere(
    ann: Visitor, app: App, board: WebPlatform
) -> None:
    await ann.post()
    await board.tasks.idle()
    cookie = next(iter(ann.session.cookie_jar)).value.partition(".")[0]
    assert len(cookie) == 32
    kept = b"".join(path.read_bytes() for path in app.core.settings.data_dir.glob("peoria.db*"))
    assert cookie.encode() not in kept


async def test_a_visitor_who_goes_away_in_the_middle_leaves_nothing(ann: Visitor, app: App) -> None:
    host, port = ann.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /posts HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {ann.url}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nPNG'.encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await ann.page("/"))[0] == 200
    assert await count_posts(app) == 0


async def test_an_image_is_served_without_where_it_was_taken(
    ann: Visitor, board: WebPlatform
) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "SECRET camera"
    exif.get_ifd(0x8825)[29] = "SECRET place"
    file = io.BytesIO()
    images.photo().save(file, "JPEG", exif=exif, comment="SECRET", quality=90)
    assert b"SECRET" in file.getvalue()
    _, content = await ann.post(file.getvalue())
    await board.tasks.idle()
    _, post = await ann.json(content["post"]["url"] + ".json")
    url = ann.url + post["image"]
    async with ann.session.get(url) as answer:
        served = await answer.read()
        assert answer.status == 200
        assert answer.content_type == "image/jpeg"
        assert int(answer.headers["Content-Length"]) == len(served)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"SECRET" not in served
    shown = Image.open(io.BytesIO(served))
    assert dict(shown.getexif()) == {0x0112: 6}
    assert shown.tobytes() == Image.open(file).tobytes()
    headers = {"If-None-Match": answer.headers["ETag"]}
    async with ann.session.get(url, headers=headers) as again:
        assert again.status == 304
    async with ann.session.head(url) as head:
        assert head.headers["Content-Length"] == answer.headers["Content-Length"]
        assert await head.read() == b""


class TestQuota:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"web_posts_a_day": 2})

    async def test_a_person_and_an_address_upload_so_much_a_day(
        self, board: WebPlatform, clock: FakeClock
    ) -> None:
        statuses = []
        for _ in range(5):
            async with visiting(board.url) as visitor:
                for _ in range(3):
                    status, content = await visitor.post()
                    statuses.append(status)
        assert statuses == [201, 201, 429] * 4 + [429] * 3
        assert content["error"] == "That is enough for today: at most 8 uploads a day."
        clock.forward(24 * 3600)
        async with visiting(board.url) as visitor:
            assert (await visitor.post())[0] == 201


class TestRoom:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"image_store_gb": 1.5 * len(PICTURE) / 2**30})

    async def test_a_full_image_store_is_said_and_nothing_is_stored(
        self, ann: Visitor, app: App
    ) -> None:
        assert (await ann.post())[0] == 201
        status, content = await ann.post(PICTURE + b" ")
        assert status == 507
        assert "PEORIA_IMAGE_STORE_GB" in content["error"]
        assert await count_posts(app) == 1
        assert len([*app.core.images.files()]) == 1


async def test_files_of_refused_uploads_are_removed(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform
) -> None:
    for visitor in (ann, bob, ann):
        assert (await visitor.post(images.truncated()))[0] == 201
    assert (await ann.post())[0] == 201
    await board.tasks.idle()
    assert [each.read_bytes() for each in app.core.images.files()] == [PICTURE]
    _, page = await ann.page("/")
    assert "Not accepted" in page


async def test_what_browsers_cannot_show_is_drawn_anew(ann: Visitor, board: WebPlatform) -> None:
    file = io.BytesIO()
    images.photo().save(file, "TIFF", tiffinfo={270: "SECRET description", 315: "SECRET author"})
    assert b"SECRET" in file.getvalue()
    _, content = await ann.post(file.getvalue())
    await board.tasks.idle()
    _, post = await ann.json(content["post"]["url"] + ".json")
    async with ann.session.get(ann.url + post["image"]) as answer:
        served = await answer.read()
        assert answer.content_type == "image/jpeg"
    assert b"SECRET" not in served
    assert Image.open(io.BytesIO(served)).size == images.photo().size
