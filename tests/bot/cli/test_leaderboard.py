import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli.console import out
from bot.league.seasons import season_of
from bot.runtime.clock import now
from storage.engine.database import Database
from storage.tables import Author, Community, Label, ModelVersion, Post, Standing
from storage.types import ForecasterKind
from tests.bot.cli.conftest import Peoria
from tests.fixtures.rows import MOMENT, row

SEASON = season_of(MOMENT, "UTC")


def store(data_dir: Path, *rows: Any) -> None:
    async def write() -> None:
        database = Database(f"sqlite+aiosqlite:///{data_dir / 'peoria.db'}")
        async with database.write() as session:
            for each in rows:
                session.add(each)
                await session.flush()
        await database.close()

    asyncio.run(write())


def standing(forecaster: int, **changes: Any) -> Standing:
    return Standing(
        **{
            "season": SEASON, "community_id": 0, "kind": ForecasterKind.PERSON,
            "forecaster_id": forecaster, "n": 20, "hits": 9, "expected_hits": 6.7, "points": 6.5,
            "points_squared": 45.0, "blind_n": 10, "blind_hits": 5, "bot_hits": 6, "streak": 2,
            "best_streak": 4, "updated_at": MOMENT, **changes,
        }
    )  # fmt: skip


@pytest.fixture
def league(data_dir: Path) -> None:
    store(
        data_dir,
        row(Community, name="r/[test]"), row(Author, hash="abcdef12" * 8), row(ModelVersion),
        row(Post, title="[red]A title"), row(Label, matured_at=MOMENT), standing(1),
        standing(100, kind=ForecasterKind.MODEL, rps_sum=3.0, base_rps_sum=4.0),
        standing(100, kind=ForecasterKind.MODEL, community_id=1, rps_sum=3.0, base_rps_sum=4.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ("forecasters", "Nobody has 10 scored guesses yet."),
        ("models", "No model version has 10 scored predictions yet."),
        ("channels", "No community has 10 scored predictions yet."),
        ("posts", "No post reached its horizon yet."),
    ],
)
def test_an_empty_board_says_what_fills_it(peoria: Peoria, board: str, words: str) -> None:
    answer = peoria("leaderboard", board, "--season", "all")
    assert answer.status == 0
    assert words in answer.out


def test_without_a_season_it_is_this_month(peoria: Peoria) -> None:
    before, answer, after = now(), peoria("leaderboard"), now()
    assert any(season_of(each, "UTC") in answer.out for each in (before, after))


@pytest.mark.usefixtures("league")
@pytest.mark.parametrize(
    ("board", "words"),
    [
        (
            "forecasters",
            ["Person abcdef", "45%", "26%–66%", "34%", "+6.5", "50% of 10", "bot 60%"],
        ),
        ("models", ["v1", "0.250", "45%"]),
        ("channels", ["r/[test]", "0.250"]),
        ("posts", ["[red]A title", "r/[test]", "low"]),
    ],
)  # fmt: skip
def test_a_board_is_a_table(peoria: Peoria, board: str, words: list[str]) -> None:
    answer = peoria("leaderboard", board, "--season", SEASON)
    assert answer.status == 0
    assert f"{board.capitalize()}: {SEASON}, everywhere" in answer.out
    assert [each for each in words if each not in answer.out] == []


@pytest.mark.usefixtures("league")
@pytest.mark.parametrize("board", ["forecasters", "models", "channels", "posts"])
def test_a_board_is_whole_in_eighty_columns(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, board: str
) -> None:
    monkeypatch.setattr(out, "_width", 80)
    answer = peoria("leaderboard", board, "--season", SEASON)
    assert "…" not in answer.out
    assert "#" in answer.out


@pytest.mark.usefixtures("league")
def test_as_json(peoria: Peoria) -> None:
    data = peoria("leaderboard", "--season", SEASON, "--json").data
    assert (data["board"], data["season"], data["total"]) == ("forecasters", SEASON, 1)
    (found,) = data["rows"]
    assert (found["rank"], found["hit_rate"], found["points"]) == (1, 0.45, 6.5)
    (post,) = peoria("leaderboard", "posts", "--season", "all", "--json").data["rows"]
    assert post["matured_at"] == MOMENT.isoformat()


@pytest.mark.usefixtures("league")
def test_a_board_that_goes_on_says_so(peoria: Peoria, data_dir: Path) -> None:
    store(data_dir, row(Author, id=2, hash="b" * 64), standing(2))
    assert "1 of 2" in peoria("leaderboard", "--season", SEASON, "--rows", "1").out


@pytest.mark.usefixtures("league")
def test_one_community(peoria: Peoria) -> None:
    answer = peoria("leaderboard", "models", "--season", SEASON, "--community", "test")
    assert f"Models: {SEASON}, r/[test]" in answer.out


@pytest.mark.usefixtures("league")
def test_boards_can_be_worked_out_anew(peoria: Peoria) -> None:
    """The sums of the fixture belong to no guess: they go."""
    answer = peoria("leaderboard", "--season", "all", "--rebuild")
    assert "Calculated again from 1 label." in answer.out
    assert "Nobody has" in answer.out
    assert peoria("leaderboard", "--season", SEASON, "--json").data["rows"] == []


def test_what_cannot_be_found_is_named(peoria: Peoria) -> None:
    assert "'spring' is not a season" in peoria("leaderboard", "--season", "spring").sentence
    assert "nowhere" in peoria("leaderboard", "--community", "nowhere").sentence


def test_the_season_that_is_running_says_so(peoria: Peoria, data_dir: Path) -> None:
    moment = now() - timedelta(seconds=1)
    season = season_of(moment, "UTC")
    store(
        data_dir, row(Community), row(Author), row(Post),
        row(Label, matured_at=moment, written_at=moment),
    )  # fmt: skip
    out = peoria("leaderboard", "posts", "--season", season).out
    assert ", still running" in out or season != season_of(now(), "UTC")
