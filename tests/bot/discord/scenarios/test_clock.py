"""The clock of the machine is wrong, or is set: posts go by Discord's time."""

import pytest
from sqlalchemy import select

from bot.runtime.system_clock import SystemClock
from bot.settings import Settings
from storage.tables import Notice, Snapshot
from tests.bot.discord.scenarios.scene import HORIZON, PNG, Scene, peoria
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord


class Machine:
    """A machine with a clock of its own beside the true time."""

    def __init__(self, true: FakeClock, wrong_by: float) -> None:
        self.wrong_by = wrong_by
        self.clock = SystemClock(
            lambda: true().timestamp() + self.wrong_by, lambda: true().timestamp()
        )


@pytest.mark.parametrize("hours", [-25, -1, 1, 25])
@pytest.mark.parametrize("from_the_start", [True, False])
async def test_a_wrong_clock_changes_no_label_and_is_told(
    settings: Settings, fake: FakeDiscord, clock: FakeClock, hours: int, from_the_start: bool
) -> None:
    guild = fake.guild("Peoria")
    channel = fake.channel(guild, "memes")
    ann, bob = fake.member(guild, "ann"), fake.member(guild, "bob")
    admin = fake.member(guild, "the admin")
    machine = Machine(clock, hours * 3600.0 if from_the_start else 0.0)
    async with peoria(settings, fake, machine.clock) as app:  # type: ignore[arg-type]
        scene = Scene(fake, app, clock, guild, channel, admin, ann, bob)
        await scene.watch(channel)
        machine.wrong_by = hours * 3600.0
        post = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.until(lambda: fake.replies_to(post))
        await fake.react(bob, post, "⬆")
        for _ in range(4):
            await scene.pass_time(HORIZON / 4)
        await scene.pass_time(1)
        label = await scene.label(post)
        assert label is not None
        assert label.score == 1
        async with app.core.database.read() as session:
            final = await session.scalar(select(Snapshot).filter_by(reading=HORIZON))
            said = list(await session.scalars(select(Notice.text)))
        assert final is not None
        assert HORIZON <= final.age_seconds < HORIZON + 60
        assert any("clock of this machine" in text for text in said)
