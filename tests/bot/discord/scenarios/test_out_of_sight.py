"""Channels that the bot cannot see, that are gone, and servers that it was removed from."""

from sqlalchemy import select

from storage.tables import Community, Notice, Post
from storage.types import PlatformName, PostState
from tests.bot.discord.scenarios.scene import HORIZON, PNG, Scene


async def is_watched(scene: Scene, channel_id: int) -> bool:
    async with scene.core.database.read() as session:
        community = await session.scalar(
            select(Community).filter_by(platform=PlatformName.DISCORD, source_id=str(channel_id))
        )
        assert community is not None
        return community.watched


async def hide(scene: Scene, *, hidden: bool) -> None:
    """Take the bot's sight of the channel, or give it back."""
    me = scene.guild.members[scene.fake.bot.id]
    scene.fake.permit(scene.channel, me, view_channel=False if hidden else None)
    await scene.fake.settle()


async def test_an_admin_is_told_that_the_bot_cannot_see_a_channel(scene: Scene) -> None:
    await hide(scene, hidden=True)
    asked = await scene.fake.slash(scene.admin, scene.channel, "watch", channel=scene.channel)
    assert "**View Channel**" in asked.text
    assert f"<#{scene.channel.id}>" in asked.text
    assert "hidden" not in asked.text
    assert "see yourself" not in asked.text
    async with scene.core.database.read() as session:
        names = (await session.scalars(select(Community.name))).all()
    assert names == ["#memes"]


async def test_a_post_waits_while_its_channel_is_out_of_sight(scene: Scene) -> None:
    post, _ = await scene.posted()
    await scene.fake.react(scene.bob, post, "⬆️")
    await hide(scene, hidden=True)
    await scene.pass_time(HORIZON + 60)
    assert await scene.label(post) is None
    async with scene.core.database.read() as session:
        notices = (await session.scalars(select(Notice.text))).all()
    assert any("View Channel" in each and "cannot read" in each for each in notices)
    await hide(scene, hidden=False)
    await scene.pass_time(900)
    label = await scene.label(post)
    assert label is not None
    assert label.score == 1


async def test_what_was_posted_out_of_sight_is_read_when_it_is_back(scene: Scene) -> None:
    await scene.posted()
    await hide(scene, hidden=True)
    missed = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.fake.settle()
    await hide(scene, hidden=False)
    await scene.fake.until(lambda: scene.fake.replies_to(missed), "a reply to what was missed")


async def test_a_deleted_channel_is_watched_no_more_and_its_posts_are_withdrawn(
    scene: Scene,
) -> None:
    post, _ = await scene.posted()
    scene.fake.delete_channel(scene.channel)
    await scene.fake.settle()
    await scene.work()
    assert not await is_watched(scene, scene.channel.id)
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.state is PostState.WITHDRAWN


async def test_posts_of_a_deleted_thread_are_withdrawn(scene: Scene) -> None:
    threads = [scene.fake.thread(scene.channel, name) for name in ("cats", "dogs")]
    posts = [
        await scene.fake.post_message(each, scene.ann, attachments=[PNG])
        for each in (*threads, scene.channel)
    ]
    await scene.work()
    scene.fake.delete_thread(threads[0])
    await scene.fake.settle()
    await scene.work()
    states = [post.state for each in posts if (post := await scene.stored(each)) is not None]
    waiting = PostState.AWAITING_SCORE
    assert states == [PostState.WITHDRAWN, waiting, waiting]


async def test_a_server_that_removed_the_bot_is_asked_again(scene: Scene) -> None:
    other = scene.fake.guild("Other")
    channel = scene.fake.channel(other, "pictures")
    await scene.fake.settle()
    await scene.watch(channel)
    scene.fake.remove_bot(other)
    await scene.fake.settle()
    assert not await is_watched(scene, channel.id)
    assert await is_watched(scene, scene.channel.id)


async def test_what_was_removed_while_nobody_listened_is_noticed_at_the_start(
    scene: Scene,
) -> None:
    other = scene.fake.guild("Other")
    gone = [scene.fake.channel(other, "pictures"), scene.fake.channel(scene.guild, "old")]
    await scene.fake.settle()
    for channel in gone:
        await scene.watch(channel)
    await scene.platform.stop()
    scene.fake.remove_bot(other)
    scene.fake.delete_channel(gone[1])
    await scene.platform.start()
    await scene.fake.settle()
    assert [await is_watched(scene, each.id) for each in gone] == [False, False]
    assert await is_watched(scene, scene.channel.id)
    async with scene.core.database.read() as session:
        assert (await session.scalars(select(Post))).all() == []
