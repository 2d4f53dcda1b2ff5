"""Guesses by comment: who, when, how often, and what edits and deletions do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.communities import change_community
from bot.networks.guess_words import guess_in
from storage.tables import Guess, InboxItem
from storage.types import Bucket, InboxKind, ReplyState
from tests.bot.reddit.conftest import Bot
from tests.fakes.reddit import FakeReddit

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("body", "bucket"),
    [
        ("!guess high", Bucket.HIGH),
        ("I think !Guess: **Low**, sorry", Bucket.LOW),
        ("\\!guess mid", Bucket.MEDIUM),
        ("!guess hoch", Bucket.HIGH),
        ("!guess high or !guess low", None),
        ("> !guess high\n\nwhat is this?", None),
        ("`!guess high`", None),
        ("!guess higher", None),
        ("guess high", None),
        ("!!guess high", None),
        (None, None),
    ],
)
def test_the_words_of_a_guess(body: str | None, bucket: Bucket | None) -> None:
    assert guess_in(body) is bucket


@given(st.text(max_size=200))
def test_any_comment_can_be_read(body: str) -> None:
    guess_in(body)


async def let_guess(bot: Bot, reddit: FakeReddit, **options: Any) -> dict[str, Any]:
    """A post on which people may guess for an hour."""
    shown = reddit.post("aww", author="ann")
    await bot.tick()
    await change_community(
        bot.app.core.database,
        (await bot.community()).id,
        options={"guesses": True, **options},
    )
    return shown


async def look(bot: Bot, clock: Any, seconds: float = 11 * MINUTE) -> list[Bucket]:
    """What is guessed, a while later."""
    clock.forward(seconds)
    await bot.tick()
    return [guess.bucket for guess in await bot.all(Guess)]


async def test_the_newest_guess_counts_until_guessing_closes(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    shown = await let_guess(bot, reddit)
    clock.forward(1)
    said = reddit.comment(shown["name"], "!guess high", "bob")
    reddit.comment(shown["name"], "!guess low", "ann")
    assert await look(bot, clock, MINUTE) == [Bucket.HIGH], "nobody guesses on a post of theirs"
    (guess,) = await bot.all(Guess)
    assert not guess.blind, "the prediction stands beside it"
    said.update(body="!guess low", edited=clock().timestamp())
    assert await look(bot, clock) == [Bucket.LOW]
    reddit.comment(said["name"], "!guess medium", "bob")
    assert await look(bot, clock) == [Bucket.MEDIUM]
    # Guessing has closed: neither an edit nor a comment changes anything.
    clock.forward(HOUR)
    said.update(body="!guess high", edited=clock().timestamp())
    reddit.comment(shown["name"], "!guess high", "bob")
    reddit.comment(shown["name"], "!guess high", "eve")
    assert await look(bot, clock) == [Bucket.MEDIUM]
    assert reddit.comments_on(said["name"]) == [], "nobody is answered unasked"


async def test_a_guess_that_is_read_late_counts_as_of_when_it_was_written(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    shown = await let_guess(bot, reddit)
    clock.forward(10 * MINUTE)
    reddit.comment(shown["name"], "!guess high", "bob")
    reddit.fail("/r/aww/comments", status=503, times=2)
    assert await look(bot, clock, MINUTE) == []
    await look(bot, clock, 2 * HOUR)
    assert await look(bot, clock, HOUR) == [Bucket.HIGH]


async def test_a_deleted_comment_takes_its_guess_with_it_while_guessing_is_open(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    shown = await let_guess(bot, reddit)
    first = reddit.comment(shown["name"], "!guess high", "bob")
    second = reddit.comment(shown["name"], "!guess low", "eve")
    assert len(await look(bot, clock)) == 2
    reddit.delete(first["name"])
    assert await look(bot, clock) == [Bucket.LOW]
    clock.forward(HOUR)
    reddit.delete(second["name"])
    assert await look(bot, clock) == [Bucket.LOW], "nobody takes back what turned out wrong"


async def test_guesses_are_answered_once_where_moderators_want_it(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    shown = await let_guess(bot, reddit, answer_guesses=True)
    said = reddit.comment(shown["name"], "!guess high", "bob")
    await look(bot, clock, MINUTE)
    await look(bot, clock, MINUTE)
    await look(bot, clock)
    (answer,) = reddit.comments_on(said["name"])
    assert answer["body"].startswith("Your guess counts: high.")
    (item,) = [each for each in await bot.all(InboxItem) if each.kind is InboxKind.GUESS]
    assert item.state is ReplyState.SENT


async def test_where_people_guess_first_the_prediction_is_written_when_guessing_has_closed(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    await bot.tick()
    reddit.post("aww")
    await look(bot, clock, MINUTE)
    community = await bot.community()
    await change_community(
        bot.app.core.database, community.id, blind=True, options={"guesses": True}
    )
    shown = reddit.post("aww")
    reddit.comment(shown["name"], "!guess high", "bob")
    await look(bot, clock, MINUTE)
    asked = reddit.comment(shown["name"], "u/peoria_bot what do you say?", "eve")
    reddit.message(asked, "username_mention")
    await look(bot, clock, MINUTE)
    assert reddit.comments_on(shown["name"]) == []
    (answer,) = reddit.comments_on(asked["name"])
    assert answer["body"].startswith("People guess first here")
    await look(bot, clock, HOUR)
    await look(bot, clock, MINUTE)
    (card,) = reddit.comments_on(shown["name"])
    assert "Chances" in card["body"]
    (guess,) = await bot.all(Guess)
    assert guess.blind
