"""The rows of a file of posts, as they stand there: JSON, JSON Lines, CSV, TSV or Parquet."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from storage.errors import ExpectedError
from storage.files.packed_text import UNPACKING_ERRORS, FileUnreadable, PackedText, open_packed

#: Rows of CSV are at most so long, bytes.
_BLOCK: Final = 2**24

_DELIMITERS: Final = ("\t", ",", ";", "|")

_OTHER_FILES: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel file; unpack it, or save the sheet as CSV"),
    (b"SQLite format 3", "a SQLite database; export the table of posts as CSV or JSON"),
    (b"%PDF", "a PDF document; export the posts as CSV or JSON"),
    (b"\x89PNG", "a picture; give the file of posts, and the folder of pictures with --images"),
    (b"\xff\xd8\xff", "a picture; give the file of posts, and the folder with --images"),
)


class PostsFileRefused(ExpectedError):
    """The file is not a file of posts; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file.

    Attributes:
        number: its place among the rows, from 1.
        values: what stands there; None where it could not be read.
        fault: why it could not be read; None where it could.
    """

    number: int
    values: Any
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file, in order.

    Attributes:
        kind: of the file, for example ``CSV, UTF-8``.
        rows: one after the other.
        table: whether every row has the same columns.
    """

    kind: str
    rows: Iterator[Row]
    table: bool = False


def read_rows(path: Path) -> Rows:
    """Read a file of posts, whatever people export: the kind is told by the content.

    JSON may be a list, a TinyDB export, a listing of Reddit (``{"kind": "Listing", …}``), an object
    with one list in it, or a table by rows or by columns as pandas writes it. Text may be packed
    (gzip, zstd, bz2, xz) and in UTF-8, UTF-16, UTF-32 or Windows-1252.

    Raises:
        PostsFileRefused: the file is not one of these, also while the rows are read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise PostsFileRefused(f"{path} cannot be read: {error.strerror}.") from error
    for magic, sentence in _OTHER_FILES:
        if start.startswith(magic):
            raise PostsFileRefused(f"{path} is not JSON, CSV or Parquet: it is {sentence}.")
    if start.startswith(b"PAR1"):
        return Rows("Parquet", _damage_told(path, _of_parquet(path)), table=True)
    return _read_text(path)


def _read_text(path: Path) -> Rows:
    try:
        text = open_packed(path)
        with text.open() as stream:
            first = _first_line(stream)
    except FileUnreadable as error:
        raise PostsFileRefused(str(error)) from error
    except UNPACKING_ERRORS as error:
        raise PostsFileRefused(f"{path} cannot be read: it is damaged ({error}).") from error
    if not first:
        raise PostsFileRefused(f"{path} is not JSON, JSON Lines, CSV or Parquet: it is empty.")
    if b"\0" in first:
        raise PostsFileRefused(f"{path} is not JSON, JSON Lines, CSV or Parquet: it is no text.")
    if first.startswith(b"<"):
        raise PostsFileRefused(
            f"{path} is not JSON, CSV or Parquet: it is a web page; download the file itself."
        )
    if first.startswith((b"{", b"[")):
        if _is_json_line(first, text):
            return Rows(f"JSON Lines, {text.name}", _damage_told(path, _of_lines(text)))
        return Rows(f"JSON, {text.name}", _of_json(path, text))
    delimiter = max(_DELIMITERS, key=lambda each: first.count(each.encode()))
    if delimiter.encode() not in first:
        raise PostsFileRefused(
            f"{path} is not JSON, JSON Lines, CSV or Parquet: its first line has neither a bracket"
            " nor columns."
        )
    kind = "TSV" if delimiter == "\t" else "CSV"
    return Rows(f"{kind}, {text.name}", _damage_told(path, _of_csv(text, delimiter)), table=True)


def _first_line(stream: IO[bytes]) -> bytes:
    """The first line that is not empty, at most `_BLOCK` bytes of it."""
    while line := stream.readline(_BLOCK):
        if line.strip():
            return line.strip()
    return b""


def _damage_told(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except UNPACKING_ERRORS as error:
        raise PostsFileRefused(f"{path} cannot be read: it is damaged ({error}).") from error


def _of_parquet(path: Path) -> Iterator[Row]:
    # Imported where it is needed: the serving process never pays its 0.5 s and 45 MB.
    from pyarrow import parquet

    number = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            for number, values in enumerate(batch.to_pylist(), number + 1):  # noqa: B020
                yield Row(number, values)


def _of_csv(text: PackedText, delimiter: str) -> Iterator[Row]:
    """Every value as text: what it means is for the reader of columns to say."""
    import pyarrow as pa
    from pyarrow import csv

    uneven: dict[int, str] = {}

    def leave_out(row: csv.InvalidRow) -> str:
        # Counted by the library from the line of names, which is the first.
        uneven[row.number - 1] = (
            f"{row.actual_columns} columns in place of {row.expected_columns}"
            " (as when a quote is missing)"
        )
        return "skip"

    reading = csv.ReadOptions(block_size=_BLOCK, use_threads=False)
    parsing = csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=leave_out
    )
    with text.open() as stream, csv.open_csv(stream, reading, parsing) as reader:
        names = reader.schema.names
    uneven.clear()
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    number = 1
    with text.open() as stream, csv.open_csv(stream, reading, parsing, converting) as reader:
        for batch in reader:
            for values in batch.to_pylist():
                while number in uneven:
                    yield Row(number, None, uneven.pop(number))
                    number += 1
                yield Row(number, values)
                number += 1
    for number, fault in uneven.items():
        yield Row(number, None, fault)


def _is_json_line(first: bytes, text: PackedText) -> bool:
    """Whether a line is an object by itself, and is followed by something."""
    try:
        if not isinstance(json.loads(first), dict):
            return False
    except (ValueError, RecursionError):
        return False
    with text.open() as stream:
        _first_line(stream)
        return bool(_first_line(stream))


def _of_lines(text: PackedText) -> Iterator[Row]:
    number = 0
    with text.open() as stream:
        for line in stream:
            if not line.strip():
                continue
            number += 1
            try:
                yield Row(number, json.loads(line))
            except (ValueError, RecursionError):
                yield Row(number, None, "not JSON")


def _of_json(path: Path, text: PackedText) -> Iterator[Row]:
    try:
        with text.open() as stream:
            content = json.loads(stream.read())
    except (ValueError, RecursionError, *UNPACKING_ERRORS) as error:
        raise PostsFileRefused(f"{path} is not JSON ({error}).") from error
    found = _rows_in(content)
    if found is None:
        raise PostsFileRefused(
            f"{path} is not a list of posts: expected a JSON list of objects, JSON Lines, a TinyDB"
            ' export ({"_default": {"1": {…}, …}}) or a listing of Reddit.'
        )
    return (Row(number, values) for number, values in enumerate(found, 1))


def _rows_in(content: Any) -> Iterable[Any] | None:
    """The rows in a JSON document; None where there are none."""
    if isinstance(content, list):
        listings = [_rows_in(each) for each in content if _is_listing(each)]
        if listings:
            return [row for rows in listings for row in rows or ()]
        return content
    if not isinstance(content, dict) or not content:
        return None
    if _is_listing(content):
        return _rows_in(content["data"].get("children"))
    if isinstance(content.get("columns"), list) and isinstance(content.get("data"), list):
        names = content["columns"]
        return [dict(zip(names, row, strict=False)) for row in content["data"]]
    values = list(content.values())
    if all(isinstance(each, dict) for each in values):
        return _rows_in_tables(content)
    lists = [each for each in values if isinstance(each, list) and _holds_objects(each)]
    return lists[0] if len(lists) == 1 else None


def _rows_in_tables(content: Mapping[str, Mapping[str, Any]]) -> Iterable[Any]:
    """The rows of an object of objects: TinyDB's tables, or a table as pandas writes it."""
    tables = list(content.values())
    inner = [value for table in tables for value in table.values()]
    if all(isinstance(value, dict) for value in inner):
        return inner  # TinyDB: tables of numbered objects
    if not all(key.isdecimal() for table in tables for key in table):
        return tables  # pandas, by rows
    if any(isinstance(value, dict) for value in inner):
        return inner
    numbers = dict.fromkeys(key for table in tables for key in table)
    return [{name: table.get(key) for name, table in content.items()} for key in numbers]


def _holds_objects(rows: list[Any]) -> bool:
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _is_listing(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and content.get("kind") == "Listing"
        and isinstance(content.get("data"), dict)
    )
