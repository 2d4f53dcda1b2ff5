"""The labelled set as files."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bot.operations import export_posts as module
from bot.operations.export_posts import Exported, ExportRefused, export_posts
from storage.engine.database import Database
from storage.files.labelled_posts import NAMES, FileFormat
from storage.tables import Author, Community, Label, Post
from storage.types import PostState
from tests.fixtures.rows import LATER, MOMENT, row

TITLES = (
    "=HYPERLINK(\"http://evil.example\")", "Plain, \"quoted\"\u2028and\nlines", "opted out",
    "withdrawn", "\U0001f600 @here",
)  # fmt: skip


@pytest.fixture
async def filled(database: Database) -> Database:
    """Five labelled posts: one by somebody who opted out, and one that was withdrawn."""
    async with database.write() as session:
        session.add(row(Community))
        session.add(row(Author))
        session.add(row(Author, id=2, hash="c" * 64, opted_out_at=LATER))
        await session.flush()
        for number, title in enumerate(TITLES, start=1):
            state = PostState.WITHDRAWN if title == "withdrawn" else PostState.LABELLED
            session.add(
                row(
                    Post, id=number, source_id=f"p{number}", title=title, state=state,
                    author_id=2 if title == "opted out" else 1, due_at=None,
                    predicted_at=MOMENT,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                row(
                    Label, post_id=number, matured_at=LATER, score=number,
                    written_at=LATER + timedelta(seconds=number),
                )
            )  # fmt: skip
    return database


async def _export(database: Database, file: Path, file_format: FileFormat) -> Exported:
    told: list[tuple[int, int]] = []
    exported = await export_posts(
        database, file, file_format, community=None, now=LATER,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert told[-1] == (3, 3)
    return exported


def _texts(folder: Path) -> list[str]:
    return [each.read_bytes().decode("latin-1") for each in folder.glob("*posts.*")]


async def test_every_format_holds_the_same_posts(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    for file_format in FileFormat:
        exported = await _export(filled, tmp_path / f"posts.{file_format}", file_format)
        assert (exported.posts, exported.left_out) == (3, 1)
    table = pq.read_table(tmp_path / "posts.parquet")
    assert tuple(table.column_names) == NAMES
    kept = [title for title in TITLES if title not in ("opted out", "withdrawn")]
    assert table.column("title").to_pylist() == kept
    assert table.column("author").to_pylist() == ["a" * 64] * 3
    assert table.column("matured_at").to_pylist() == [LATER] * 3
    lines = (tmp_path / "posts.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["title"] for line in lines] == kept
    with (tmp_path / "posts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["title"] for each in rows] == [f"'{kept[0]}", *kept[1:]]
    assert [each["score"] for each in rows] == ["1.0", "2.0", "5.0"]
    card = (tmp_path / "posts.csv.md").read_text("utf-8")
    assert "3 posts whose outcome is known" in card
    assert "1 posts of people\nwho opted out" in card
    assert all(f"`{name}`" in card for name in NAMES)
    assert not any("c" * 64 in text for text in _texts(tmp_path))


async def test_a_file_is_whole_or_not_there(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "posts.csv"

    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_card", fail)
        with pytest.raises(OSError, match="No space"):
            await _export(filled, file, FileFormat.CSV)
    assert not _texts(tmp_path)
    await _export(filled, file, FileFormat.CSV)
    with pytest.raises(ExportRefused, match="already there"):
        await _export(filled, file, FileFormat.CSV)
