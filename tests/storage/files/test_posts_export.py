import contextlib
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storage.files.posts_export import MAX_ID, MAX_TITLE, FilePost, PostsFileRefused, read_posts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WITH_PATH = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)

RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, -(10**30), "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(min_size=1, max_size=5) | RUBBISH,
        "title": st.text() | RUBBISH,
        "author": st.sampled_from(["ann", "None", "[deleted]", ""]) | RUBBISH,
        "created_utc": st.floats(0, 2e9) | st.integers(-(10**12), 10**12) | RUBBISH,
        "ups": st.integers() | RUBBISH,
        "score": st.integers() | RUBBISH,
        "media": st.text() | RUBBISH,
    },
)


def read(folder: Path, content: Any) -> tuple[list[FilePost], dict[str, int]]:
    path = folder / "posts.json"
    # A lone text is written as it is: not JSON, and with half a surrogate pair not even UTF-8.
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    posts, dropped = read_posts(path, now=NOW)
    return posts, dict(dropped)


def post(**changes: Any) -> dict[str, Any]:
    whole = {"id": "abc", "created_utc": 1.6e9, "ups": 12, "title": "A title", "author": "ann"}
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


@WITH_PATH
@given(rows=st.lists(ROWS | RUBBISH, max_size=6))
@example(rows=[post(ups=10**400)])
@example(rows=[post(created_utc=-(10**400))])
@example(rows=[post(title="half a \ud83d pair")])
@example(rows=[post(id="\ud83d", author="\udcff", media="http://\udcff/")])
@example(rows=[post(title="a\0b")])
def test_every_row_is_a_post_or_counted(tmp_path: Path, rows: list[Any]) -> None:
    posts, dropped = read(tmp_path, rows)
    assert len(posts) + sum(dropped.values()) == len(rows)
    assert len({each.source_id for each in posts}) == len(posts)
    assert posts == sorted(posts, key=lambda each: (each.posted_at, each.source_id))
    for each in posts:
        assert 0 < len(each.source_id) <= MAX_ID
        assert math.isfinite(each.score)
        assert each.posted_at.tzinfo is not None
        assert each.posted_at <= NOW
        assert len(each.title) <= MAX_TITLE
        for words in (each.source_id, each.title, each.author or "", each.media or ""):
            # What cannot be stored as UTF-8 would fail far from here.
            words.encode()
            assert "\0" not in words, "PostgreSQL stores no NUL"


@WITH_PATH
@given(content=RUBBISH)
def test_rubbish_is_refused_or_read(tmp_path: Path, content: Any) -> None:
    with contextlib.suppress(PostsFileRefused):
        assert read(tmp_path, content)[0] == []


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "3", '"posts"', "{}", '{"_default": 3}', "\ufeff{]", "[" * 100_000],
    ids=["empty", "cut", "null", "number", "text", "no table", "no rows", "mark", "deep"],
)
def test_what_is_not_a_file_of_posts_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(PostsFileRefused):
        read(tmp_path, content)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "posts.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(PostsFileRefused, match="not JSON"):
        read_posts(path, now=NOW)


@pytest.mark.parametrize("name", ["none.json", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PostsFileRefused, match="cannot be read"):
        read_posts(tmp_path / name, now=NOW)


def test_an_export_of_tinydb_and_a_list_are_read_alike(tmp_path: Path) -> None:
    rows = [post(id="b", created_utc=1.6e9 + 1), post(id="a")]
    listed = read(tmp_path, rows)
    exported = read(tmp_path, {"_default": {"1": rows[0]}, "more": {"7": rows[1]}})
    assert listed == exported
    assert [each.source_id for each in listed[0]] == ["a", "b"]
    assert listed[0][0] == FilePost(
        "a", "A title", "ann", datetime.fromtimestamp(1.6e9, UTC), 12.0, None
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (post(id=...), "no id"),
        (post(id=7), "no id"),
        (post(id=""), "no id"),
        (post(id="x" * (MAX_ID + 1)), "no id"),
        (post(ups=...), "no score"),
        (post(ups="12"), "no score"),
        (post(ups=True), "no score"),
        (post(ups=math.nan), "no score"),
        (post(ups=math.inf), "no score"),
        (post(ups=10**400), "no score"),
        (post(created_utc=...), "no date"),
        (post(created_utc="yesterday"), "no date"),
        (post(created_utc=math.nan), "no date"),
        (post(created_utc=-1), "a date in the future or before 1970"),
        (post(created_utc=NOW.timestamp() + 1), "a date in the future or before 1970"),
        (post(created_utc=1e300), "a date in the future or before 1970"),
        ("a post", "not an object"),
        (None, "not an object"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_by_reason(
    tmp_path: Path, row: Any, reason: str
) -> None:
    posts, dropped = read(tmp_path, [row, post(id="good")])
    assert [each.source_id for each in posts] == ["good"]
    assert dropped == {reason: 1}


def test_of_two_rows_with_one_id_the_first_counts(tmp_path: Path) -> None:
    posts, dropped = read(tmp_path, [post(ups=1), post(ups=2)])
    assert [each.score for each in posts] == [1.0]
    assert dropped == {"the same id twice": 1}


@pytest.mark.parametrize("score", [-5, 0, 10**12, -0.5])
def test_any_finite_score_counts(tmp_path: Path, score: float) -> None:
    posts, _ = read(tmp_path, [post(ups=..., score=score)])
    assert [each.score for each in posts] == [score]


@pytest.mark.parametrize("author", [None, "None", "[deleted]", "[removed]", "", 7, ...])
def test_an_author_who_is_gone_is_nobody(tmp_path: Path, author: Any) -> None:
    posts, _ = read(tmp_path, [post(author=author)])
    assert posts[0].author is None


def test_a_title_may_be_missing_and_is_cut_when_it_is_endless(tmp_path: Path) -> None:
    posts, _ = read(tmp_path, [post(id="a", title="x" * 50_000), post(id="b", title=None)])
    assert [len(each.title) for each in posts] == [MAX_TITLE, 0]
