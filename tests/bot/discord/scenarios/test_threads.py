"""Threads and forums are watched with their channel; new channels of a category follow."""

import pytest
from sqlalchemy import select

from bot.app import App
from bot.communities import watch_group
from storage.tables import Community
from storage.types import PlatformName
from tests.bot.discord.scenarios.scene import HORIZON, PNG, Scene
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.world import CATEGORY, FORUM, MEDIA


async def communities(app: App) -> dict[str, Community]:
    async with app.core.database.read() as session:
        return {each.source_id: each for each in await session.scalars(select(Community))}


async def test_a_post_in_a_thread_belongs_to_its_channel_from_reply_to_outcome(
    scene: Scene,
) -> None:
    thread = scene.fake.thread(scene.channel, "cats")
    post = await scene.fake.post_message(thread, scene.ann, attachments=[PNG])
    await scene.work()
    (reply,) = scene.fake.replies_to(post)
    assert reply.channel is thread
    stored = await scene.stored(post)
    assert stored is not None
    (community,) = (await communities(scene.app)).values()
    assert (stored.community_id, community.source_id) == (community.id, str(scene.channel.id))
    asked = await scene.fake.click(scene.bob, reply, "High")
    assert "You guessed **High**" in asked.text
    await scene.fake.react(scene.bob, post, "⬆️")
    await scene.pass_time(HORIZON + 60)
    label = await scene.label(post)
    assert label is not None
    assert label.score == 1
    assert "How it did" in reply.text


@pytest.mark.parametrize("kind", [FORUM, MEDIA])
async def test_what_begins_a_thread_of_a_forum_has_its_name_as_title(
    scene: Scene, kind: int
) -> None:
    forum = scene.fake.channel(scene.guild, "art", kind=kind)
    await scene.fake.settle()
    asked = await scene.fake.slash(scene.admin, scene.channel, "watch", channel=forum)
    assert r"**\#art** is watched now" in asked.text
    assert "lack" not in asked.text
    first = await scene.fake.begin_thread(forum, scene.ann, "My cat", attachments=[PNG])
    comment = await scene.fake.post_message(first.channel, scene.bob, attachments=[PNG])
    await scene.work()
    assert len(scene.fake.replies_to(first)) == len(scene.fake.replies_to(comment)) == 1
    stored = await scene.stored(first)
    assert stored is not None
    assert stored.title == "My cat"


async def test_only_starters_or_nothing_where_that_is_set(scene: Scene) -> None:
    forum = scene.fake.channel(scene.guild, "art", kind=FORUM)
    await scene.fake.settle()
    await scene.watch(forum)
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "settings", channel=forum, threads="none"
    )
    assert "A forum has nothing but threads" in asked.text
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "settings", channel=forum, threads="starters"
    )
    assert "Watched in threads: **only the post that begins them**" in asked.text
    first = await scene.fake.begin_thread(forum, scene.ann, "My cat", attachments=[PNG])
    comment = await scene.fake.post_message(first.channel, scene.bob, attachments=[PNG])
    await scene.fake.slash(scene.admin, scene.channel, "settings", threads="none")
    thread = scene.fake.thread(scene.channel)
    aside = await scene.fake.post_message(thread, scene.bob, attachments=[PNG])
    await scene.work()
    assert [len(scene.fake.replies_to(each)) for each in (first, comment, aside)] == [1, 0, 0]


async def test_a_private_thread_is_not_watched_with_its_channel(scene: Scene) -> None:
    secret = scene.fake.thread(scene.channel, "secret", private=True)
    scene.fake.gateway.dispatch(
        "THREAD_CREATE", secret.payload(), guild=scene.guild, channel=secret
    )
    post = await scene.fake.post_message(secret, scene.ann, attachments=[PNG])
    await scene.work()
    assert scene.fake.replies_to(post) == []
    assert await scene.posts() == 0


async def test_a_private_thread_is_named_only_to_who_sees_all_of_them(scene: Scene) -> None:
    secret = scene.fake.thread(scene.channel, "surprise", private=True)
    scene.fake.gateway.dispatch(
        "THREAD_CREATE", secret.payload(), guild=scene.guild, channel=secret
    )
    await scene.fake.settle()
    await scene.watch(secret)
    overview = await scene.fake.slash(scene.admin, scene.channel, "channels")
    assert r"\#memes" in overview.text
    assert "surprise" not in overview.text
    scene.fake.grant(scene.admin, manage_threads=True)
    await scene.fake.settle()
    overview = await scene.fake.slash(scene.admin, scene.channel, "channels")
    assert r"\#surprise" in overview.text


async def test_a_thread_that_is_watched_by_itself_is_one_of_its_own(scene: Scene) -> None:
    thread = scene.fake.thread(scene.channel, "cats")
    await scene.fake.settle()
    await scene.fake.slash(scene.admin, thread, "watch")
    post = await scene.fake.post_message(thread, scene.ann, attachments=[PNG])
    await scene.work()
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.community_id == (await communities(scene.app))[str(thread.id)].id
    asked = await scene.fake.slash(scene.admin, thread, "unwatch")
    assert "not watched any more" in asked.text
    after = await scene.fake.post_message(thread, scene.ann, attachments=[PNG])
    await scene.work()
    # It is a thread of a watched channel again.
    stored = await scene.stored(after)
    assert stored is not None
    assert stored.community_id == (await communities(scene.app))[str(scene.channel.id)].id


async def test_threads_are_read_after_an_absence_archived_ones_too(
    scene: Scene, clock: FakeClock
) -> None:
    fake, thread = scene.fake, scene.fake.thread(scene.channel, "cats")
    other = fake.thread(scene.channel, "dogs")
    forum = fake.channel(scene.guild, "art", kind=FORUM)
    await fake.settle()
    await scene.watch(forum)
    before = await fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.platform.stop()
    clock.forward(600)
    missed = [
        await fake.post_message(thread, scene.ann, attachments=[PNG]),
        await fake.post_message(other, scene.ann, attachments=[PNG]),
        await fake.begin_thread(forum, scene.ann, "new", attachments=[PNG]),
        await fake.post_message(scene.channel, scene.ann, attachments=[PNG]),
    ]
    clock.forward(600)
    fake.archive(other)
    await scene.platform.start()
    await fake.ready()
    await scene.work()
    replies = [len(fake.replies_to(each)) for each in (before, *missed)]
    assert replies[0:2] + replies[3:] == [1, 1, 1, 1]
    # Within an hour no thread is archived by itself, and nobody asks for those; of the forum
    # nothing was read yet.
    asked = fake.asked("GET /channels/{channel_id}/threads/archived/public")
    assert {str(forum.id) in each.path for each in asked} == {True}
    # The mark was stored: a second start takes nothing up again.
    await scene.platform.stop()
    await scene.platform.start()
    await fake.ready()
    await scene.work()
    assert [len(fake.replies_to(each)) for each in (before, *missed)] == replies


async def test_archived_threads_are_asked_for_after_a_long_absence(
    settings: object, fake: FakeDiscord, clock: FakeClock, scene: Scene
) -> None:
    thread = fake.thread(scene.channel, "cats")
    await scene.posted()
    await scene.platform.stop()
    clock.forward(1800)
    post = await fake.post_message(thread, scene.ann, attachments=[PNG])
    clock.forward(1860)
    fake.archive(thread)
    await scene.platform.start()
    await fake.ready()
    await scene.work()
    assert len(fake.replies_to(post)) == 1


async def test_a_category_is_watched_and_its_new_channels_follow(scene: Scene) -> None:
    fake, admin = scene.fake, scene.admin
    category = fake.channel(scene.guild, "pictures", kind=CATEGORY)
    cats = fake.channel(scene.guild, "cats", category=category)
    hidden = fake.channel(scene.guild, "hidden", category=category)
    fake.permit(hidden, admin, view_channel=False)
    await fake.settle()
    asked = await fake.slash(admin, scene.channel, "watch", channel=category)
    assert "Watched in **pictures**" in asked.text
    assert r"\#cats" in asked.text
    assert "hidden" not in asked.text
    await fake.slash(admin, scene.channel, "settings", channel=cats, horizon=6)
    dogs = fake.channel(scene.guild, "dogs", category=category)
    await fake.settle()
    found = await communities(scene.app)
    assert found[str(dogs.id)].watched
    assert found[str(dogs.id)].horizon_seconds == 6 * 3600
    assert str(hidden.id) not in found
    overview = await fake.slash(admin, scene.channel, "channels")
    assert r"👁 \#dogs · watched · no post yet" in overview.text
    assert "New channels are watched in: pictures" in overview.text
    assert "hidden" not in overview.text
    asked = await fake.slash(admin, scene.channel, "unwatch", channel=category)
    assert r"\#dogs" in asked.text
    fake.channel(scene.guild, "birds", category=category)
    await fake.settle()
    watched = {each.name for each in (await communities(scene.app)).values() if each.watched}
    assert watched == {"memes"}


async def test_channels_made_while_nobody_listened_follow(scene: Scene, clock: FakeClock) -> None:
    fake = scene.fake
    category = fake.channel(scene.guild, "pictures", kind=CATEGORY)
    old = fake.channel(scene.guild, "old", category=category)
    clock.forward(10)
    await watch_group(scene.core.database, PlatformName.DISCORD, str(category.id), now=clock())
    await scene.platform.stop()
    clock.forward(10)
    new = fake.channel(scene.guild, "new", category=category)
    await scene.platform.start()
    await fake.ready()
    await fake.settle()
    found = await communities(scene.app)
    assert str(new.id) in found
    assert str(old.id) not in found


async def test_settings_are_copied_from_channel_to_channel(scene: Scene) -> None:
    other = scene.fake.channel(scene.guild, "cats")
    await scene.fake.settle()
    await scene.watch(other, blind=True, min_percentile=0.5, options={"upvote": "🔥"})
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "settings", copy_from=other, blind=False
    )
    assert "Upvote 🔥" in asked.text
    assert "at least **50%**" in asked.text
    assert "Blind (guess first, then see): **no**" in asked.text


async def test_a_forum_does_not_take_over_that_threads_are_left_alone(scene: Scene) -> None:
    forum = scene.fake.channel(scene.guild, "art", kind=FORUM)
    await scene.fake.settle()
    await scene.watch(forum)
    await scene.fake.slash(scene.admin, scene.channel, "settings", threads="none")
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "settings", channel=forum, copy_from=scene.channel
    )
    assert "Watched in threads: **every image in them**" in asked.text


async def test_what_the_bot_lacks_is_listed(scene: Scene) -> None:
    other = scene.fake.channel(scene.guild, "cats")
    scene.fake.permit(other, scene.fake.bot, send_messages=False)
    await scene.fake.settle()
    await scene.posted()
    overview = await scene.fake.slash(scene.admin, scene.channel, "channels")
    assert r"⚠ \#cats · not watched; I lack **Send Messages**" in overview.text
    assert r"👁 \#memes · watched · last post <t:" in overview.text
