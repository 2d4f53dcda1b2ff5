"""Guesses on replies, open and blind."""

from sqlalchemy import select

from bot.app import App
from bot.discord.platform import DiscordPlatform
from bot.discord.ui.member_names import MemberNames
from bot.people.consent import opt_out
from bot.people.identity import hash_person
from storage.tables import Author, Guess, Nowcast
from storage.types import Bucket, PlatformName
from tests.bot.discord.steps import PNG, answered, connected, watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member, Message


async def ask(fake: FakeDiscord, channel: Channel, author: Member) -> Message:
    """Somebody posts an image; the reply to it."""
    message = await fake.post_message(channel, author, attachments=[PNG])
    await answered(fake, message)
    return fake.replies_to(message)[0]


async def guesses(app: App) -> list[tuple[Bucket, bool]]:
    async with app.core.database.read() as session:
        rows = await session.scalars(Guess.__table__.select().with_only_columns(Guess.id))
        found = [await session.get_one(Guess, each) for each in rows]
        return [(each.bucket, each.blind) for each in found]


async def test_a_guess_can_be_changed_and_the_author_may_not_guess(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    bob: Member,
) -> None:  # fmt: skip
    reply = await ask(fake, channel, ann)
    for bucket in ("Low", "High"):
        asked = await fake.click(bob, reply, bucket)
        assert asked.ephemeral
        assert f"You guessed **{bucket}**" in asked.text
    assert await guesses(app) == [(Bucket.HIGH, False)]
    before = len(fake.requests)
    own = await fake.click(ann, reply, "High")
    assert own.ephemeral
    assert "Your own post" in own.text
    # What was deferred becomes the refusal; nothing is taken back or said besides.
    assert [each.method for each in fake.requests[before:]] == ["POST", "PATCH"]


async def test_a_blind_prediction_is_shown_after_the_guess_and_to_all_at_the_close(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, clock: FakeClock,
) -> None:  # fmt: skip
    await watch(app, channel, blind=True)
    async with connected(app, fake) as discord:
        reply = await ask(fake, channel, ann)
        assert "ikely" not in reply.text
        assert "%" not in reply.text
        asked = await fake.click(bob, reply, "High")
        assert "ikely" in asked.text
        assert asked.ephemeral
        assert await guesses(app) == [(Bucket.HIGH, True)]
        # Whoever changes it has seen the prediction.
        await fake.click(bob, reply, "Low")
        assert await guesses(app) == [(Bucket.LOW, False)]
        clock.forward(3601)
        late = await fake.click(bob, reply, "Medium")
        assert "has closed" in late.text
        await discord.close_guessing()
        assert "ikely" in reply.text
        assert "Guesses: Low 1" in reply.text
        assert [each["label"] for each in reply.buttons] == ["Why?"]
        edits = len(fake.asked("PATCH /channels/{channel_id}/messages/{message_id}"))
        await discord.close_guessing()
        assert len(fake.asked("PATCH /channels/{channel_id}/messages/{message_id}")) == edits


async def test_skipping_shows_the_prediction_and_costs_the_blindness(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member
) -> None:
    await watch(app, channel, blind=True)
    async with connected(app, fake):
        reply = await ask(fake, channel, ann)
        asked = await fake.click(bob, reply, "Skip")
        assert "ikely" in asked.text
        await fake.click(bob, reply, "High")
        assert await guesses(app) == [(Bucket.HIGH, False)]


async def test_buttons_survive_a_restart_and_speak_the_readers_language(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    await watch(app, channel)
    hans = fake.member(ann.guild, "hans", locale="de")
    async with connected(app, fake):
        reply = await ask(fake, channel, ann)
    async with connected(app, fake):
        asked = await fake.click(hans, reply, "High")
        assert "Du hast **Hoch** getippt" in asked.text
        why = await fake.click(hans, reply, "Why?")
        assert "gleich wahrscheinlich" in why.text
        assert [each.filename for each in why.messages[0].attachments] == [
            "what-drove-it.png",
            "chances.png",
        ]


async def test_too_many_presses_are_turned_away(
    fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member, bob: Member
) -> None:
    reply = await ask(fake, channel, ann)
    said = [(await fake.click(bob, reply, "High")).text for _ in range(12)]
    assert "Try again in" in said[-1]
    assert "Try again in" not in said[0]


async def test_where_a_post_is_heading_is_told_when_guessing_has_closed(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    clock: FakeClock,
) -> None:  # fmt: skip
    reply = await ask(fake, channel, ann)
    async with app.core.database.write() as session:
        session.add(
            Nowcast(
                post_id=1, reading=600, made_at=clock(), score_p10=8, score_median=21,
                score_p90=1600,
            )
        )  # fmt: skip
    assert "heading" not in reply.text
    clock.forward(3601)
    await discord.close_guessing()
    assert "Now heading for **21**, most likely 8 to 1,600." in reply.text
    assert len(fake.asked("PATCH /channels/{channel_id}/messages/{message_id}")) == 1


async def test_a_player_is_named_after_a_restart_until_they_opt_out(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member
) -> None:
    await watch(app, channel)
    async with connected(app, fake):
        reply = await ask(fake, channel, ann)
        await fake.click(bob, reply, "High")
    names = MemberNames(app.core.people_key)
    person = hash_person(app.core.people_key, PlatformName.DISCORD, str(bob.id))

    async def kept() -> dict[str, str | None]:
        async with app.core.database.read() as session:
            rows = await session.execute(select(Author.hash, Author.sealed_id))
            return dict(rows.all())

    sealed = (await kept())[person]
    assert sealed is not None
    assert str(bob.id) not in sealed
    assert names.mention(person, sealed) == f"<@{bob.id}>"
    # Another key opens nothing, and neither does another person's hash.
    assert MemberNames(b"another key").mention(person, sealed) is None
    assert names.mention("0" * 64, sealed) is None
    # Whoever only posts has nothing kept but the hash.
    assert [each for each, id_ in (await kept()).items() if id_ is not None] == [person]
    await opt_out(
        app.core.database, platform=PlatformName.DISCORD, person=person, now=app.core.clock()
    )
    assert (await kept())[person] is None
