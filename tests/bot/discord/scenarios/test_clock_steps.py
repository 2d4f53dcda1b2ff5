"""The machine's clock is set at every stage of a post: all goes by Discord's time."""

import pytest
from sqlalchemy import select

from bot.discord.platform import DiscordPlatform
from bot.settings import Settings
from storage.tables import Prediction, Snapshot
from tests.bot.discord.scenarios.scene import EDIT, HORIZON, SEND, Scene, peoria
from tests.bot.discord.scenarios.test_clock import Machine
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord, NotOffered

GUESSING = 1200
READ = "GET /channels/{channel_id}/messages/{message_id}"


@pytest.mark.parametrize("hours", [-24, 1])
async def test_a_clock_that_is_set_at_every_stage_changes_nothing(
    settings: Settings, fake: FakeDiscord, clock: FakeClock, hours: int
) -> None:
    guild = fake.guild("Peoria")
    channel = fake.channel(guild, "memes")
    ann, bob, cleo = (fake.member(guild, name) for name in ("ann", "bob", "cleo"))
    machine, stages = Machine(clock, 0.0), []

    def set_clock(stage: str) -> None:
        """There, and the next time back."""
        machine.wrong_by = 0.0 if machine.wrong_by else hours * 3600.0
        stages.append(stage)

    async with peoria(settings, fake, machine.clock) as app:  # type: ignore[arg-type]
        scene = Scene(fake, app, clock, guild, channel, ann, ann, bob)
        platform = scene.platform
        assert isinstance(platform, DiscordPlatform)
        await scene.watch(channel, guess_seconds=GUESSING)
        set_clock("before the prediction")
        fake.on(SEND, lambda _: set_clock("before the reply"))
        post, reply = await scene.posted()
        set_clock("before a guess")
        assert await fake.click(bob, reply, "High")
        await fake.react(bob, post, "⬆")
        await scene.pass_time(GUESSING / 2)
        set_clock("before the second look")
        await scene.pass_time(GUESSING / 4)
        await platform.close_guessing()
        assert reply.edited_at is None, "guessing goes on"
        set_clock("before guessing closes")
        await scene.pass_time(GUESSING / 4 + 1)
        await platform.close_guessing()
        assert reply.edited_at is not None, "guessing has closed"
        with pytest.raises(NotOffered):
            await fake.click(cleo, reply, "Low")
        set_clock("before the label")
        fake.on(READ, lambda _: set_clock("while the score is read"))
        fake.on(EDIT, lambda _: set_clock("while the outcome is shown"))
        await scene.pass_time(HORIZON - GUESSING - 30)
        assert await scene.label(post) is None, "not before its horizon"
        await scene.pass_time(60)
        await scene.pass_time(60)
        label = await scene.label(post)
        async with app.core.database.read() as session:
            (final,) = await session.scalars(select(Snapshot).filter_by(reading=HORIZON))
            (prediction,) = await session.scalars(select(Prediction))
        assert label is not None
        assert label.score == 1
        assert HORIZON <= final.age_seconds < HORIZON + 60
        assert len(await scene.guesses(post)) == 1
        assert abs((prediction.made_at - post.sent_at).total_seconds()) < 60
        assert [each.text.startswith("How it did") for each in fake.replies_to(post)] == [True]
        assert len(stages) == 8
