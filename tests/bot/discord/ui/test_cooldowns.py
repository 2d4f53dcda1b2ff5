"""Not too much at once, from one person or in one channel."""

from datetime import timedelta

import pytest

from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.error_replies import Refused
from tests.fakes.clock import FakeClock


def test_cooldowns_are_for_persons_and_for_channels() -> None:
    clock = FakeClock()
    cooldowns = Cooldowns(clock, per_person=2, per_channel=3, within=timedelta(seconds=10))
    cooldowns.take(1, 100)
    clock.forward(4)
    cooldowns.take(1, 100)
    with pytest.raises(Refused) as refused:
        cooldowns.take(1, 200)
    assert (refused.value.key, refused.value.values) == ("error.cooldown", {"seconds": 6})
    # What was refused is not counted, and others go on.
    cooldowns.take(2, 100)
    with pytest.raises(Refused) as refused:
        cooldowns.take(3, 100)
    assert refused.value.key == "error.cooldown_channel"
    clock.forward(6)
    cooldowns.take(1, 200)


def test_cooldowns_do_not_grow_without_end() -> None:
    clock = FakeClock()
    cooldowns = Cooldowns(clock, per_person=2, per_channel=2, within=timedelta(seconds=10))
    for person in range(1000):
        cooldowns.take(person, person)
        clock.forward(5)
    assert max(len(cooldowns._persons), len(cooldowns._channels)) <= 3
