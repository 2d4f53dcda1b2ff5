import contextlib
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storage.files import json_tables
from storage.files.post_dates import read_moment
from storage.files.post_rows import PostsFileRefused
from storage.files.post_values import MAX_ID, MAX_TITLE, read_number
from storage.files.posts_export import FilePost, read_posts

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
    found = read_posts(path, now=NOW)
    posts, dropped = found.posts, found.dropped
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
        (post(id=True), "no id"),
        (post(id=""), "no id"),
        (post(id="x" * (MAX_ID + 1)), "no id"),
        (post(ups=...), "no score"),
        (post(ups="12,5"), "no score"),
        (post(ups="•"), "no score"),
        (post(created_utc="07/08/2019"), "a date that may be two days"),
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


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"id": 0}, {"source_id": "0"}),
        ({"id": 12.0}, {"source_id": "12"}),
        ({"id": "t3_xyz"}, {"source_id": "xyz"}),
        ({"id": ..., "name": "t3_xyz"}, {"source_id": "xyz"}),
        ({"id": ..., "permalink": "/r/memes/comments/xyz/a_title/"}, {"source_id": "xyz"}),
        ({"id": ..., "Post ID": "q1"}, {"source_id": "q1"}),
        ({"_id": {"$oid": "65"}, "id": "abc"}, {"source_id": "abc"}),
        ({"ups": {"$numberInt": "12"}}, {"score": 12.0}),
        ({"created_utc": {"$date": {"$numberLong": "1500000000000"}}}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-14T02:40:00.000+0000"}, {"seconds": 1.5e9}),
        ({"ups": "1,234"}, {"score": 1234.0}),
        ({"ups": "1234"}, {"score": 1234.0}),
        ({"ups": "12.3k"}, {"score": 12300.0}),
        ({"ups": "1.2M"}, {"score": 1.2e6}),
        ({"ups": "\u2212 7".replace(" ", "")}, {"score": -7.0}),
        ({"ups": "12 points"}, {"score": 12.0}),
        ({"ups": "", "score": "5"}, {"score": 5.0}),
        ({"ups": ..., "Upvotes": 10, "downvotes": 4}, {"score": 6.0}),
        ({"ups": ..., "num_upvotes": "3"}, {"score": 3.0}),
        ({"created_utc": "1500000000"}, {"seconds": 1.5e9}),
        ({"created_utc": 1_500_000_000_123}, {"seconds": 1.5e9 + 0.123}),
        ({"created_utc": "1500000000000000"}, {"seconds": 1.5e9}),
        ({"created_utc": ..., "created_at": "2017-07-14T02:40:00Z"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-14 04:40:00+02:00"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-14 02:40:00"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-14 02:40:00 UTC"}, {"seconds": 1.5e9}),
        ({"created_utc": "Fri, 14 Jul 2017 02:40:00 GMT"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017/07/14"}, {"seconds": 1.5e9 - 9600}),
        ({"created_utc": "20170714"}, {"seconds": 1.5e9 - 9600}),
        ({"created_utc": 20170714}, {"seconds": 1.5e9 - 9600}),
        ({"created_utc": "42930.5"}, {"seconds": 1.5e9 - 9600 + 43200}),
        ({"created_utc": "2017-7-14 2:40"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-14 2:40 PM"}, {"seconds": 1.5e9 + 43200}),
        ({"created_utc": "July 14, 2017 2:40 PM"}, {"seconds": 1.5e9 + 43200}),
        ({"created_utc": "Jul 14, 2017"}, {"seconds": 1.5e9 - 9600}),
        ({"created_utc": "14-Jul-2017 02:40:00"}, {"seconds": 1.5e9}),
        ({"created_utc": "Fri Jul 14 02:40:00 +0000 2017"}, {"seconds": 1.5e9}),
        ({"created_utc": "Fri Jul 14 2017 04:40:00 GMT+0200 (CEST)"}, {"seconds": 1.5e9}),
        ({"created_utc": "2017-07-13 21:40:00 EST"}, {"seconds": 1.5e9}),
        ({"ups": "1.234.567"}, {"score": 1234567.0}),
        ({"ups": "1,5k"}, {"score": 1500.0}),
        ({"ups": "12,34,567"}, {"score": 1234567.0}),
        ({"ups": "\u20137"}, {"score": -7.0}),
        ({"id": "https://redd.it/xyz"}, {"source_id": "xyz"}),
        ({"title": "Tom &amp; Jerry &lt;3 &copy"}, {"title": "Tom & Jerry <3 &copy"}),
        ({"author": "u/ann"}, {"author": "ann"}),
        ({"author": "NaN"}, {"author": None}),
        (
            {"media": "https://i.example/a.jpg?a=1&amp;b=2"},
            {"media": "https://i.example/a.jpg?a=1&b=2"},
        ),
        ({"url": "https://example.org/page", "media": None}, {"media": "https://example.org/page"}),
        (
            {
                "url": "https://www.reddit.com/r/a",
                "url_overridden_by_dest": "https://i.example/a.png",
            },
            {"media": "https://i.example/a.png"},
        ),
        (
            {
                "url": "https://example.org/",
                "preview": {"images": [{"source": {"url": "https://p.example/a?x=1&amp;s=2"}}]},
            },
            {"media": "https://p.example/a?x=1&s=2"},
        ),
        ({"image": r"C:\memes\cat 1.JPG"}, {"file": "cat 1.JPG", "media": None}),
        ({"image": "../../etc/cat.png"}, {"file": "cat.png"}),
        ({"media": {"oembed": {}}}, {"media": None}),
    ],
)
def test_what_people_write_is_understood(
    tmp_path: Path, row: dict[str, Any], wanted: dict[str, Any]
) -> None:
    (tmp_path / "posts.json").write_text(json.dumps([post(**row)]))
    found = read_posts(tmp_path / "posts.json", now=NOW)
    assert not found.left_out
    (read_post,) = found.posts
    for name, value in wanted.items():
        if name == "seconds":
            assert read_post.posted_at.timestamp() == pytest.approx(value)
        else:
            assert getattr(read_post, name) == value


def test_every_row_that_is_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    text = "id,title,created_utc,score\na,x,1500000000,1\nb,y\nc,z,soon,3\na,again,1500000000,9\n"
    (tmp_path / "p").write_text(text)
    found = read_posts(tmp_path / "p", now=NOW)
    assert [(each.row, each.id, each.reason, each.found) for each in found.left_out] == [
        (2, None, "2 columns in place of 4 (as when a quote is missing)", ""),
        (3, "c", "no date", "'soon'"),
        (4, "a", "the same id twice", ""),
    ]
    assert [(each.source_id, each.score) for each in found.posts] == [("a", 1.0)]


def test_one_line_that_is_not_json_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("\n".join([json.dumps(post()), "{", json.dumps(post(id="b"))]))
    found = read_posts(tmp_path / "p", now=NOW)
    assert [each.source_id for each in found.posts] == ["abc", "b"]
    assert found.dropped == {"not JSON": 1}


def test_a_first_line_that_is_not_json_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("\n".join(['{"id": "a", oh', json.dumps(post())]))
    found = read_posts(tmp_path / "p", now=NOW)
    assert found.kind == "JSON Lines, UTF-8"
    assert [each.source_id for each in found.posts] == ["abc"]
    assert found.dropped == {"not JSON": 1}


def test_one_post_is_a_file_of_posts(tmp_path: Path) -> None:
    awarded = post(all_awardings=[{"id": "gold"}])
    for content in (post(), awarded, {"kind": "t3", "data": awarded}):
        (tmp_path / "p").write_text(json.dumps(content) + "\n")
        (found,) = read_posts(tmp_path / "p", now=NOW).posts
        assert found.source_id == "abc"


def test_a_number_of_thousands_of_digits_costs_its_own_row(tmp_path: Path) -> None:
    rows = json.dumps([post(ups=123454321), post(id="b")]).replace("123454321", "9" * 5000)
    (tmp_path / "p").write_text(rows)
    found = read_posts(tmp_path / "p", now=NOW)
    assert [each.source_id for each in found.posts] == ["b"]
    assert found.dropped == {"no score": 1}


@pytest.mark.parametrize(
    "date", ["2017-07-14 02:40 CEST", "14 Jul 2017 02:40 CEST", "14 Foo 2017", "2017-02-30 2:40 PM"]
)
def test_a_date_that_is_not_understood_as_a_whole_is_none(tmp_path: Path, date: str) -> None:
    (tmp_path / "p").write_text(json.dumps([post(created_utc=date)]))
    assert read_posts(tmp_path / "p", now=NOW).dropped == {"no date": 1}


def test_how_columns_were_understood_is_told(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("Post ID;Caption;Date;Upvotes;colour\n1;x;2019-01-02;3;red\n")
    found = read_posts(tmp_path / "p", now=NOW)
    assert found.kind == "CSV, UTF-8"
    assert found.columns == {
        "id": {"Post ID": 1}, "title": {"Caption": 1}, "posted": {"Date": 1},
        "score": {"Upvotes": 1},
    }  # fmt: skip
    assert found.ignored == ["colour"]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["07/08/2019", "7/14/2019 5:30 PM"], ["2019-07-08", "2019-07-14"]),
        (["07/08/2019", "14/7/2019 17:30"], ["2019-08-07", "2019-07-14"]),
        (["07.08.2019", "14.07.2019"], ["2019-08-07", "2019-07-14"]),
        (["07/08/2019", "08/07/2019"], []),
        (["07/08/2019", "14/7/2019", "7/14/2019"], []),
        (["07/08/2019", "31/31/2019", "7/14/2019"], ["2019-07-08", "2019-07-14"]),
    ],
)
def test_which_number_of_a_date_is_the_day_is_told_by_the_other_rows(
    tmp_path: Path, dates: list[str], days: list[str]
) -> None:
    rows = [post(id=str(number), created_utc=date) for number, date in enumerate(dates)]
    (tmp_path / "p").write_text(json.dumps(rows))
    found = read_posts(tmp_path / "p", now=NOW)
    assert sorted(f"{each.posted_at:%Y-%m-%d}" for each in found.posts) == sorted(days)
    assert len(found.left_out) == len(dates) - len(days)


POST = {"id": "a", "created_utc": 1_700_000_000, "score": 5, "title": "x", "media": "a.png"}


def around(content: Any, times: int) -> Any:
    """The content in an object that has something else, too, in such an object, and so on."""
    for _ in range(times):
        content = {"after": 1, "answer": content}
    return content


def test_rows_deep_inside_other_objects_are_found_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    is_listing = json_tables.is_listing

    def count(content: Any) -> bool:
        nonlocal looked
        looked += 1
        return is_listing(content)

    monkeypatch.setattr(json_tables, "is_listing", count)
    posts, _ = read(tmp_path, around([POST], 8))
    assert [post.title for post in posts] == ["x"]
    # Each object is looked at once, not twice as often as the one around it.
    assert looked <= 20


@pytest.mark.parametrize(
    "content",
    [
        {"columns": ["id", "score"], "data": [1, None]},
        {"columns": [["id"], {}], "data": [[1, 2]]},
        {"columns": [1], "data": [[1]]},
        [["id", "score"], 5],
    ],
)
def test_a_table_that_is_none_costs_its_rows_and_no_more(tmp_path: Path, content: Any) -> None:
    with contextlib.suppress(PostsFileRefused):
        assert read(tmp_path, content)[0] == []


@pytest.mark.parametrize(
    "moment",
    [
        "Mon, 01 Jan 2019 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 +0000",
    ],
)
def test_a_date_of_endless_numbers_is_none(moment: str) -> None:
    assert read_moment(moment) is None


@pytest.mark.parametrize(
    "text", ["1.234.567.89", "192.168.100.1", "1,5kk", "7" + 10**5 * " " + "x"]
)
def test_what_only_begins_like_a_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_a_unit_may_stand_apart_from_its_number() -> None:
    assert [read_number(text) for text in ("5 points", "5points", "1.234.567 votes", "2,5k")] == [
        5, 5, 1_234_567, 2500,
    ]  # fmt: skip
