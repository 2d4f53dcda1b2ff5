"""People who guess: twice, too late, on old messages, on their own post."""

import pytest

from storage.types import Bucket
from tests.bot.discord.scenarios.stage import HORIZON, Stage
from tests.fakes.discord import NotOffered


async def test_the_last_guess_counts(stage: Stage) -> None:
    post, reply = await stage.posted()
    await stage.fake.click(stage.bob, reply, "Low")
    again = await stage.fake.click(stage.bob, reply, "High")
    assert [each.bucket for each in await stage.guesses(post)] == [Bucket.HIGH]
    assert again.messages[0].ephemeral


async def test_pressing_at_the_same_time_makes_one_guess(stage: Stage) -> None:
    post, reply = await stage.posted()
    for button in ("Low", "High", "Low", "Medium"):
        await stage.fake.click(stage.bob, reply, button, wait=False)
    await stage.work()
    assert len(await stage.guesses(post)) == 1


async def test_a_guess_after_closing(stage: Stage) -> None:
    post, reply = await stage.posted()
    stage.clock.forward(HORIZON + 1)
    late = await stage.fake.click(stage.bob, reply, "High")
    assert late.messages[0].ephemeral
    assert late.text
    assert await stage.guesses(post) == []


async def test_a_guess_on_a_message_from_long_ago(stage: Stage) -> None:
    _, reply = await stage.posted()
    before = [dict(part) for part in reply.components]
    await stage.pass_time(HORIZON + 1)
    await stage.pass_time(90 * 24 * 3600)
    # Somebody's client still shows the buttons of back then.
    reply.components = before
    late = await stage.fake.click(stage.bob, reply, "Low")
    assert late.text
    assert late.acknowledged_after is not None


async def test_a_guess_on_a_post_that_nobody_knows(stage: Stage) -> None:
    _, reply = await stage.posted()
    for row in reply.components:
        for button in row["components"]:
            button["custom_id"] = button["custom_id"].replace("1", "987654")
    asked = await stage.fake.click(stage.bob, reply, "Low")
    assert asked.text


async def test_ones_own_post_is_for_others(stage: Stage) -> None:
    post, reply = await stage.posted()
    own = await stage.fake.click(stage.ann, reply, "High")
    assert own.messages[0].ephemeral
    assert await stage.guesses(post) == []


async def test_after_the_outcome_there_is_nothing_to_press(stage: Stage) -> None:
    post, reply = await stage.posted()
    await stage.fake.click(stage.bob, reply, "High")
    await stage.pass_time(HORIZON + 1)
    assert await stage.label(post) is not None
    with pytest.raises(NotOffered):
        await stage.fake.click(stage.bob, reply, "High")


async def test_buttons_survive_a_cut_gateway_and_a_hundred_people(stage: Stage) -> None:
    post, reply = await stage.posted()
    people = [stage.fake.member(stage.guild, f"p{n}") for n in range(100)]
    stage.fake.cut_gateway()
    for number, person in enumerate(people):
        await stage.fake.click(person, reply, ("Low", "Medium", "High")[number % 3], wait=False)
    await stage.fake.until(lambda: stage.fake.gateway.resumed)
    await stage.work()
    assert len(await stage.guesses(post)) == 100
    asked = stage.fake.interactions.values()
    assert [each for each in asked if each.callback is None] == []
