"""What Discord's answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.gateway.answers import Verdict, judge


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (400, 50083, Verdict.LATER),
        (400, 160005, Verdict.LATER),
        (400, 30046, Verdict.LATER),
        (400, 50024, Verdict.FINAL),
        (400, 40060, Verdict.FINAL),
        (404, 10008, Verdict.FINAL),
        (404, 0, Verdict.OURS),
        (403, 50013, Verdict.LATER),
        (403, 0, Verdict.LATER),
        (429, 0, Verdict.LATER),
        (500, 0, Verdict.LATER),
        (405, 0, Verdict.OURS),
        (400, 50035, Verdict.OURS),
        (418, 0, Verdict.OURS),
        (400, 999999, Verdict.OURS),
    ],
)
def test_known_answers(status: int, code: int, verdict: Verdict) -> None:
    assert judge(status, code) is verdict


@given(st.integers(100, 599), st.integers(0, 10**6))
def test_every_answer_has_a_verdict_and_outages_are_never_final(status: int, code: int) -> None:
    verdict = judge(status, code)
    if status >= 500:
        assert verdict is Verdict.LATER
