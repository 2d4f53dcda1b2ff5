"""People who guess: twice, too late, on old messages, on their own post."""

import pytest

from storage.types import Bucket
from tests.bot.discord.scenarios.scene import HORIZON, Scene
from tests.fakes.discord import NotOffered


async def test_the_last_guess_counts(scene: Scene) -> None:
    post, reply = await scene.posted()
    await scene.fake.click(scene.bob, reply, "Low")
    again = await scene.fake.click(scene.bob, reply, "High")
    assert [each.bucket for each in await scene.guesses(post)] == [Bucket.HIGH]
    assert again.messages[0].ephemeral


async def test_pressing_at_the_same_time_makes_one_guess(scene: Scene) -> None:
    post, reply = await scene.posted()
    for button in ("Low", "High", "Low", "Medium"):
        await scene.fake.click(scene.bob, reply, button, wait=False)
    await scene.work()
    assert len(await scene.guesses(post)) == 1


async def test_a_guess_after_closing(scene: Scene) -> None:
    post, reply = await scene.posted()
    scene.clock.forward(HORIZON + 1)
    late = await scene.fake.click(scene.bob, reply, "High")
    assert late.messages[0].ephemeral
    assert late.text
    assert await scene.guesses(post) == []


async def test_a_guess_on_a_message_from_long_ago(scene: Scene) -> None:
    _, reply = await scene.posted()
    before = [dict(part) for part in reply.components]
    await scene.pass_time(HORIZON + 1)
    await scene.pass_time(90 * 24 * 3600)
    # Somebody's client still shows the buttons of back then.
    reply.components = before
    late = await scene.fake.click(scene.bob, reply, "Low")
    assert late.text
    assert late.acknowledged_after is not None


async def test_a_guess_on_a_post_that_nobody_knows(scene: Scene) -> None:
    _, reply = await scene.posted()
    for row in reply.components:
        for button in row["components"]:
            button["custom_id"] = button["custom_id"].replace("1", "987654")
    asked = await scene.fake.click(scene.bob, reply, "Low")
    assert asked.text


async def test_ones_own_post_is_for_others(scene: Scene) -> None:
    post, reply = await scene.posted()
    own = await scene.fake.click(scene.ann, reply, "High")
    assert own.messages[0].ephemeral
    assert await scene.guesses(post) == []


async def test_after_the_outcome_there_is_nothing_to_press(scene: Scene) -> None:
    post, reply = await scene.posted()
    await scene.fake.click(scene.bob, reply, "High")
    await scene.pass_time(HORIZON + 1)
    assert await scene.label(post) is not None
    with pytest.raises(NotOffered):
        await scene.fake.click(scene.bob, reply, "High")


async def test_buttons_survive_a_cut_gateway_and_a_hundred_people(scene: Scene) -> None:
    post, reply = await scene.posted()
    people = [scene.fake.member(scene.guild, f"p{n}") for n in range(100)]
    scene.fake.cut_gateway()
    for number, person in enumerate(people):
        await scene.fake.click(person, reply, ("Low", "Medium", "High")[number % 3], wait=False)
    await scene.fake.until(lambda: scene.fake.gateway.resumed)
    await scene.work()
    assert len(await scene.guesses(post)) == 100
    asked = scene.fake.interactions.values()
    assert [each for each in asked if each.callback is None] == []
