"""The gateway, or the connection of a request, breaks in the middle of each step."""

import pytest

from bot.settings import Settings
from tests.bot.discord.scenarios.stage import EDIT, HORIZON, PNG, SEND, Stage, peoria
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_faults import cut, cut_gateway, error, rate_limited

#: Where a post is on its way to its reply.
STEPS = ("dispatch MESSAGE_CREATE", "GET cdn", SEND, f"after {SEND}")


@pytest.mark.parametrize("step", STEPS)
async def test_one_reply_wherever_the_gateway_is_cut(stage: Stage, step: str) -> None:
    hook = stage.fake.on(step, cut_gateway())
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.fake.until(lambda: stage.fake.gateway.resumed)
    await stage.work()
    assert hook.hits == 1
    assert len(stage.fake.replies_to(post)) == 1
    assert await stage.posts() == 1


@pytest.mark.parametrize("step", STEPS)
async def test_one_reply_wherever_the_session_is_lost(stage: Stage, step: str) -> None:
    def lose(_: object) -> None:
        stage.fake.cut_gateway()
        stage.fake.forget_sessions()

    hook = stage.fake.on(step, lose)
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.fake.until(lambda: stage.fake.gateway.identified == 2)
    await stage.fake.until(lambda: stage.fake.replies_to(post))
    await stage.work()
    assert hook.hits == 1
    assert len(stage.fake.replies_to(post)) == 1
    assert await stage.posts() == 1


@pytest.mark.parametrize("step", [SEND, f"after {SEND}"])
async def test_one_reply_wherever_its_request_is_cut(stage: Stage, step: str) -> None:
    stage.fake.on(step, cut())
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    await stage.pass_time(60)
    assert len(stage.fake.replies_to(post)) == 1


async def test_a_reply_that_was_sent_is_found_again_when_its_nonce_is_forgotten(
    stage: Stage,
) -> None:
    stage.fake.on(f"after {SEND}", cut())
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    await stage.pass_time(600)
    assert len(stage.fake.replies_to(post)) == 1
    assert len(stage.fake.asked(SEND)) == 1


async def test_one_outcome_wherever_it_is_cut(stage: Stage) -> None:
    _, reply = await stage.posted()
    for step, action in ((EDIT, cut()), (f"after {EDIT}", cut()), (EDIT, cut_gateway())):
        stage.fake.on(step, action)
    stage.clock.forward(HORIZON + 1)
    for _ in range(4):
        await stage.work()
        await stage.pass_time(120)
    assert reply.edited_at is not None
    assert len(stage.fake.messages(stage.channel, author=stage.fake.bot)) == 1


async def test_what_was_posted_while_nobody_was_there_is_taken_up(
    settings: Settings, fake: FakeDiscord, stage: Stage
) -> None:
    first, _ = await stage.posted()
    await stage.platform.stop()
    missed = [
        await fake.post_message(stage.channel, stage.bob, attachments=[PNG]) for _ in range(3)
    ]
    async with peoria(settings, fake, stage.clock) as app:
        again = Stage(**{**vars(stage), "app": app})
        await fake.until(lambda: all(fake.replies_to(each) for each in missed))
        await again.work()
        assert [len(fake.replies_to(each)) for each in (first, *missed)] == [1, 1, 1, 1]
        assert await again.posts() == 4


@pytest.mark.parametrize(
    "action", [rate_limited(0.01), rate_limited(0.01, globally=True), error(503), error(401)]
)
async def test_discord_says_no_for_a_while(stage: Stage, action: object) -> None:
    stage.fake.on(SEND, action)  # type: ignore[arg-type]
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    for _ in range(4):
        await stage.pass_time(60)
    assert len(stage.fake.replies_to(post)) == 1


async def test_banned_for_a_while_by_the_proxy(stage: Stage) -> None:
    stage.fake.on(SEND, rate_limited(300, by_discord=False))
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    await stage.pass_time(60)
    assert len(stage.fake.asked(SEND)) == 1, "asked again before the time was over"
    await stage.pass_time(300)
    assert len(stage.fake.replies_to(post)) == 1
