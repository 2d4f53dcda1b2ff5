from datetime import timedelta
from pathlib import Path

from storage.tables import Author, Community, Label, Nowcast, Post, Snapshot
from tests.bot.cli.conftest import Peoria
from tests.bot.cli.test_leaderboard import store
from tests.fixtures.rows import MOMENT, row


def test_second_looks_are_measured_against_simpler_ones(peoria: Peoria, data_dir: Path) -> None:
    store(
        data_dir,
        row(Community), row(Author), row(Post),
        row(Snapshot, reading=600, age_seconds=600, score=10.0),
        Nowcast(
            post_id=1, reading=600, made_at=MOMENT, score_p10=30, score_median=40, score_p90=60,
        ),
        row(Label, score=40.0, matured_at=MOMENT + timedelta(hours=2)),
    )  # fmt: skip
    out = peoria("stats").out
    assert "10 min" in out
    assert "100%" in out
    assert "PR-AUC: nothing to tell yet; a community needs 100 posts" in out
    (found,) = peoria("stats", "--json").data["second_looks"]
    assert (found["reading"], found["n"], found["error"], found["coverage"]) == (600, 1, 0, 1)
    assert found["typical_error"] is None
    assert found["pr_auc_top5"] is None


def test_without_second_looks_nothing_is_said_of_them(peoria: Peoria) -> None:
    assert "Off by" not in peoria("stats").out
    assert peoria("stats", "--json").data["second_looks"] == []
