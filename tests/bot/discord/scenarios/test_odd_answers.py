"""Discord answers in a shape that is not its own: another try, and nothing else stops."""

import pytest
from aiohttp import web

from tests.bot.discord.scenarios.scene import EDIT, HORIZON, PNG, SEND, Scene
from tests.fakes.discord.faults import Moment

STEPS = [
    SEND, f"after {SEND}", EDIT, f"after {EDIT}", "GET /channels/{channel_id}/messages",
    "GET /channels/{channel_id}/messages/{message_id}",
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
    "after DELETE /channels/{channel_id}/messages/{message_id}",
]  # fmt: skip
#: Bodies with their types: each step meets one after another.
BODIES = [
    ("null", "application/json"), ("[]", "application/json"), ("{}", "application/json"),
    ("{", "application/json"), ("", "application/json"), ('{"id": null}', "application/json"),
    ("[" * 3000, "application/json"), ("<html>Ow!</html>", "text/html"),
    ("[null]", "application/json"),
    ('{"id": "1", "author": [], "reactions": {}}', "application/json"), ("7", "application/json"),
]  # fmt: skip


async def test_a_post_goes_its_way_after_answers_of_another_shape_to_every_call(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    other = scene.fake.channel(scene.guild, "healthy")
    await scene.watch(other)
    waiting = [*BODIES]

    def odd(_: Moment) -> web.Response:
        waiting.append(waiting.pop(0))
        text, kind = waiting[-1]
        return web.Response(text=text, content_type=kind)

    here = f"/channels/{scene.channel.id}/"
    hooks = [
        scene.fake.on(
            step, odd, times=2, when=lambda at: at.request is not None and here in at.request.path
        )
        for step in STEPS
    ]  # fmt: skip
    odd_one, withdrawn, well = [
        await scene.fake.post_message(channel, scene.ann, attachments=[PNG])
        for channel in (scene.channel, scene.channel, other)
    ]
    for each in (odd_one, well):
        await scene.fake.react(scene.bob, each, "⬆️")
    await scene.work()
    assert len(scene.fake.replies_to(well)) == 1, "another channel is not held up"
    for _ in range(10):
        await scene.pass_time(120)
    (reply,) = scene.fake.replies_to(odd_one)
    assert len(scene.fake.replies_to(withdrawn)) == 1
    await scene.fake.delete_message(withdrawn)
    for _ in range(24):
        await scene.pass_time(HORIZON / 24)
    for each in (odd_one, well):
        label = await scene.label(each)
        assert label is not None
        assert label.score == 1
    for _ in range(8):
        await scene.pass_time(600)
    assert [each.text.startswith("How it did") for each in scene.fake.replies_to(odd_one)] == [True]
    assert reply in scene.fake.replies_to(odd_one)
    assert scene.fake.replies_to(withdrawn) == []
    assert [hook.step for hook in hooks if not hook.hits] == []
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []


@pytest.mark.parametrize("answer", [BODIES[0], BODIES[1], BODIES[3], BODIES[7]], ids=str)
async def test_a_command_that_is_answered_oddly_is_heard_once_and_stops_nothing(
    scene: Scene, answer: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    text, kind = answer
    callback = "POST /interactions/{interaction_id}/{interaction_token}/callback"
    hook = scene.fake.on(
        f"after {callback}", lambda _: web.Response(text=text, content_type=kind), times=1
    )
    await scene.fake.slash(scene.bob, scene.channel, "help", wait=False)
    await scene.fake.settle()
    assert hook.hits
    assert "never retrieved" not in caplog.text
    asked = await scene.fake.slash(scene.bob, scene.channel, "help")
    assert asked.text
