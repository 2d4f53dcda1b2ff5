from datetime import timedelta
from pathlib import Path

from bot.runtime.clock import now
from storage.tables import Author, Community, Label, Nowcast, Post
from tests.bot.cli.conftest import Peoria
from tests.bot.cli.test_leaderboard import store
from tests.fixtures.rows import row


def leapt(data_dir: Path) -> None:
    at = now() - timedelta(hours=1)
    store(
        data_dir,
        row(Community, name="r/[test]"), row(Author), row(Post, title="[red]A title"),
        Nowcast(
            post_id=1, reading=600, made_at=at, score_p10=90, score_median=100, score_p90=110,
        ),
        row(Label, score=900.0, matured_at=at),
    )  # fmt: skip


def test_calm_voting_says_so(peoria: Peoria) -> None:
    assert "No voting of the last 7 days stands out." in peoria("suspicions").out
    assert "the last day stands" in peoria("suspicions", "--days", "1").out
    assert peoria("suspicions", "--json").data == []


def test_voting_that_stands_out_is_listed(peoria: Peoria, data_dir: Path) -> None:
    leapt(data_dir)
    out = peoria("suspicions").out
    assert "[red]A title" in out
    assert "r/[test]" in out
    assert "It was heading for 100 and then for 900" in out
    (found,) = peoria("suspicions", "--json", "--community", "test").data
    assert (found["kind"], found["post_id"]) == ("jump", 1)
    assert peoria("suspicions", "--json", "--days", "0.01").data == []


def test_an_unknown_community_is_named(peoria: Peoria) -> None:
    assert "nowhere" in peoria("suspicions", "--community", "nowhere").sentence
