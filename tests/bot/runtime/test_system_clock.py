"""The machine's clock is set, or wrong: the time that is used stays the platform's."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.system_clock import TOLERANCE, SystemClock

START = 1_800_000_000.0
JUMPS = st.one_of(st.floats(-1e7, 1e7), st.sampled_from([3600.0, -3600.0, 0.0]))


class Machine:
    """A machine whose clock may be set, and the true time."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.set_by = 0.0
        self.clock = SystemClock(lambda: START + self.passed + self.set_by, lambda: self.passed)

    def off(self) -> float:
        """How far the time that is used is from the true one, seconds."""
        return self.clock().timestamp() - (START + self.passed)

    def hear(self) -> float | None:
        return self.clock.hear(datetime.fromtimestamp(START + self.passed, UTC))


def test_without_a_platform_it_is_the_machines_clock() -> None:
    machine = Machine()
    machine.set_by = -3600.0
    assert machine.off() == -3600.0
    machine.set_by = 0.0
    assert machine.off() == 0.0


@given(JUMPS)
def test_a_clock_that_is_set_changes_nothing_once_a_platform_was_heard(jump: float) -> None:
    machine = Machine()
    machine.hear()
    machine.hear()
    machine.set_by = jump
    machine.passed += 5
    assert abs(machine.off()) <= TOLERANCE


@given(JUMPS)
def test_a_clock_that_was_wrong_from_the_start_is_corrected(wrong: float) -> None:
    machine = Machine()
    machine.set_by = wrong
    machine.clock()
    assert machine.hear() is None, "one answer may be a mistake"
    ahead = machine.hear()
    assert ahead is not None
    assert abs(ahead + wrong) < 0.01
    assert abs(machine.off()) <= TOLERANCE


@given(st.lists(st.tuples(st.sampled_from(["pass", "set", "hear"]), JUMPS), max_size=40))
def test_whatever_happens_two_answers_make_it_right(story: list[tuple[str, float]]) -> None:
    machine = Machine()
    for what, amount in story:
        if what == "pass":
            machine.passed += abs(amount)
        elif what == "set":
            machine.set_by += amount
        else:
            machine.hear()
        machine.clock()
    machine.hear()
    machine.hear()
    machine.hear()
    assert abs(machine.off()) <= TOLERANCE + 0.01


def test_an_answer_with_a_wrong_time_is_no_correction() -> None:
    machine = Machine()
    machine.hear()
    machine.hear()
    machine.clock.hear(datetime.fromtimestamp(START - 1e6, UTC))
    assert machine.off() == 0.0
