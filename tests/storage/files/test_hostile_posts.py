"""Files of posts that were made to keep their reader busy, or to end it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.files.json_tables import rows_in
from storage.files.post_dates import read_moment
from storage.files.post_values import read_number
from storage.files.posts_export import read_posts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POST = {"id": "a", "created_utc": 1_500_000_000, "score": 3, "title": "t", "url": "https://x.y/z"}


@pytest.mark.parametrize(
    "text",
    [
        f"Mon, 01 Jan {'9' * 20} 00:00:00 +0000",
        f"Mon, 01 Jan 2020 00:00:00 +{'9' * 20}",
        f"1 Jan 2020 {'9' * 11}:00:00",
        f"2020-01-01 {' ' * 1_000_000}x",
    ],
)
def test_no_text_ends_or_holds_up_the_reader_of_dates(text: str) -> None:
    assert read_moment(text) is None
    assert read_number(text) is None


def test_objects_within_objects_are_looked_into_once() -> None:
    # Looked into twice each, these would take longer than there are people to wait for it.
    content: object = {"data": [POST]}
    for _ in range(200):
        content = {"next": 1, "answer": content}
    assert rows_in(content) == [POST]


def test_many_objects_in_one_line_are_read(tmp_path: Path) -> None:
    path = tmp_path / "posts.json"
    path.write_text(" , ".join(json.dumps({**POST, "id": f"a{n}"}) for n in range(300)), "utf-8")
    assert len(read_posts(path, now=NOW).posts) == 300
