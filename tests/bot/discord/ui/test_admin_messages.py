"""What admins are told, once, also when it takes more than one try."""

from datetime import timedelta

from bot.app import App
from bot.discord.platform import DiscordPlatform
from bot.notices import NoticeKind, note
from tests.bot.discord.steps import watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord
from tests.fakes.discord.faults import cut

SEND = "POST /channels/{channel_id}/messages"


async def test_a_notice_that_was_told_in_part_is_not_told_twice_anywhere(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, clock: FakeClock
) -> None:
    other = fake.guild("Another", owner=fake.user("olga"))
    elsewhere = fake.channel(other)
    await watch(app, elsewhere)
    await fake.settle()
    # Discord forgets what was said within minutes; here at once.
    fake.nonce_window = timedelta()
    database = app.core.database
    await note(database, NoticeKind.TRAINING, "A new model serves.", now=clock())
    second = fake.dm(other.owner)
    here = fake.on(
        f"after {SEND}",
        cut(),
        when=lambda moment: moment.request is not None and str(second.id) in moment.request.path,
    )
    await app.jobs.deliver_notices()
    assert here.hits == 1, "it was sent, and nobody knows"
    for _ in range(3):
        clock.forward(300)
        await app.jobs.deliver_notices()
    for place in (fake.dm(fake.owner), second):
        assert [each.content for each in fake.messages(place)] == ["A new model serves."]
