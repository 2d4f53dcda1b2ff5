"""Discord refuses an edit in one channel: every other channel goes on as if nothing had been."""

import asyncio

from sqlalchemy import select

from bot.discord.platform import DiscordPlatform
from storage.tables import Community, Reply
from storage.types import PostState, ReplyState
from tests.bot.discord.scenarios.scene import EDIT, HORIZON, PNG, Scene
from tests.fakes.discord import Channel, Message
from tests.fakes.discord.faults import Moment, error, held

ANSWERS = [
    (400, 50083), (400, 160005), (400, 30046), (400, 50024), (400, 40060), (400, 50035), (405, 0),
    (403, 50013), (404, 10008), (404, 10003), (409, 0), (418, 0), (503, 0), (400, 987654),
]  # fmt: skip


def in_channel(channel: Channel) -> object:
    """Requests about one channel."""
    return lambda moment: f"/channels/{channel.id}/" in moment.request.path


async def replied_in(scene: Scene, channel: Channel) -> tuple[Message, Message]:
    post = await scene.fake.post_message(channel, scene.ann, attachments=[PNG])
    await scene.fake.until(lambda: scene.fake.replies_to(post))
    await scene.work()
    (reply,) = scene.fake.replies_to(post)
    return post, reply


async def close_guessing(scene: Scene) -> None:
    assert isinstance(scene.platform, DiscordPlatform)
    await scene.platform.close_guessing()


async def test_a_refused_edit_stops_nothing_else_and_ends(scene: Scene) -> None:
    """One channel for each answer, all at the same time, and a healthy one."""
    refused = [scene.fake.channel(scene.guild, f"refused {answer}") for answer in ANSWERS]
    other = scene.fake.channel(scene.guild, "healthy")
    for each in (*refused, other):
        await scene.watch(each, guess_seconds=600)
    replied = [await replied_in(scene, channel) for channel in refused]
    well, healthy = await replied_in(scene, other)
    hooks = [
        scene.fake.on(EDIT, error(*answer), times=None, when=in_channel(channel))
        for answer, channel in zip(ANSWERS, refused, strict=True)
    ]
    scene.clock.forward(HORIZON - 60)
    await close_guessing(scene)
    assert all(hook.hits for hook in hooks)
    assert healthy.edited_at is not None, "guessing closed in the healthy channel"
    edited = healthy.edited_at
    scene.clock.forward(120)
    await scene.work()
    for each in (*(post for post, _ in replied), well):
        stored = await scene.stored(each)
        assert stored is not None
        assert stored.state is PostState.SETTLING, "all are labelled"
    assert healthy.edited_at > edited, "the outcome is shown in the healthy channel"
    for hours in range(1, 24):
        await scene.pass_time(hours * 3600)
    asked = [hook.hits for hook in hooks]
    await scene.pass_time(30 * 24 * 3600)
    await close_guessing(scene)
    for _ in range(3):
        await scene.pass_time(24 * 3600)
    for answer, hook, before, (post, reply) in zip(ANSWERS, hooks, asked, replied, strict=True):
        assert hook.hits <= before + 1 < 60, f"{answer}: it ends"
        assert reply.edited_at is None
        stored = await scene.stored(post)
        async with scene.core.database.read() as session:
            kept = await session.scalar(select(Reply).filter_by(source_id=str(reply.id)))
        assert stored is not None
        assert stored.due_at is None
        assert kept is not None
        assert kept.state is ReplyState.SETTLED
        assert kept.fault, f"{answer}: the reason is on record"
        assert answer[0] == 503 or str(answer[1] or answer[0]) in kept.fault


async def test_a_channel_that_keeps_the_bot_waiting_holds_up_no_other(scene: Scene) -> None:
    channels = [scene.fake.channel(scene.guild, f"slow {n}") for n in range(10)]
    for channel in channels:
        await scene.watch(channel, guess_seconds=600)
    healthy = scene.fake.channel(scene.guild, "healthy")
    await scene.watch(healthy, guess_seconds=600)
    slow = [await replied_in(scene, channel) for channel in channels]
    _, reply = await replied_in(scene, healthy)
    go_on = asyncio.Event()

    def is_slow(moment: Moment) -> bool:
        assert moment.request is not None
        return any(f"/channels/{each.id}/" in moment.request.path for each in channels)

    scene.fake.on(EDIT, held(go_on), times=None, when=is_slow)
    scene.clock.forward(700)
    closing = asyncio.create_task(close_guessing(scene))
    await scene.fake.until(lambda: reply.edited_at is not None, "the healthy channel's turn")
    edited = reply.edited_at
    assert edited is not None
    assert not closing.done()
    scene.clock.forward(HORIZON)
    settling = asyncio.create_task(scene.app.jobs.run_due())
    await scene.fake.until(lambda: (reply.edited_at or edited) > edited, "its outcome")
    assert all(each.edited_at is None for _, each in slow)
    go_on.set()
    await asyncio.gather(closing, settling)
    await scene.work()
    assert all(each.edited_at is not None for _, each in slow)


async def test_a_slow_channel_holds_up_no_scores(scene: Scene) -> None:
    async with scene.core.database.read() as session:
        assert await session.scalar(select(Community.id)) is not None
    other = scene.fake.channel(scene.guild, "healthy")
    await scene.watch(other)
    post, _ = await replied_in(scene, scene.channel)
    well, _ = await replied_in(scene, other)
    go_on = asyncio.Event()
    fetch = "GET /channels/{channel_id}/messages/{message_id}"
    scene.fake.on(fetch, held(go_on), times=None, when=in_channel(scene.channel))
    scene.clock.forward(HORIZON + 1)
    tick = asyncio.create_task(scene.app.jobs.read_scores())
    async with asyncio.timeout(30):
        while await scene.label(well) is None:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)
    assert await scene.label(post) is None
    go_on.set()
    await tick
    for _ in range(3):
        await scene.pass_time(60)
    assert await scene.label(post) is not None
