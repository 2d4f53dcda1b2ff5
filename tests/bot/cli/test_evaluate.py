"""main.py evaluate, on a handful of drawn pictures and with the champion that ships."""

import json
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Peoria
from tests.fixtures import images

#: As the issue has them.
KEYS = {
    "n", "accuracy", "macro_f1", "log_loss", "log_loss_skill", "rps", "rps_skill", "brier", "ece",
    "spearman", "pair_accuracy", "ordinal_loss", "ordinal_loss_reduction", "auc_top10",
    "confusion", "intervals", "version", "dropped", "notes", "authors_unknown",
}  # fmt: skip


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    """A file of fifteen posts with a picture, and one without."""
    rows = []
    for number in range(16):
        rows.append(
            {
                "id": f"p{number}", "title": f"post {number}", "author": "anna",
                "created_utc": 1_600_000_000 + 200_000 * number, "ups": 37 * number % 100,
            }
        )  # fmt: skip
        if number < 15:
            picture = images.photo(60 + number, 48)
            (tmp_path / f"p{number}.png").write_bytes(images.encode(picture, "PNG"))
    file = tmp_path / "posts.json"
    file.write_text(json.dumps(rows), "utf-8")
    return ["evaluate", str(file), "--images", str(tmp_path)]


def test_the_figures_are_shown_with_their_intervals(peoria: Peoria, asked: list[str]) -> None:
    answer = peoria(*asked)
    assert answer.status == 0
    for words in ("15 posts", "accuracy (three buckets)", "…", "Left out: 1 (no image)."):
        assert words in answer.out
    assert "have a record of their author" in answer.out


def test_as_data_they_have_the_agreed_names(peoria: Peoria, asked: list[str]) -> None:
    data = peoria(*asked, "--json").data
    assert set(data) == KEYS
    unknown = data["authors_unknown"]
    assert set(unknown) == KEYS - {"version", "dropped", "notes", "authors_unknown"}
    assert data["n"] == unknown["n"] == 15
    assert sum(map(sum, data["confusion"])) == 15
    text = peoria(*asked).out.replace("\n", " ")
    assert data["notes"]
    assert all(note in text for note in data["notes"])
    assert all(f"{count} ({reason})" in text for reason, count in data["dropped"].items())


def test_buckets_that_make_no_sense_are_refused(peoria: Peoria, asked: list[str]) -> None:
    assert "fixed:2000,20000" in peoria(*asked, "--buckets", "many").sentence
