"""Reaction storms, and what the score is after them."""

import random

import pytest

from tests.bot.discord.scenarios.stage import HORIZON, Stage
from tests.fakes.discord import Message

UP, DOWN = "⬆️", "⬇️"


def tally(stage: Stage, post: Message) -> int:
    """The score by the definition: people who are no bots and not the author."""
    people = {
        emoji: {
            each for each in post.reactions.get(emoji, [])
            if each != stage.ann.id and not stage.fake.users[each].bot
        }
        for emoji in (UP, DOWN)
    }  # fmt: skip
    return len(people[UP]) - len(people[DOWN])


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm(stage: Stage, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a storm, no secret
    post, _ = await stage.posted()
    people = [stage.fake.member(stage.guild, f"p{n}") for n in range(150)]
    people += [stage.ann, stage.fake.member(stage.guild, "robot", bot=True)]
    for step in range(600):
        person, emoji = rng.choice(people), rng.choice((UP, DOWN, "🔥"))
        if rng.random() < 0.7:
            await stage.fake.react(person, post, emoji)
        else:
            await stage.fake.unreact(person, post, emoji)
        if step == 200:
            await stage.fake.clear_emoji(post, DOWN)
        if step == 300:
            stage.fake.cut_gateway()
    await stage.fake.until(lambda: stage.fake.gateway.resumed)
    await stage.pass_time(HORIZON + 1)
    label = await stage.label(post)
    assert label is not None
    assert label.score == tally(stage, post)


async def test_what_was_missed_is_counted_at_the_horizon(stage: Stage) -> None:
    post, _ = await stage.posted()
    for number in range(5):
        await stage.fake.react(stage.fake.member(stage.guild, f"p{number}"), post, UP)
    await stage.fake.settle()
    stage.fake.cut_gateway()
    stage.fake.forget_sessions()
    for number in range(4):
        await stage.fake.react(stage.fake.member(stage.guild, f"q{number}"), post, UP)
    await stage.fake.until(lambda: stage.fake.gateway.identified == 2)
    await stage.pass_time(HORIZON + 1)
    label = await stage.label(post)
    assert label is not None
    assert label.score == 9


async def test_everything_cleared(stage: Stage) -> None:
    post, _ = await stage.posted()
    await stage.fake.react(stage.bob, post, UP)
    await stage.fake.clear_reactions(post)
    await stage.pass_time(HORIZON + 1)
    label = await stage.label(post)
    assert label is not None
    assert label.score == 0


async def test_a_deleted_post_gets_no_label(stage: Stage) -> None:
    post, reply = await stage.posted()
    await stage.fake.delete_message(post)
    await stage.work()
    await stage.pass_time(HORIZON + 1)
    assert await stage.label(post) is None
    assert reply.deleted


async def test_posts_deleted_in_bulk_get_no_label(stage: Stage) -> None:
    posts = [await stage.posted() for _ in range(5)]
    await stage.fake.delete_messages([post for post, _ in posts])
    await stage.work()
    await stage.pass_time(HORIZON + 1)
    assert [await stage.label(post) for post, _ in posts] == [None] * 5
    assert all(reply.deleted for _, reply in posts)
