from pathlib import Path

from tests.bot.cli.conftest import Peoria


def test_without_posts_that_is_said(peoria: Peoria) -> None:
    answer = peoria("stats")
    assert answer.status == 0
    assert "0 labels since" in answer.out
    assert "No prediction has been scored" in answer.out


def test_as_json_and_as_a_chart(peoria: Peoria) -> None:
    answer = peoria("stats", "--days", "7", "--json", "--chart", "chart.png")
    assert answer.data["labels"] == 0
    assert answer.data["versions"] == []
    assert Path("chart.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_community_is_refused(peoria: Peoria) -> None:
    assert "'r/nowhere'" in peoria("stats", "--community", "r/nowhere").sentence
