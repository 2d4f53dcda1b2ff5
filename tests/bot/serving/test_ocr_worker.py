"""Text in stored images is read once, whatever happens."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from sqlalchemy import select, update

from bot.serving.ocr_worker import OcrWorker
from models.attributes.text_layout import TextLayout
from models.decoding import DEFAULT_LIMITS, ImageUnread, decode
from models.ocr import ReadText
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.files.image_store import ImageStore
from storage.tables import Image

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAYOUT = TextLayout(0.25, 0.5, 0.5, 2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'peoria.db'}")
    await upgrade(database)
    yield database
    await database.close()


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

    reading = OcrWorker(database, images, lambda: reader, DEFAULT_LIMITS)
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

    reading = OcrWorker(
        database, images, lambda: lambda _: ReadText("never", LAYOUT), DEFAULT_LIMITS
    )
    assert await reading.read_next(10) == 2
    assert await reading.waiting() == 0
    reading.close()

    assert await texts(database) == {gone: "", broken: ""}


async def test_an_image_that_cannot_be_read_just_now_does_not_hold_up_the_others(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ImageStore(tmp_path / "images")
    older = await store(database, images, png("red"))
    newer = await store(database, images, png("blue"))
    has_memory = False

    def for_want_of_memory(data: bytes, **how: Any) -> Any:
        if data == png("blue") and not has_memory:
            raise ImageUnread
        return decode(data, **how)

    monkeypatch.setattr("bot.serving.ocr_worker.decode", for_want_of_memory)
    reading = OcrWorker(
        database, images, lambda: lambda _: ReadText("words", LAYOUT), DEFAULT_LIMITS
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

    reading = OcrWorker(database, ImageStore(tmp_path), make, DEFAULT_LIMITS)  # type: ignore[arg-type]
    assert await reading.read_next() == 0
    reading.close()


async def test_no_text_is_noted_of_an_image_that_was_erased_while_it_was_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ImageStore(tmp_path / "images")
    sha256 = await store(database, images, png("red"))
    reading = OcrWorker(
        database, images, lambda: lambda _: ReadText("words", LAYOUT), DEFAULT_LIMITS
    )
    write = database.write

    def after_erasure(**how: Any) -> Any:
        @asynccontextmanager
        async def erase_first() -> AsyncIterator[Any]:
            async with write() as session:
                await session.execute(update(Image).values(dropped_at=NOW))
            async with write(**how) as session:
                yield session

        return erase_first()

    monkeypatch.setattr(database, "write", after_erasure)
    await reading.read_next()
    reading.close()
    assert await texts(database) == {sha256: None}
