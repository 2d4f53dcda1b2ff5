"""The forms that a file of posts comes in: each tells itself, whole, cut or damaged."""

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.files.post_rows import PostsFileRefused
from storage.files.posts_export import read_posts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WITH_PATH = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    return [
        (each.source_id, each.title, each.author, each.posted_at, each.score, each.media)
        for each in read_posts(path, now=NOW).posts
    ]


TABLE = [
    {"id": "a", "title": "Tom & Jerry; ü", "author": "ann", "created_utc": 1500000000, "ups": -3,
     "media": "https://i.example/a.png"},
    {"id": "b", "title": "x, y", "author": "bob", "created_utc": 1500000001, "ups": 1234,
     "media": "https://i.example/b.png"},
]  # fmt: skip
NAMES = list(TABLE[0])


def table_as_text(delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(TABLE)
    return text.getvalue()


def listing(*rows: dict[str, Any], kind: str = "t3") -> dict[str, Any]:
    children = [{"kind": kind, "data": row} for row in rows]
    return {"kind": "Listing", "data": {"after": None, "children": children}}


def parquet_of(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


LINES = "\n".join(map(json.dumps, TABLE))
FORMS: dict[str, bytes] = {
    "list": json.dumps(TABLE).encode(),
    "list with a mark": b"\xef\xbb\xbf" + json.dumps(TABLE).encode(),
    "list in UTF-16": json.dumps(TABLE, ensure_ascii=False).encode("utf-16"),
    "list in UTF-16 without a mark": json.dumps(TABLE).encode("utf-16-le"),
    "list in UTF-32": json.dumps(TABLE).encode("utf-32"),
    "lines": LINES.encode(),
    "lines with empty ones": ("\r\n\r\n" + LINES.replace("\n", "\r\n\r\n")).encode(),
    "lines of things of Reddit": "\n".join(
        json.dumps({"kind": "t3", "data": row}) for row in TABLE
    ).encode(),
    "listing": json.dumps(listing(*TABLE)).encode(),
    "listings": json.dumps([listing(TABLE[0]), listing(TABLE[1])]).encode(),
    "answer of Pushshift": json.dumps({"data": TABLE, "metadata": {"total": 2}}).encode(),
    "TinyDB": json.dumps({"_default": {"1": TABLE[0], "2": TABLE[1]}}).encode(),
    "pandas by columns": json.dumps(
        {name: {str(n): row[name] for n, row in enumerate(TABLE)} for name in NAMES}
    ).encode(),
    "pandas by rows": json.dumps({str(n): row for n, row in enumerate(TABLE)}).encode(),
    "pandas split": json.dumps(
        {"columns": NAMES, "index": [0, 1], "data": [list(row.values()) for row in TABLE]}
    ).encode(),
    "columns of a table": json.dumps(
        {name: [row[name] for row in TABLE] for name in NAMES}
    ).encode(),
    "lists with names": json.dumps([NAMES, *(list(row.values()) for row in TABLE)]).encode(),
    "objects by id": json.dumps(
        {row["id"]: {name: row[name] for name in NAMES[1:]} for row in TABLE}
    ).encode(),
    "answer within an answer": json.dumps({"data": {"posts": TABLE, "total": 2}}).encode(),
    "children without a kind": json.dumps(
        {"data": {"children": [{"data": row} for row in TABLE]}}
    ).encode(),
    "lines of listings": "\n".join(json.dumps(listing(row)) for row in TABLE).encode(),
    "objects without line ends": LINES.replace("\n", "").encode(),
    "lines of an old Mac": LINES.replace("\n", "\r").encode(),
    "lines with commas": LINES.replace("\n", ",\n").encode(),
    "lines with marks of records": ("\x1e" + LINES.replace("\n", "\n\x1e")).encode(),
    "CSV with a hint for Excel": ("sep=;\r\n" + table_as_text(";")).encode(),
    "CSV of an old Mac": table_as_text(",").replace("\r\n", "\r").encode(),
    "CSV": table_as_text(",").encode(),
    "CSV of a German Excel": table_as_text(";").encode("utf-8-sig"),
    "CSV in Windows-1252": table_as_text(",").encode("cp1252"),
    "CSV in UTF-16": table_as_text(",").encode("utf-16"),
    "TSV": table_as_text("\t").encode(),
    "Parquet": parquet_of(TABLE),
    "CSV in gzip": gzip.compress(table_as_text(",").encode()),
    "lines in zstd": pyarrow.compress(LINES.encode(), "zstd", asbytes=True),
    "list in bzip2": bz2.compress(json.dumps(TABLE).encode()),
    "TSV in xz": lzma.compress(table_as_text("\t").encode()),
    "UTF-16 in gzip": gzip.compress(table_as_text(",").encode("utf-16")),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_table_is_read_alike_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "export"  # the content tells the form, not the name
    path.write_bytes(FORMS[form])
    assert rows_of(path) == [
        ("a", "Tom & Jerry; ü", "ann", datetime.fromtimestamp(1.5e9, UTC), -3.0,
         "https://i.example/a.png"),
        ("b", "x, y", "bob", datetime.fromtimestamp(1.5e9 + 1, UTC), 1234.0,
         "https://i.example/b.png"),
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_was_cut_is_refused_or_read_as_far_as_it_goes(
    tmp_path: Path, form: str
) -> None:
    path = tmp_path / "export"
    whole = FORMS[form]
    for end in {1, len(whole) // 3, len(whole) // 2, len(whole) - 5}:
        path.write_bytes(whole[:end])
        with contextlib.suppress(PostsFileRefused):
            assert len(read_posts(path, now=NOW).posts) <= 2


@WITH_PATH
@given(
    content=st.binary(max_size=200), form=st.sampled_from(sorted(FORMS)), place=st.integers(0, 200)
)
def test_a_damaged_file_is_refused_or_read(
    tmp_path: Path, content: bytes, form: str, place: int
) -> None:
    path = tmp_path / "export"
    path.write_bytes(FORMS[form][:place] + content + FORMS[form][place + 3 :])
    with contextlib.suppress(PostsFileRefused):
        read_posts(path, now=NOW)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "unpack it"), (b"SQLite format 3\0", "SQLite"), (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html>", "web page"), (b"\x89PNG\r\n\x1a\n", "--images"),
        (b"hello", "neither a bracket nor columns"), (b"", "it is empty"),
        (b"\xd0\xcf\x11\xe0", "a file of Excel"),
        (b"id,title,ups", "no rows below the names"),
        (b"id,title,ups\n\n", "no rows below the names"),
        (b"sep=,\nid,title,ups\n", "no rows below the names"),
        (b"title,ups\na,1\n", "no column with the ids of posts: it has title, ups"),
        (b"colour,shape\nred,round\n", "no column that is known: it has colour, shape"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_called_by_its_name(
    tmp_path: Path, start: bytes, said: str
) -> None:
    (tmp_path / "export").write_bytes(start)
    with pytest.raises(PostsFileRefused, match=said):
        read_posts(tmp_path / "export", now=NOW)


def test_dates_and_numbers_of_parquet_are_taken_as_they_are(tmp_path: Path) -> None:
    rows = [{"id": 5, "created": datetime(2017, 7, 14, 2, 40), "score": Decimal("7.5")}]  # noqa: DTZ001
    (tmp_path / "p").write_bytes(parquet_of(rows))
    (found,) = read_posts(tmp_path / "p", now=NOW).posts
    assert (found.source_id, found.posted_at.timestamp(), found.score) == ("5", 1.5e9, 7.5)


def test_comments_of_a_listing_are_no_posts(tmp_path: Path) -> None:
    content = [listing(*TABLE), listing({"id": "c1", "body": "first"}, kind="t1")]
    (tmp_path / "p").write_text(json.dumps(content))
    found = read_posts(tmp_path / "p", now=NOW)
    assert [each.source_id for each in found.posts] == ["a", "b"]
    assert found.dropped == {"not a post but another thing of Reddit": 1}
