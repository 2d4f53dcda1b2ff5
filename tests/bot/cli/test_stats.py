import asyncio
from pathlib import Path

from bot.core import open_core
from bot.settings import Settings
from tests.bot.cli.conftest import Peoria
from tests.fixtures.labelled_looks import store_labelled_looks


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


def test_what_plays_needs_a_community(peoria: Peoria) -> None:
    assert "There is no community yet" in peoria("stats", "plays").sentence


def test_what_plays_is_printed_and_drawn(data_dir: Path, peoria: Peoria) -> None:
    async def fill() -> None:
        async with open_core(Settings(data_dir=data_dir)) as core:
            await store_labelled_looks(core.database, 70)

    asyncio.run(fill())
    shown = peoria("stats", "plays", "--plot", "plays.svg")
    assert "text post ★" in shown.out
    assert Path("plays.svg").read_text("utf-8").startswith("<svg")
    found = peoria("stats", "plays", "--json").data
    assert (found["community"], found["used"], found["missing"]) == ("r/test", 70, 0)
    assert any(each["told"] for each in found["effects"])
