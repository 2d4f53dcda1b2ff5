"""What Discord's answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.gateway.answers import Verdict, judge
from tests.fakes.discord.documented_answers import BY_CODE, BY_STATUS


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


def test_of_all_that_is_documented_few_answers_are_final_and_none_without_a_code() -> None:
    verdicts = {(status, code): judge(status, code) for status, code in (*BY_CODE, *BY_STATUS)}
    final = {code for (_, code), verdict in verdicts.items() if verdict is Verdict.FINAL}
    assert 0 not in final, "what has no code may come from a server between"
    assert final <= {code for _, code in BY_CODE}
    # Whatever passes is asked again; the rest is a few tries.
    for code in (40003, 40004, 40006, 40333, 50001, 50013, 50083, 110000, 130000, 160005):
        assert [v for (_, c), v in verdicts.items() if c == code] == [Verdict.LATER]


@given(st.integers(100, 599), st.integers(0, 10**6))
def test_every_answer_has_a_verdict_and_outages_are_never_final(status: int, code: int) -> None:
    verdict = judge(status, code)
    if status >= 500:
        assert verdict is Verdict.LATER
