"""The gateway, or the connection of a request, breaks in the middle of each step."""

import pytest

from bot.settings import Settings
from tests.bot.discord.scenarios.scene import EDIT, HORIZON, PNG, SEND, Scene, peoria
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.faults import cut, cut_gateway, error, rate_limited

#: Where a post is on its way to its reply.
STEPS = ("dispatch MESSAGE_CREATE", "GET cdn", SEND, f"after {SEND}")


@pytest.mark.parametrize("step", STEPS)
async def test_one_reply_wherever_the_gateway_is_cut(scene: Scene, step: str) -> None:
    hook = scene.fake.on(step, cut_gateway())
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.fake.until(lambda: scene.fake.gateway.resumed)
    await scene.work()
    assert hook.hits == 1
    assert len(scene.fake.replies_to(post)) == 1
    assert await scene.posts() == 1


@pytest.mark.parametrize("step", STEPS)
async def test_one_reply_wherever_the_session_is_lost(scene: Scene, step: str) -> None:
    def lose(_: object) -> None:
        scene.fake.cut_gateway()
        scene.fake.forget_sessions()

    hook = scene.fake.on(step, lose)
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.fake.until(lambda: scene.fake.gateway.identified == 2)
    await scene.fake.until(lambda: scene.fake.replies_to(post))
    await scene.work()
    assert hook.hits == 1
    assert len(scene.fake.replies_to(post)) == 1
    assert await scene.posts() == 1


@pytest.mark.parametrize("step", [SEND, f"after {SEND}"])
async def test_one_reply_wherever_its_request_is_cut(scene: Scene, step: str) -> None:
    scene.fake.on(step, cut())
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.pass_time(60)
    assert len(scene.fake.replies_to(post)) == 1


async def test_a_reply_that_was_sent_is_found_again_when_its_nonce_is_forgotten(
    scene: Scene,
) -> None:
    scene.fake.on(f"after {SEND}", cut())
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.pass_time(600)
    assert len(scene.fake.replies_to(post)) == 1
    assert len(scene.fake.asked(SEND)) == 1


async def test_one_outcome_wherever_it_is_cut(scene: Scene) -> None:
    _, reply = await scene.posted()
    for step, action in ((EDIT, cut()), (f"after {EDIT}", cut()), (EDIT, cut_gateway())):
        scene.fake.on(step, action)
    scene.clock.forward(HORIZON + 1)
    for _ in range(4):
        await scene.work()
        await scene.pass_time(120)
    assert reply.edited_at is not None
    assert len(scene.fake.messages(scene.channel, author=scene.fake.bot)) == 1


async def test_what_was_posted_while_nobody_was_there_is_taken_up(
    settings: Settings, fake: FakeDiscord, scene: Scene
) -> None:
    first, _ = await scene.posted()
    await scene.platform.stop()
    missed = [
        await fake.post_message(scene.channel, scene.bob, attachments=[PNG]) for _ in range(3)
    ]
    async with peoria(settings, fake, scene.clock) as app:
        again = Scene(**{**vars(scene), "app": app})
        await fake.until(lambda: all(fake.replies_to(each) for each in missed))
        await again.work()
        assert [len(fake.replies_to(each)) for each in (first, *missed)] == [1, 1, 1, 1]
        assert await again.posts() == 4


@pytest.mark.parametrize(
    "action", [rate_limited(0.01), rate_limited(0.01, globally=True), error(503), error(401)]
)
async def test_discord_says_no_for_a_while(scene: Scene, action: object) -> None:
    scene.fake.on(SEND, action)  # type: ignore[arg-type]
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    for _ in range(4):
        await scene.pass_time(60)
    assert len(scene.fake.replies_to(post)) == 1


async def test_banned_for_a_while_by_the_proxy(scene: Scene) -> None:
    scene.fake.on(SEND, rate_limited(300, by_discord=False))
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.pass_time(60)
    assert len(scene.fake.asked(SEND)) == 1, "asked again before the time was over"
    await scene.pass_time(300)
    assert len(scene.fake.replies_to(post)) == 1
