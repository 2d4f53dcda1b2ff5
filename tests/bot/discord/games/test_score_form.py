import pytest

from bot.discord.games.score_form import read_score
from bot.discord.ui.error_replies import Refused


@pytest.mark.parametrize(
    ("typed", "score"),
    [
        ("12", 12), ("- 3", -3), (" -3 ", -3), ("+4", 4), ("−5", -5), ("2,5", 2.5), ("2.25", 2.25),
        ("1,200", 1200), ("1.200", 1200), ("1 200", 1200), ("1\u202f200", 1200),
        ("-1,200,000", -1_200_000), ("1.200,5", 1200.5), ("1,200.5", 1200.5), ("１２", 12),
        ("10000000", 10_000_000),
    ],
)  # fmt: skip
def test_a_score_is_read_as_people_write_numbers(typed: str, score: float) -> None:
    assert read_score(typed) == score


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "many",
        "nan",
        "inf",
        "1e3",
        "3 12",
        "1,2,3",
        "12,3456",
        "0x1",
        "10000001",
        "--3",
        "3-",
    ],
)
def test_what_is_no_score_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_score(typed)
