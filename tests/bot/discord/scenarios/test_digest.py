"""/digest: what happened on a server, told once, to readers who may see it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.discord.digests.run_digests import Digests
from bot.league.digest_times import claim_digest
from storage.tables import Digest, Prediction
from tests.bot.discord.scenarios.scene import HORIZON, PNG, SEND, Scene
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Message
from tests.fakes.discord.faults import answer
from tests.fakes.discord.world import Channel


async def look(scene: Scene) -> int:
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    cog = session.client.get_cog("Digests")
    assert isinstance(cog, Digests)
    sent = await cog.send_due()
    await scene.fake.settle()
    return sent


async def stored(scene: Scene) -> Digest:
    async with scene.core.database.read() as session:
        return (await session.scalars(select(Digest))).one()


async def played(scene: Scene, channel: Channel, *titles: str) -> list[Message]:
    """Posts of Ann's that Bob guessed on, with ever more votes, and their outcomes."""
    posts = []
    for title in titles:
        post = await scene.fake.post_message(channel, scene.ann, content=title, attachments=[PNG])
        await scene.work()
        (reply,) = scene.fake.replies_to(post)
        await scene.fake.click(scene.bob, reply, "High")
        for _ in range(len(posts)):
            voter = scene.fake.member(scene.guild, f"voter {scene.fake.new_id()}")
            await scene.fake.react(voter, post, "⬆️")
        posts.append(post)
    await scene.pass_time(HORIZON + 60)
    return posts


@pytest.fixture
async def hall(scene: Scene) -> Channel:
    """Where the digest is told."""
    hall = scene.fake.channel(scene.guild, "hall")
    await scene.fake.settle()
    return hall


async def week(scene: Scene, hall: Channel, clock: FakeClock) -> None:
    """A digest is asked for, and it is a minute before its time."""
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "digest", every="week", channel=hall, weekday=0,
        time="18:00", time_zone="Europe/Berlin",
    )  # fmt: skip
    assert f"A digest comes in <#{hall.id}> every Monday at 18:00 (Europe/Berlin)" in asked.text


async def test_a_week_is_told_once(scene: Scene, hall: Channel, clock: FakeClock) -> None:
    titles = [f"meme {n}" for n in range(12)]
    await week(scene, hall, clock)
    posts = await played(scene, scene.channel, *titles)
    async with scene.core.database.write() as session:
        unlikely = update(Prediction).values(p_low=0.6, p_medium=0.3, p_high=0.1)
        await session.execute(unlikely)
    assert await look(scene) == 0
    # One that is gone is not named.
    await scene.fake.delete_message(posts[-1])
    await scene.fake.settle()
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    assert await look(scene) == 1
    (told,) = scene.fake.messages(hall)
    for words in (
        "The week here", "12 posts got their final score.", "Best forecasters",
        f"<@{scene.bob.id}>",
        "Top post", "[meme 10](", "How I did",
        "Biggest surprise", "I gave **High** a chance of 10%",
    ):  # fmt: skip
        assert words in told.text, words
    assert "meme 11" not in told.text
    (picture,) = told.attachments
    assert picture.filename == "top.jpg"
    assert told.allowed_mentions == {"parse": []}
    digest = await stored(scene)
    assert digest.source_id == str(told.id)
    assert digest.due_at - clock() > timedelta(days=6, hours=23)
    assert await look(scene) == 0


async def test_quiet_weeks_and_what_readers_may_not_see_are_left_out(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    secret = scene.fake.channel(scene.guild, "secret")
    scene.fake.permit(secret, scene.guild.everybody, view_channel=False)
    for each in (scene.fake.bot, scene.ann, scene.bob, scene.admin):
        scene.fake.permit(secret, each, view_channel=True)
    await scene.fake.settle()
    await scene.watch(secret)
    await week(scene, hall, clock)
    await played(scene, secret, *[f"secret {n}" for n in range(12)])
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    assert await look(scene) == 0
    assert scene.fake.messages(hall) == []
    assert (await stored(scene)).fault is None
    # Among those who see the channel it is told.
    await scene.fake.slash(scene.admin, scene.channel, "digest", channel=secret)
    await played(scene, secret, *[f"more {n}" for n in range(4)])
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    assert await look(scene) == 1
    told = scene.fake.messages(secret)[-1].text
    assert "more 3" in told
    # Every bucket was given about a third: that nobody can be surprised at.
    assert "Biggest surprise" not in told


async def test_what_may_have_been_sent_is_looked_for(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    await week(scene, hall, clock)
    await played(scene, scene.channel, *[f"meme {n}" for n in range(12)])
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    before = await stored(scene)
    # A process sends it and dies before it can note that.
    scene.fake.nonce_window = timedelta(0)
    assert await look(scene) == 1
    sent = await stored(scene)
    async with scene.core.database.write() as session:
        row = await session.get_one(Digest, before.id)
        row.due_at, row.begun_at, row.source_id = before.due_at, clock(), None
        row.claimed_until = clock() + timedelta(minutes=2)
    assert await look(scene) == 0
    clock.forward(121)
    assert await look(scene) == 0
    assert len(scene.fake.messages(hall)) == 1
    assert (await stored(scene)).source_id == sent.source_id
    # One that somebody is sending is nobody else's.
    assert await claim_digest(scene.core.database, await stored(scene), clock()) == (True, None)
    assert await claim_digest(scene.core.database, await stored(scene), clock()) == (False, None)


async def test_a_refusal_is_told_to_the_admins_and_an_outage_waited_out(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    await week(scene, hall, clock)
    await played(scene, scene.channel, *[f"meme {n}" for n in range(12)])
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    hook = scene.fake.on(SEND, lambda _: answer(400, {"message": "no", "code": 20028}), times=1)
    assert await look(scene) == 0
    del hook
    assert (await stored(scene)).tries == 1
    clock.forward(31)
    assert await look(scene) == 1
    scene.fake.permit(hall, scene.fake.bot, embed_links=False)
    await scene.fake.settle()
    clock.forward(7 * 86400)
    await look(scene)
    await scene.app.jobs.deliver_notices()
    (notice,) = scene.fake.messages(scene.fake.dm(scene.fake.owner))
    assert "I cannot send the digest" in notice.text
    assert "Embed Links" in notice.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "digest")
    assert f"The last one was not sent: I cannot send the digest in <#{hall.id}>" in asked.text
    # Everybody reads why in their own language, whatever that of the server is.
    scene.admin.user.locale = "de"
    asked = await scene.fake.slash(scene.admin, scene.channel, "digest")
    assert f"nicht gesendet: Ich kann den Rückblick in <#{hall.id}> nicht" in asked.text
    assert "Links einbetten fehlt" in asked.text
    scene.admin.user.locale = "en-US"
    asked = await scene.fake.slash(scene.admin, scene.channel, "digest", every="off")
    assert "no digest any more" in asked.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "digest")
    assert "There is no digest" in asked.text
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "digest", every="day", time="25 o'clock"
    )
    assert "as a time of day" in asked.text


async def test_a_digest_is_told_in_a_thread_that_was_archived(
    scene: Scene, clock: FakeClock
) -> None:
    thread = scene.fake.thread(scene.channel, "news")
    await scene.fake.settle()
    await week(scene, thread, clock)
    await played(scene, scene.channel, *[f"meme {n}" for n in range(3)])
    scene.fake.archive(thread)
    await scene.fake.settle()
    clock.forward(((await stored(scene)).due_at - clock()).total_seconds() + 1)
    assert await look(scene) == 1
    assert "The week here" in scene.fake.messages(thread)[-1].text


async def test_a_server_that_removed_the_bot_while_nobody_listened_has_no_digest(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    other = scene.fake.guild("Other")
    boss, place = scene.fake.member(other, "boss", manage_guild=True), scene.fake.channel(other)
    await scene.fake.settle()
    await week(scene, hall, clock)
    await scene.fake.slash(boss, place, "digest", every="day")
    await scene.platform.stop()
    scene.fake.remove_bot(other)
    await scene.platform.start()
    await scene.fake.ready()
    await scene.fake.settle()
    assert (await stored(scene)).server == str(scene.guild.id)
