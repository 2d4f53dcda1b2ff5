"""Reaction storms, and what the score is after them."""

import random

import pytest

from tests.bot.discord.scenarios.scene import HORIZON, Scene
from tests.fakes.discord import Message

UP, DOWN = "⬆️", "⬇️"


def tally(scene: Scene, post: Message) -> int:
    """The score by the definition: people who are no bots and not the author."""
    people = {
        emoji: {
            each for each in post.reactions.get(emoji, [])
            if each != scene.ann.id and not scene.fake.users[each].bot
        }
        for emoji in (UP, DOWN)
    }  # fmt: skip
    return len(people[UP]) - len(people[DOWN])


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a storm, no secret
    post, _ = await scene.posted()
    people = [scene.fake.member(scene.guild, f"p{n}") for n in range(150)]
    people += [scene.ann, scene.fake.member(scene.guild, "robot", bot=True)]
    for step in range(600):
        person, emoji = rng.choice(people), rng.choice((UP, DOWN, "🔥"))
        if rng.random() < 0.7:
            await scene.fake.react(person, post, emoji)
        else:
            await scene.fake.unreact(person, post, emoji)
        if step == 200:
            await scene.fake.clear_emoji(post, DOWN)
        if step == 300:
            scene.fake.cut_gateway()
    await scene.fake.until(lambda: scene.fake.gateway.resumed)
    await scene.pass_time(HORIZON + 1)
    label = await scene.label(post)
    assert label is not None
    assert label.score == tally(scene, post)


async def test_what_was_missed_is_counted_at_the_horizon(scene: Scene) -> None:
    post, _ = await scene.posted()
    for number in range(5):
        await scene.fake.react(scene.fake.member(scene.guild, f"p{number}"), post, UP)
    await scene.fake.settle()
    scene.fake.cut_gateway()
    scene.fake.forget_sessions()
    for number in range(4):
        await scene.fake.react(scene.fake.member(scene.guild, f"q{number}"), post, UP)
    await scene.fake.until(lambda: scene.fake.gateway.identified == 2)
    await scene.pass_time(HORIZON + 1)
    label = await scene.label(post)
    assert label is not None
    assert label.score == 9


async def test_everything_cleared(scene: Scene) -> None:
    post, _ = await scene.posted()
    await scene.fake.react(scene.bob, post, UP)
    await scene.fake.clear_reactions(post)
    await scene.pass_time(HORIZON + 1)
    label = await scene.label(post)
    assert label is not None
    assert label.score == 0


async def test_a_deleted_post_gets_no_label(scene: Scene) -> None:
    post, reply = await scene.posted()
    await scene.fake.delete_message(post)
    await scene.work()
    await scene.pass_time(HORIZON + 1)
    assert await scene.label(post) is None
    assert reply.deleted


async def test_posts_deleted_in_bulk_get_no_label(scene: Scene) -> None:
    posts = [await scene.posted() for _ in range(5)]
    await scene.fake.delete_messages([post for post, _ in posts])
    await scene.work()
    await scene.pass_time(HORIZON + 1)
    assert [await scene.label(post) for post, _ in posts] == [None] * 5
    assert all(reply.deleted for _, reply in posts)
