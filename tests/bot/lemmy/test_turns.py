"""What is due on Lemmy again and again."""

from datetime import timedelta

import pytest

from bot.leases import LeaseLost
from bot.lemmy.turns import Turns
from tests.fakes.clock import FakeClock


async def test_a_lost_lease_is_told_and_another_fault_only_ends_its_turn(clock: FakeClock) -> None:
    turns = Turns(clock=clock)

    async def fail(error: Exception) -> None:
        raise error

    await turns.run_due("odd", timedelta(minutes=1), lambda: fail(ValueError("odd")))
    with pytest.raises(LeaseLost):
        await turns.run_due("lost", timedelta(minutes=1), lambda: fail(LeaseLost("lost")))
