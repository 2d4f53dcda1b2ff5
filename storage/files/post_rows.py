"""The rows of a file of posts, as they stand there: JSON, JSON Lines, CSV, TSV or Parquet."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from storage.errors import ExpectedError
from storage.files.json_tables import is_listing, rows_in
from storage.files.packed_text import UNPACKING_ERRORS, FileUnreadable, PackedText, open_packed

#: Rows of CSV are at most so long, bytes.
_BLOCK: Final = 2**24

_DELIMITERS: Final = ("\t", ",", ";", "|")

#: What Excel writes and reads above a table: which character parts its columns.
_DELIMITER_HINT: Final = re.compile(rb'"?sep=([\t,;|])"?', re.IGNORECASE)

#: What may stand between two objects on a line.
_GAP: Final = re.compile(r"[ \t,]+")

_OTHER_FILES: Final = (
    (b"PK\x03\x04", "a ZIP archive or an Excel file; unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a file of Excel; save the sheet as CSV"),
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
    with one list in it, objects by id, or a table by rows or by columns as pandas writes it. Text
    may be packed (gzip, zstd, bz2, xz) and in UTF-8, UTF-16, UTF-32 or Windows-1252.

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
    if first.startswith((b"{", b"[", b"\x1e{")):
        if _is_json_line(first, text):
            return Rows(f"JSON Lines, {text.name}", _damage_told(path, _of_lines(text)))
        return _json(path, text)
    return _table(path, text, first)


def _table(path: Path, text: PackedText, first: bytes) -> Rows:
    hint = _DELIMITER_HINT.fullmatch(first)
    names = re.sub(rb'"[^"]*"', b"", first)
    delimiter = max(_DELIMITERS, key=lambda each: names.count(each.encode()))
    if hint is not None:
        delimiter = hint[1].decode()
    elif delimiter.encode() not in names:
        raise PostsFileRefused(
            f"{path} is not JSON, JSON Lines, CSV or Parquet: its first line has neither a bracket"
            " nor columns."
        )
    skipped = int(hint is not None)
    if b"\r" not in first and not _goes_on(text, 1 + skipped):
        raise PostsFileRefused(f"{path} has no rows below the names of its columns.")
    kind = "TSV" if delimiter == "\t" else "CSV"
    rows = _of_csv(text, delimiter, skipped=skipped)
    return Rows(f"{kind}, {text.name}", _damage_told(path, rows), table=True)


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


def _of_csv(text: PackedText, delimiter: str, *, skipped: int) -> Iterator[Row]:
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

    reading = csv.ReadOptions(block_size=_BLOCK, use_threads=False, skip_rows=skipped)
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
        if not isinstance(_decoded(first), dict):
            return False
    except (ValueError, RecursionError):
        return False
    return _goes_on(text)


def _goes_on(text: PackedText, lines: int = 1) -> bool:
    """Whether anything follows so many lines that are not empty."""
    with text.open() as stream:
        return all(_first_line(stream) for _ in range(lines + 1))


def _of_lines(text: PackedText) -> Iterator[Row]:
    number = 0
    with text.open() as stream:
        for line in stream:
            if not line.strip():
                continue
            try:
                page = _pages(_decoded(line))
            except (ValueError, RecursionError):
                number += 1
                yield Row(number, None, "not JSON")
                continue
            for values in page:
                number += 1
                yield Row(number, values)


def _pages(content: Any) -> Iterable[Any]:
    """What a line stands for: the posts of a listing, and else itself."""
    return (rows_in(content) or ()) if is_listing(content) else (content,)


def _json(path: Path, text: PackedText) -> Rows:
    try:
        with text.open() as stream:
            content = stream.read()
    except UNPACKING_ERRORS as error:
        raise PostsFileRefused(f"{path} is not JSON ({error}).") from error
    try:
        found = rows_in(_decoded(content))
    except (ValueError, RecursionError) as error:
        loose = [] if content.lstrip().startswith(b"[") else list(_loose(content.decode()))
        if any(isinstance(row.values, dict) for row in loose):
            return Rows(f"JSON Lines, {text.name}", iter(loose))
        raise PostsFileRefused(f"{path} is not JSON ({error}).") from error
    if found is None:
        raise PostsFileRefused(
            f"{path} is not a list of posts: expected a JSON list of objects, JSON Lines, a TinyDB"
            ' export ({"_default": {"1": {…}, …}}) or a listing of Reddit.'
        )
    rows = (Row(number, values) for number, values in enumerate(found, 1))
    return Rows(f"JSON, {text.name}", rows)


def _loose(text: str) -> Iterator[Row]:
    """Objects one after the other, with line ends, commas or record marks between them or not.

    What cannot be read costs the rest of its own line.
    """
    number = 0
    for line in re.split(r"[\r\n\x1e]+", text):
        place = _after_gap(line, 0)
        while place < len(line):
            number += 1
            try:
                values, place = _DECODER.raw_decode(line, place)
            except (ValueError, RecursionError):
                yield Row(number, None, "not JSON")
                break
            yield Row(number, values)
            place = _after_gap(line, place)


def _after_gap(line: str, place: int) -> int:
    """Where the next object may begin; nothing is copied, of a line that may be the whole file."""
    gap = _GAP.match(line, place)
    return place if gap is None else gap.end()


def _decoded(text: bytes) -> Any:
    return _DECODER.decode(text.decode())


def _integer(digits: str) -> float:
    """A number of any length, as JSON knows it: Python refuses thousands of digits."""
    return int(digits) if len(digits) < 400 else math.inf


_DECODER: Final = json.JSONDecoder(parse_int=_integer)
