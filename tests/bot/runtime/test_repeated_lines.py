"""The same line again and again is one line with a count."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.repeated_lines import FoldRepeats


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def lines(self) -> list[str]:
        return [record.getMessage() for record in self.records]


def _raise(error: type[Exception]) -> None:
    raise error("the database is away")


class Played:
    """A logger whose time is told by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.kept = Kept()
        self.fold = FoldRepeats(self.kept, lambda: self.now)
        self.log = logging.Logger("peoria.repeats")  # noqa: LOG001 - belongs to the test alone
        self.log.addHandler(self.fold)

    def fail(self, words: str, *args: object, error: type[Exception] = OSError) -> None:
        try:
            _raise(error)
        except Exception:
            self.log.exception(words, *args)


@pytest.fixture
def played() -> Iterator[Played]:
    played = Played()
    yield played
    played.log.removeHandler(played.fold)


def test_an_outage_is_one_traceback_and_a_few_counts(played: Played) -> None:
    for second in range(6 * 3600):
        played.now = float(second)
        for number in range(3):
            played.fail("Post %s could not be advanced.", second * 3 + number)
    with_trace = [each for each in played.kept.records if each.exc_info]
    assert len(with_trace) == 1
    assert len(played.kept.records) < 20
    played.fold.flush()
    counts = sum(
        int(line.rsplit("[", 1)[1].split()[0].replace(",", "")) for line in played.kept.lines[1:]
    )
    assert counts == 6 * 3600 * 3 - 1, "nothing is lost without being counted"


def test_another_error_at_the_same_words_is_told(played: Played) -> None:
    played.fail("It failed.")
    played.fail("It failed.", error=KeyError)
    played.log.error("It failed.")
    assert [bool(each.exc_info) for each in played.kept.records] == [True, True, False]


def test_what_paused_for_a_while_is_told_again_with_its_traceback(played: Played) -> None:
    for _ in range(3):
        played.fail("It failed.")
    played.now = 61.0
    played.log.info("Something else.")
    assert "[2 more of this kind within 60 s]" in played.kept.lines[1]
    played.now = 61.0 + 121.0
    played.log.info("Something else again.")
    played.now += 2.0
    played.fail("It failed.")
    assert played.kept.records[-1].exc_info


def test_lines_about_different_things_are_all_told_up_to_a_bound(played: Played) -> None:
    for number in range(500):
        played.log.info("Post %s is fine.", number)
    assert len(played.kept.lines) == 50
    played.now = 100.0
    played.log.info("Later.")
    assert "[450 more of this kind within 60 s]" in played.kept.lines[50]


def test_a_line_that_cannot_be_put_together_is_handed_on(played: Played) -> None:
    played.log.info("%d posts", "many")
    assert len(played.kept.records) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 5000)), max_size=60))
def test_every_line_is_written_or_counted(lines: list[tuple[str, bool, float]]) -> None:
    played = Played()
    for words, fails, pause in lines:
        played.now += pause
        if fails:
            played.fail(words)
        else:
            played.log.warning(words)
    played.fold.flush()
    written = [line for line in played.kept.lines if not line.endswith("]")]
    counted = [line for line in played.kept.lines if line.endswith("]")]
    more = sum(int(line.rsplit("[", 1)[1].split()[0].replace(",", "")) for line in counted)
    assert len(written) + more == len(lines)
