"""Text in stored images is read once, whatever happens."""

import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from sqlalchemy import select, update

from bot.cluster.outcomes import NOT_INSTALLED, Outcome, Quarantined, Refused, Work
from bot.posts.fragment_reader import FRAGMENT, FragmentReader
from bot.posts.ocr_worker import OcrWorker
from models.attributes.text_layout import TextLayout
from models.decoding import ImageUnread, decode
from models.ocr import READ_SIZE, ReadText
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.files.image_store import ImageStore
from storage.queries.batch_jobs import newest_jobs
from storage.tables import Image
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAYOUT = TextLayout(0.25, 0.5, 0.5, 2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'peoria.db'}")
    await upgrade(database)
    yield database
    await database.close()


async def decoded(data: bytes) -> Picture.Image:
    return decode(data, size=READ_SIZE).pixels


def png(colour: str) -> bytes:
    stream = io.BytesIO()
    Picture.new("RGB", (40, 30), colour).save(stream, "PNG")
    return stream.getvalue()


async def store(database: Database, images: ImageStore, data: bytes) -> str:
    sha256 = images.put(data)
    async with database.write() as session:
        session.add(
            Image(
                sha256=sha256,
                format="PNG",
                bytes=len(data),
                width=40,
                height=30,
                phash="0" * 16,
                stored_at=NOW,
            )
        )
    return sha256


async def texts(database: Database) -> dict[str, str | None]:
    async with database.read() as session:
        rows = await session.execute(select(Image.sha256, Image.text))
        return {row.sha256: row.text for row in rows}


async def test_each_image_is_read_once(database: Database, tmp_path: Path) -> None:
    images = ImageStore(tmp_path / "images")
    red = await store(database, images, png("red"))
    blue = await store(database, images, png("blue"))
    read: list[tuple[int, int, int]] = []

    def reader(picture: Picture.Image) -> ReadText:
        pixel = picture.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        read.append((int(pixel[0]), int(pixel[1]), int(pixel[2])))
        return ReadText("such\x00 words", LAYOUT)

    reading = OcrWorker(database, images, lambda: reader, decoded)
    assert await reading.waiting() == 2
    assert await reading.read_next(10) == 2
    assert await reading.read_next(10) == 0
    reading.close()

    assert read == [(0, 0, 255), (255, 0, 0)], "newest first"
    assert await texts(database) == {red: "such words", blue: "such words"}
    async with database.read() as session:
        layouts = await session.scalars(select(Image.text_layout))
    assert {*map(str, layouts)} == {str(LAYOUT.as_json())}


async def test_what_cannot_be_read_is_not_tried_for_ever(
    database: Database, tmp_path: Path
) -> None:
    images = ImageStore(tmp_path / "images")
    gone = await store(database, images, png("red"))
    images.drop(gone)
    broken = await store(database, images, b"not an image")

    reading = OcrWorker(database, images, lambda: lambda _: ReadText("never", LAYOUT), decoded)
    assert await reading.read_next(10) == 2
    assert await reading.waiting() == 0
    reading.close()

    assert await texts(database) == {gone: "", broken: ""}


async def test_an_image_that_cannot_be_read_just_now_does_not_hold_up_the_others(
    database: Database, tmp_path: Path
) -> None:
    images = ImageStore(tmp_path / "images")
    older = await store(database, images, png("red"))
    newer = await store(database, images, png("blue"))
    has_memory = False

    async def for_want_of_memory(data: bytes) -> Picture.Image:
        if data == png("blue") and not has_memory:
            raise ImageUnread
        return await decoded(data)

    reading = OcrWorker(
        database, images, lambda: lambda _: ReadText("words", LAYOUT), for_want_of_memory
    )
    assert [await reading.read_next(), await reading.read_next()] == [0, 1]
    assert await texts(database) == {older: "words", newer: None}
    assert await reading.waiting() == 0, "none but the one that was put off"

    has_memory = True
    assert await reading.read_next() == 0, "its turn comes again"
    assert await reading.read_next() == 1
    reading.close()
    assert await texts(database) == {older: "words", newer: "words"}


async def test_the_reader_is_made_only_when_there_is_something_to_read(
    database: Database, tmp_path: Path
) -> None:
    def make() -> object:
        raise AssertionError("made for nothing")

    reading = OcrWorker(database, ImageStore(tmp_path), make, decoded)  # type: ignore[arg-type]
    assert await reading.read_next() == 0
    reading.close()


async def test_no_text_is_noted_of_an_image_that_was_erased_while_it_was_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ImageStore(tmp_path / "images")
    sha256 = await store(database, images, png("red"))
    reading = OcrWorker(database, images, lambda: lambda _: ReadText("words", LAYOUT), decoded)
    write = database.run_write

    async def after_erasure(work: Any, **how: Any) -> Any:
        await write(lambda session: session.execute(update(Image).values(dropped_at=NOW)))
        return await write(work, **how)

    monkeypatch.setattr(database, "run_write", after_erasure)
    await reading.read_next()
    reading.close()
    assert await texts(database) == {sha256: None}


class Cluster:
    """Other machines that read texts; of the newest image they tell what the test wants."""

    at_once = 1

    def __init__(self) -> None:
        self.newest: Outcome = ReadText("such words", LAYOUT)
        self.fragments: list[int] = []

    async def read(self, work: Work, batch: Sequence[Any], backbone: object) -> list[Outcome]:
        assert (work, backbone) == ("read_text", "a backbone")
        self.fragments.append(len(batch))
        return [self.newest, *[ReadText("far\x00 away", LAYOUT)] * (len(batch) - 1)]


async def passes(database: Database) -> list[tuple[str, int, int, int]]:
    found = await database.run_read(lambda session: newest_jobs(session, 9))
    return [(each.state.value, each.done, each.total, each.quarantined) for each in found]


class Serving:
    """A server whose champion has a backbone."""

    backbone = "a backbone"

    async def champion(self) -> "Serving":
        return self


async def test_many_images_are_read_by_other_machines_and_few_by_this_one(
    database: Database, tmp_path: Path
) -> None:
    images = ImageStore(tmp_path / "images")
    stored = [await store(database, images, b"%d" % n) for n in range(2 * FRAGMENT + 1)]
    cluster = Cluster()
    far = FragmentReader(cluster, images, database, "read_text", clock=FakeClock())
    reading = OcrWorker(
        database, images, lambda: lambda _: ReadText("here", LAYOUT), decoded,
        far=far, server=Serving(),  # type: ignore[arg-type]
    )  # fmt: skip
    cluster.newest = Quarantined(2)
    assert await reading.read_next() == FRAGMENT - 1
    assert await passes(database) == [("running", FRAGMENT, 2 * FRAGMENT + 1, 1)]
    # Nodes without the extra: it is done here, and they are not asked again.
    cluster.newest = Refused(NOT_INSTALLED, "Reading text needs the extra `ocr`.", for_now=True)
    assert await reading.read_next() == 1
    assert await reading.read_next() == 1
    assert cluster.fragments == [FRAGMENT, FRAGMENT]
    found = await texts(database)
    assert found[stored[-1]] is None, "it ended those that worked on it"
    assert [found[each] for each in stored[-2 : -FRAGMENT - 1 : -1]] == ["far away"] * (
        FRAGMENT - 1
    )
    # No image that these bytes are: the text is none.
    assert [found[each] for each in stored[-FRAGMENT - 1 : -FRAGMENT - 3 : -1]] == ["", ""]
    assert await reading.waiting() == FRAGMENT - 1
    # What is done here counts as well.
    assert await passes(database) == [("running", FRAGMENT + 2, 2 * FRAGMENT + 1, 1)]
    await reading.read_next(FRAGMENT)
    # Nobody looks once more: `main.py read-text` ends when nothing waits.
    await far.close()
    assert await passes(database) == [("done", 2 * FRAGMENT + 1, 2 * FRAGMENT + 1, 1)]
    reading.close()
