"""A pass over stored images whose process ends while the database is away."""

import asyncio
import logging
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.posts.reading_pass import ReadingPass
from storage.engine.database import Database
from tests.fakes.clock import FakeClock


@pytest.mark.sqlite
async def test_a_database_that_is_away_is_a_sentence_and_the_process_ends(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    reading = ReadingPass(database, "read_text", clock=FakeClock())
    await reading.begin("a reader", lambda _: 3)
    await asyncio.to_thread(Path(make_url(database.url).database or "").unlink)
    with caplog.at_level(logging.WARNING, "bot"):
        await reading.stop()
    (record,) = caplog.records
    assert record.getMessage() == (
        "How far the reading of images (read_text) had come could not be noted:"
        " The database file is gone. Put it back, or restore a backup."
    )
