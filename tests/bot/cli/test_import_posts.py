"""main.py import: what is said of what was imported."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Peoria
from tests.fixtures import images


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Fourteen posts in r/cats, three of them with a picture, one without a score."""
    folder = tmp_path / "cats"
    folder.mkdir()
    posts = [
        {
            "id": f"p{number}", "title": f"post {number}", "author": "anna",
            "created_utc": 1_600_000_000 + 200_000 * number, "ups": 10 * number,
        }
        for number in range(14)
    ]  # fmt: skip
    del posts[13]["ups"]
    for number in range(3):
        picture = images.photo(60 + number, 48)
        (folder / f"p{number}.png").write_bytes(images.encode(picture, "PNG"))
    (folder / "posts.json").write_text(json.dumps(posts), "utf-8")
    return folder / "posts.json"


def test_an_import_says_how_many_posts_it_took_and_why_not_the_others(
    peoria: Peoria, file: Path
) -> None:
    answer = peoria("import", file, "--images", file.parent)
    assert answer.status == 3, "some were left out"
    first, *rest = answer.out.splitlines()
    assert first == "Imported 3 posts (0 were there already); 3 labels written."
    assert rest[0].startswith("Left out 1: ")
    assert "10 posts have no usable image:" in rest
    assert rest[1] == "  row 14, p13"
    assert rest[-2].split(", ") == ["  p3", *(f"p{number}" for number in range(4, 13))]
    assert rest[-1].startswith("  10 of them with a score: records of authors")
    again = peoria("import", file, "--images", file.parent)
    assert again.out.startswith("Imported 0 posts (3 were there already); 0 labels written.")


def test_as_data_every_post_without_an_image_is_named(peoria: Peoria, file: Path) -> None:
    data = peoria("import", file, "--images", file.parent, "--community", "r/dogs", "--json").data
    assert (data["imported"], data["already_there"], data["labelled"]) == (3, 0, 3)
    assert sorted(data["without_image"]) == sorted(f"p{number}" for number in range(3, 13))
    assert sum(data["dropped"].values()) == 1


@pytest.mark.parametrize(
    ("buckets", "taken"),
    [
        ("terciles", True),
        ("fixed:20,100", True),
        ("fixed:100,100", False),
        ("fixed:100,20", False),
        ("fixed:20", False),
        ("fixed:a,b", False),
        ("20,100", False),
    ],
)
def test_buckets_are_terciles_or_two_rising_scores(
    peoria: Peoria, file: Path, buckets: str, taken: bool
) -> None:
    answer = peoria("import", file, "--images", file.parent, "--buckets", buckets)
    if taken:
        assert answer.status == 3
    else:
        assert answer.status == 2
        assert "fixed:LOW,MEDIUM" in answer.err


def test_a_mistyped_file_changes_no_buckets(peoria: Peoria, file: Path, data_dir: Path) -> None:
    peoria("import", file, "--images", file.parent, "--community", "r/cats")
    answer = peoria(
        "import", file.with_name("post.json"), "--community", "r/cats", "--buckets", "fixed:1,2"
    )
    assert answer.status == 1
    rule = "SELECT low_up_to, medium_up_to FROM communities WHERE name = 'r/cats'"
    with closing(sqlite3.connect(data_dir / "peoria.db")) as connection:
        assert connection.execute(rule).fetchall() == [(None, None)]


def test_links_are_a_word_of_the_past(peoria: Peoria, file: Path) -> None:
    answer = peoria("import", file, "--images", file.parent, "--no-links")
    assert answer.status == 3
    assert "change nothing any more" in answer.out


def test_a_dry_run_shows_how_the_file_is_understood_and_changes_nothing(
    peoria: Peoria, tmp_path: Path, data_dir: Path
) -> None:
    file = tmp_path / "kaggle.csv"
    file.write_text(
        "Post ID;Caption;Date;Upvotes;image url;colour\n"
        'a;"Tom &amp; Jerry";2019-01-02 03:04:05;1,234;https://i.example/a.png;red\n'
        "b;second;soon;5;https://i.example/b.png;red\n"
        "c;third;2019-01-03;5;;red\n"
    )
    with closing(sqlite3.connect(data_dir / "peoria.db")) as connection:
        (communities,) = connection.execute("SELECT count(*) FROM communities").fetchone()
    answer = peoria("import", file, "--dry-run", "--community", "r/cats")
    assert answer.status == 3
    for line in (
        "kaggle.csv: CSV, UTF-8; 3 rows, for r/cats.",
        "  id      Post ID",
        "  score   Upvotes",
        "  not used: colour",
        "  title   Tom & Jerry",
        "  posted  2019-01-02 03:04:05 UTC",
        "  score   1234",
        "  1 × image to download from i.example",
        "  1 × no image: c",
        "Left out 1: no date.",
        "  row 2, b: 'soon'",
        "Nothing was changed.",
    ):
        assert line in answer.out.splitlines()
    with closing(sqlite3.connect(data_dir / "peoria.db")) as connection:
        assert connection.execute("SELECT count(*) FROM communities").fetchone() == (communities,)
    data = peoria("import", file, "--dry-run", "--json").data
    assert (data["posts"], data["columns"]["id"]) == (2, ["Post ID"])


def test_every_row_that_is_left_out_stands_in_the_report(
    peoria: Peoria, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "left-out.csv"
    peoria("import", file, "--images", file.parent, "--report", report)
    with report.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["id"] for row in rows} == {f"p{number}" for number in range(3, 14)}
    assert all(row["reason"] for row in rows)
    answer = peoria("import", file, "--images", file.parent, "--report", tmp_path)
    assert answer.sentence.endswith("cannot be written: Is a directory.")


def test_an_import_of_which_nothing_is_left_out_says_so_by_its_status(
    peoria: Peoria, file: Path
) -> None:
    rows = json.loads(file.read_text("utf-8"))[:3]
    file.write_text(json.dumps(rows), "utf-8")
    assert peoria("import", file, "--images", file.parent).status == 0
    assert peoria("import", file, "--images", file.parent).status == 0
