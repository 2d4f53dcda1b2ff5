"""Scores: distinct members up minus down, without bots and the author, live and at the horizon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.app import App
from bot.communities import change_community
from bot.discord.messages.reaction_votes import ReactionVotes, VoteEmoji, emoji_key
from bot.discord.platform import DiscordPlatform
from bot.platform import ScoreRead, ScoreUnknown, post_ref
from storage.tables import Notice, Snapshot
from tests.bot.discord.steps import OTHER, PNG, answered, connected, stored, watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member

MESSAGE = "GET /channels/{channel_id}/messages/{message_id}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("⬆️", "⬆"),
        ("<:up:123>", "<:renamed:123>"),
        ("<a:up:123>", "<:up:123>"),
        ("👍", "👍🏻"),
        ("👍", "👍🏼"),
        ("👍", "👍🏽"),
        ("👍", "👍🏾"),
        ("👍🏿", "👍🏻"),
        ("👩🏽‍🚀", "👩‍🚀"),
        ("👩🏿‍❤️‍👨🏻", "👩‍❤‍👨"),
        ("🤷🏾‍♀️", "🤷‍♀"),
        ("❤︎", "❤️"),
        ("🏽", "🏽"),
        ("🤝", "🤝🏽"),
        ("🤝", "🫱🏻\u200d🫲🏿"),
        ("👭", "👩🏻\u200d🤝\u200d👩🏿"),
        ("💏", "🧑🏻\u200d❤️\u200d💋\u200d🧑🏽"),
        ("1️⃣", "1⃣"),
    ],
)
def test_an_emoji_has_one_spelling(one: str, other: str) -> None:
    assert emoji_key(one) == emoji_key(other)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "remove", "clear", "clear up"]),
            st.sampled_from(["⬆", "⬇", "🎉"]),
            st.integers(1, 4),
        )
    )
)
def test_followed_votes_count_like_a_set(events: list[tuple[str, str, int]]) -> None:
    followed, votes = ReactionVotes(), set[tuple[str, int]]()
    followed.follow(7, author_id=1)
    for kind, emoji, user in events:
        if kind == "add":
            followed.add(7, emoji, user)
            votes |= {(emoji, user)} if user != 1 else set()
        elif kind == "remove":
            followed.remove(7, emoji, user)
            votes -= {(emoji, user)}
        else:
            followed.clear(7, None if kind == "clear" else "⬆")
            votes = {each for each in votes if kind == "clear up" and each[0] != "⬆"}
    up, down = (sum(emoji == each for emoji, _ in votes) for each in ("⬆", "⬇"))
    assert followed.score(7, VoteEmoji("⬆", "⬇")) == up - down
    assert followed.score(8, VoteEmoji("⬆", "⬇")) is None


async def test_early_scores_are_live_and_the_last_one_is_fetched_once(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, bob: Member, clock: FakeClock,
) -> None:  # fmt: skip
    robot, cleo = fake.member(guild, "robot", bot=True), fake.member(guild, "cleo")
    dan = fake.member(guild, "dan")
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, message)
    for person, emoji in (
        (ann, "⬆️"), (robot, "⬆️"), (bob, "⬆️"), (cleo, "⬆️"), (cleo, "🎉"), (dan, "⬇️")
    ):  # fmt: skip
        await fake.react(person, message, emoji)
    await fake.react(bob, message, "🎉")
    await fake.unreact(dan, message, "⬇️")
    await fake.settle()
    clock.forward(3600)
    await app.jobs.read_scores()
    assert fake.asked(MESSAGE) == []
    await fake.clear_emoji(message, "⬆️")
    await fake.react(bob, message, "⬆️")
    await fake.settle()
    clock.forward(24 * 3600)
    await app.jobs.read_scores()
    assert len(fake.asked(MESSAGE)) == 1
    post = await stored(app, message)
    assert post is not None
    assert post.label is not None
    assert post.label.score == 1
    async with app.core.database.read() as session:
        early = await session.get_one(Snapshot, (post.id, 3600))
    assert early.score == 2


async def test_after_a_gap_votes_are_counted_anew(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    bob: Member, clock: FakeClock,
) -> None:  # fmt: skip
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, message)
    fake.cut_gateway()
    fake.forget_sessions()
    await fake.react(bob, message, "⬆️")
    await fake.until(lambda: fake.gateway.identified == 2 and fake.gateway.connected)
    await fake.settle()
    clock.forward(3600)
    await app.jobs.read_scores()
    post = await stored(app, message)
    assert post is not None
    async with app.core.database.read() as session:
        early = await session.get_one(Snapshot, (post.id, 3600))
    assert early.score == 1


async def test_guessing_closes_when_the_votes_give_a_post_away(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bob: Member
) -> None:
    await watch(app, channel, guess_score=2)
    async with connected(app, fake) as discord:
        message = await fake.post_message(channel, ann, attachments=[PNG])
        await answered(fake, message)
        (reply,) = fake.replies_to(message)
        await fake.react(bob, message, "⬆️")
        await fake.settle()
        assert await discord.close_guessing() == 0
        await fake.react(fake.member(guild, "cleo"), message, "⬆️")
        await fake.settle()
        assert await discord.close_guessing() == 1
        assert "Guessing has closed" in reply.text


async def test_tones_are_one_emoji_and_one_vote(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, clock: FakeClock,
) -> None:  # fmt: skip
    await watch(app, channel, options={"upvote": "👍🏽", "downvote": "👎"})
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, message)
    people = [fake.member(guild, f"p{number}") for number in range(6)]
    for person, emoji in zip(people, ("👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿"), strict=True):
        await fake.react(person, message, emoji)
    # One who votes in two tones votes once, also when one of them is taken back.
    await fake.react(people[0], message, "👍🏿")
    await fake.react(people[1], message, "👍")
    await fake.unreact(people[1], message, "👍")
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    for seconds in (60, 24 * 3600):
        clock.forward(seconds)
        (reading,) = (await discord.read_scores([post_ref(post)])).values()
        assert isinstance(reading, ScoreRead)
        assert reading.score == 6


async def test_a_post_keeps_the_emoji_it_was_posted_under(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, bob: Member, clock: FakeClock,
) -> None:  # fmt: skip
    first = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, first)
    await watch(app, channel, options={"upvote": "🔥"})
    second = await fake.post_message(channel, ann, attachments=[OTHER])
    await answered(fake, second)
    await fake.react(bob, first, "⬆️")
    await fake.react(bob, second, "🔥")
    await fake.settle()
    posts = [await stored(app, each) for each in (first, second)]
    for seconds in (60, 24 * 3600):
        clock.forward(seconds)
        readings = await discord.read_scores([post_ref(each) for each in posts if each])
        assert [each.score for each in readings.values() if isinstance(each, ScoreRead)] == [1, 1]


async def test_a_post_that_is_read_later_has_the_emoji_of_when_it_was_posted(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, clock: FakeClock
) -> None:
    community = await watch(app, channel)
    async with connected(app, fake):
        # What is older than the bot's first look is not read.
        await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
    missed = await fake.post_message(channel, ann, attachments=[OTHER])
    await fake.react(bob, missed, "⬆️")
    clock.forward(600)
    await change_community(app.core.database, community.id, now=clock(), options={"upvote": "🔥"})
    clock.forward(600)
    async with connected(app, fake) as discord:
        await answered(fake, missed)
        post = await stored(app, missed)
        assert post is not None
        clock.forward(24 * 3600)
        assert (await discord.read_scores([post_ref(post)]))[post.id] == ScoreRead(
            1, clock(), reactors=1
        )


async def test_a_deleted_vote_emoji_ends_labels_and_is_said(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, bob: Member, clock: FakeClock,
) -> None:  # fmt: skip
    guild.emojis[123456789012345678] = "yes"
    emoji = "<:yes:123456789012345678>"
    await watch(app, channel, options={"upvote": emoji, "guild": str(guild.id)})
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, message)
    await fake.react(bob, message, "yes:123456789012345678")
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    clock.forward(300)
    later = await fake.post_message(channel, ann, attachments=[OTHER])
    await answered(fake, later)
    clock.forward(24 * 3600 - 300)
    assert (await discord.read_scores([post_ref(post)])).keys() == {post.id}
    del guild.emojis[123456789012345678]
    clock.forward(300)
    last = await stored(app, later)
    assert last is not None
    assert await discord.read_scores([post_ref(last)]) == {last.id: ScoreUnknown()}
    clock.forward(3600)
    assert await discord.read_scores([post_ref(post)]) == {post.id: ScoreUnknown()}
    async with app.core.database.read() as session:
        notices = (await session.scalars(select(Notice.text))).all()
    assert [each for each in notices if f"<#{channel.id}> was deleted" in each]
