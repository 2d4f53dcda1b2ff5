"""What is due on a network again and again."""

from datetime import timedelta

import pytest

from bot.leases import LeaseLost
from bot.networks.turns import Turns
from tests.fakes.clock import FakeClock

MINUTE = timedelta(minutes=1)


async def test_a_fault_ends_its_own_turn_a_closed_door_is_told_once_a_lost_lease_is_raised(
    clock: FakeClock,
) -> None:
    told: list[str] = []

    async def tell(what: str, error: Exception) -> None:
        told.append(f"{what}: {error}")

    turns = Turns("Lemmy", (KeyError,), tell, clock=clock)

    async def fail(error: Exception) -> None:
        raise error

    await turns.run_due("odd", MINUTE, lambda: fail(ValueError("odd")))
    for _ in range(3):
        await turns.run_due("a room", MINUTE, lambda: fail(KeyError("closed")))
        clock.forward(3601)
    assert told == ["a room: 'closed'"]
    with pytest.raises(LeaseLost):
        await turns.run_due("lost", MINUTE, lambda: fail(LeaseLost("lost")))
