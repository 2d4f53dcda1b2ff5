"""Files of labelled posts for people who study them: Parquet, CSV, JSON Lines."""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, TextIO

import pyarrow as pa
from pyarrow import parquet


class FileFormat(StrEnum):
    """How the posts are written."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


_MOMENT = pa.timestamp("us", tz="UTC")
#: Name, type and meaning of every column.
COLUMNS: Final = (
    ("post", pa.int64(), "Number of the post in this Peoria."),
    ("platform", pa.string(), "discord, reddit or web."),
    ("community", pa.string(), "Name of the channel, subreddit or board."),
    ("author", pa.string(), "Keyed hash of the author's id, 64 hexadecimal digits; or empty."),
    ("title", pa.string(), "As it was posted."),
    ("posted_at", _MOMENT, "When it was posted, UTC."),
    ("imported", pa.bool_(), "Came with its outcome; it was not seen when it appeared."),
    ("silent", pa.bool_(), "Predicted in secret, to measure what a reply does to the votes."),
    ("score", pa.float64(), "Net upvotes at the horizon."),
    ("horizon_seconds", pa.int64(), "Age at which the score is final in the community now."),
    ("matured_at", _MOMENT, "When the score became final, UTC."),
    ("percentile_low", pa.float64(), "Where posts of this score begin among the recent, 0 to 1."),
    ("percentile_high", pa.float64(), "Where they end."),
    ("bucket", pa.string(), "low, medium or high."),
    ("image", pa.string(), "SHA-256 of the image's file; or empty."),
    ("image_format", pa.string(), "Of the file."),
    ("width", pa.int64(), "Pixels."),
    ("height", pa.int64(), "Pixels."),
    ("perceptual_hash", pa.string(), "16 hexadecimal digits, alike for near-duplicates."),
    ("text", pa.string(), "Read from the image; empty where it was not read, or there is none."),
    ("genre", pa.string(), "What kind of picture it is; empty: not sure, or not looked at."),
    ("faces", pa.int64(), "Faces that were found; empty where they were not looked for."),
    ("expression", pa.string(), "That most of them have; empty: none, or not sure."),
    ("colourfulness", pa.float64(), "0 for grey to 190; empty where the look was not read."),
    ("sharpness", pa.float64(), "0 for one colour to 4; photos have 0.07 to 0.17."),
    ("brightness", pa.float64(), "0 for black to 1 for white."),
    ("text_share", pa.float64(), "Share of the image that is text; empty: text was not read."),
    ("text_top", pa.float64(), "Share of the text that is in the upper third."),
    ("text_bottom", pa.float64(), "Share of the text that is in the lower third."),
    ("text_lines", pa.int64(), "Lines of text."),
    ("model_version", pa.string(), "That predicted it before its label; or empty."),
    ("predicted_at", _MOMENT, "When it did, UTC."),
    ("p_low", pa.float64(), "Its probability of low."),
    ("p_medium", pa.float64(), "Of medium."),
    ("p_high", pa.float64(), "Of high."),
    ("log_score", pa.float64(), "Its log loss, nats."),
    ("rps", pa.float64(), "Its ranked probability score."),
    ("base_rps", pa.float64(), "What equal chances would have scored."),
)  # fmt: skip
NAMES: Final = tuple(name for name, _, _ in COLUMNS)
_SCHEMA = pa.schema([(name, kind) for name, kind, _ in COLUMNS])

#: What makes programs for tables take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Row = Mapping[str, Any]


class RowsFile(Protocol):
    """A file that rows are added to."""

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows; each has all of `NAMES`."""


def open_rows(path: Path, file_format: FileFormat) -> AbstractContextManager[RowsFile]:
    """A new file for rows, whole when the block ends.

    Raises:
        FileExistsError: there is one already.
        OSError: it cannot be written.
    """
    match file_format:
        case FileFormat.PARQUET:
            return _Parquet(path)
        case FileFormat.CSV:
            return _Csv(path)
        case FileFormat.JSONL:
            return _JsonLines(path)


class _Parquet:
    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._writer = parquet.ParquetWriter(self._file, _SCHEMA, compression="zstd")

    def __enter__(self) -> "_Parquet":
        return self

    def add(self, rows: Sequence[Row]) -> None:
        self._writer.write_table(pa.Table.from_pylist([*rows], schema=_SCHEMA))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with self._file:
            self._writer.close()


class _Text:
    """What is written line by line."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("x", encoding="utf-8", newline="")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()


class _Csv(_Text):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = csv.DictWriter(self._file, NAMES)
        self._writer.writeheader()

    def __enter__(self) -> "_Csv":
        return self

    def add(self, rows: Sequence[Row]) -> None:
        self._writer.writerows(
            {name: _harmless(_plain(value)) for name, value in row.items()} for row in rows
        )


class _JsonLines(_Text):
    def __enter__(self) -> "_JsonLines":
        return self

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            plain = {name: _plain(value) for name, value in row.items()}
            # Escaped: some readers take more than a line feed for the end of a line.
            self._file.write(json.dumps(plain, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Moments as text."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _harmless(value: Any) -> Any:
    """Text that a program for tables would run, with an apostrophe before it."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
