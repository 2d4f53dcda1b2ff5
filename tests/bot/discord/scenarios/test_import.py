"""/import: the past of a channel becomes labels, once, whatever stops it on the way."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.communities import unwatch_community
from bot.discord.history.run_imports import MESSAGE, HistoryImports
from bot.people.consent import opt_out
from bot.people.identity import hash_person
from storage.tables import HistoryImport, Label, Post
from storage.types import PlatformName, PostOrigin, PostState
from tests.bot.discord.scenarios.scene import HORIZON, PNG, SEND, Scene
from tests.fakes.clock import FakeClock
from tests.fakes.discord.faults import answer
from tests.fakes.discord.world import FORUM
from tests.fixtures.images import encode, photo

OTHER = encode(photo().rotate(90), "PNG")
REACTED = "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"


async def go_on(scene: Scene) -> None:
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    cog = session.client.get_cog("HistoryImports")
    assert isinstance(cog, HistoryImports)
    await cog.take_up()
    await scene.fake.settle()


async def imports(scene: Scene) -> list[HistoryImport]:
    async with scene.core.database.read() as session:
        return list(await session.scalars(select(HistoryImport).order_by(HistoryImport.id)))


async def scores(scene: Scene) -> dict[str, float]:
    async with scene.core.database.read() as session:
        rows = await session.execute(
            select(Post.title, Label.score)
            .join(Label, Label.post_id == Post.id)
            .where(Post.state == PostState.LABELLED, Post.origin == PostOrigin.IMPORTED)
        )
        return dict(rows.all())


async def test_posts_of_the_past_become_labels(scene: Scene, clock: FakeClock) -> None:
    fake, channel, ann, bob = scene.fake, scene.channel, scene.ann, scene.bob
    eve = fake.member(scene.guild, "eve")
    other = fake.channel(scene.guild, "old")
    await fake.settle()
    too_old = await fake.post_message(other, ann, content="too old", attachments=[PNG])
    clock.forward(40 * 86400)
    good = await fake.post_message(other, ann, content="good", attachments=[PNG])
    bad = await fake.post_message(other, ann, content="bad", attachments=[OTHER])
    await fake.post_message(other, ann, content="no picture")
    await fake.post_message(other, eve, content="eve's", attachments=[PNG])
    thread = fake.thread(other, "cats")
    aside = await fake.post_message(thread, bob, content="aside", attachments=[PNG])
    for person in (bob, eve, ann):
        fake.add_reaction(good, person, "⬆️")
        fake.add_reaction(aside, person, "⬆️")
    fake.add_reaction(bad, eve, "⬇️")
    clock.forward(2 * HORIZON)
    await fake.post_message(other, ann, content="young", attachments=[PNG])
    await opt_out(
        scene.core.database,
        platform=PlatformName.DISCORD,
        person=hash_person(scene.core.people_key, PlatformName.DISCORD, str(eve.id)),
        now=clock(),
    )
    asked = await fake.slash(scene.admin, channel, "import", channel=other)
    assert "are not watched" in asked.text
    await scene.watch(other)
    asked = await fake.slash(scene.admin, channel, "import", channel=other, days=7)
    assert "has begun: what was posted in the last 7 days" in asked.text
    await go_on(scene)
    # An author's own vote does not count.
    assert await scores(scene) == {"good": 2, "bad": -1, "aside": 2}
    assert await scene.stored(too_old) is None
    stored = await scene.stored(aside)
    assert stored is not None
    assert stored.options == {"place": str(thread.id)}
    (shown,) = [each for each in fake.messages(channel) if each.author is fake.bot]
    for words in (
        "posts stored: **3**", "the author opted out: 1", "New labels: **3**",
        f"<#{other.id}>", "I begin to learn from this at",
    ):  # fmt: skip
        assert words in shown.text, words
    assert len(fake.asked(SEND)) == 1
    # Nobody is answered, and a second import stores nothing twice.
    await scene.work()
    assert all(not fake.replies_to(each) for each in (good, bad, aside))
    asked = await fake.slash(scene.admin, channel, "import", channel=other)
    await go_on(scene)
    assert len(await scores(scene)) == 3
    last = fake.messages(channel)[-1]
    assert "posts stored: **0**" in last.text
    assert "Stored before: 3" in last.text


@pytest.mark.parametrize("was_noted", [True, False])
async def test_an_import_goes_on_where_it_was_stopped(
    scene: Scene, clock: FakeClock, was_noted: bool
) -> None:
    fake, channel = scene.fake, scene.channel
    await scene.platform.stop()
    posts = [
        await fake.post_message(channel, scene.ann, content=f"post {n}", attachments=[PNG])
        for n in range(3)
    ]
    for post in posts:
        fake.add_reaction(post, scene.bob, "⬆️")
    clock.forward(2 * 86400)
    await scene.platform.start()
    await fake.ready()
    await fake.slash(scene.admin, channel, "import")
    # At the second post something stands in the way that may pass.
    fake.on(
        REACTED,
        lambda _: answer(403, {"message": "Missing Access", "code": 50001}),
        times=1,
        when=lambda moment: str(posts[1].id) in moment.request.path,
    )
    await go_on(scene)
    (row,) = await imports(scene)
    assert (row.ended_at, row.tries, row.after) == (None, 1, str(posts[0].id))
    assert "goes on by itself" in fake.messages(channel)[-1].text
    asked = await fake.slash(scene.admin, channel, "import")
    assert "is under way" in asked.text
    # Nobody takes it up before its time; then another process does.
    await go_on(scene)
    assert (await imports(scene))[0].after == str(posts[0].id)
    await scene.platform.stop()
    if not was_noted:
        # What was shown is minutes old, and its process was killed before it could note it.
        fake.nonce_window = timedelta(0)
        async with scene.core.database.write() as session:
            kept = await session.get_one(HistoryImport, row.id)
            kept.shown_in = {key: each for key, each in kept.shown_in.items() if key != MESSAGE}
    clock.forward(60)
    await scene.platform.start()
    await fake.ready()
    await go_on(scene)
    (row,) = await imports(scene)
    assert row.ended_at is not None
    assert row.counts["stored"] == 3
    assert await scores(scene) == {"post 0": 1, "post 1": 1, "post 2": 1}
    shown = [each for each in fake.messages(channel) if each.author is fake.bot]
    assert len(shown) == 1
    assert "The import has ended" in shown[0].text


async def test_what_always_fails_at_the_beginning_of_a_thread_is_left_out_in_the_end(
    scene: Scene, clock: FakeClock
) -> None:
    fake, other = scene.fake, scene.fake.channel(scene.guild, "old")
    await fake.settle()
    threads = [fake.thread(other, name) for name in ("cats", "dogs")]
    broken = await fake.post_message(threads[0], scene.ann, content="odd", attachments=[PNG])
    await fake.post_message(threads[1], scene.ann, content="dog", attachments=[PNG])
    fake.add_reaction(broken, scene.bob, "⬆️")
    await fake.settle()
    clock.forward(2 * 86400)
    await scene.watch(other)
    fake.on(
        REACTED,
        lambda _: answer(403, {"message": "Missing Access", "code": 50001}),
        times=None,
        when=lambda moment: str(broken.id) in moment.request.path,
    )
    await fake.slash(scene.admin, scene.channel, "import", channel=other)
    for _ in range(4):
        await go_on(scene)
        clock.forward(3600)
    (row,) = await imports(scene)
    assert row.ended_at is not None
    assert (row.counts["failed"], row.counts["stored"]) == (1, 1)


async def test_a_thread_that_is_watched_by_itself_is_left_to_its_own_import(
    scene: Scene, clock: FakeClock
) -> None:
    fake, other = scene.fake, scene.fake.channel(scene.guild, "old")
    await fake.settle()
    for name in ("cats", "dogs"):
        thread = fake.thread(other, name)
        await fake.post_message(thread, scene.ann, content=name, attachments=[PNG])
    await fake.settle()
    clock.forward(2 * 86400)
    await scene.watch(other)
    await scene.watch(thread)
    await fake.slash(scene.admin, scene.channel, "import", channel=other)
    await go_on(scene)
    assert set(await scores(scene)) == {"cats"}


async def interrupted(scene: Scene, clock: FakeClock) -> None:
    """An import of a post of ann's and one of bob's, of which the second is not stored yet."""
    fake, channel = scene.fake, scene.channel
    await scene.platform.stop()
    for name, author in (("hers", scene.ann), ("his", scene.bob)):
        post = await fake.post_message(channel, author, content=name, attachments=[PNG])
        fake.add_reaction(post, fake.member(scene.guild, f"voter of {name}"), "⬆️")
    clock.forward(2 * 86400)
    await scene.platform.start()
    await fake.ready()
    await fake.slash(scene.admin, channel, "import")
    fake.on(
        REACTED,
        lambda _: answer(403, {"message": "Missing Access", "code": 50001}),
        times=1,
        when=lambda moment: str(post.id) in moment.request.path,
    )
    await go_on(scene)


async def test_who_opts_out_while_an_import_goes_on_gets_no_label(
    scene: Scene, clock: FakeClock
) -> None:
    await interrupted(scene, clock)
    person = hash_person(scene.core.people_key, PlatformName.DISCORD, str(scene.ann.id))
    await opt_out(scene.core.database, platform=PlatformName.DISCORD, person=person, now=clock())
    clock.forward(60)
    await go_on(scene)
    assert await scores(scene) == {"his": 1}
    async with scene.core.database.read() as session:
        hers = (await session.scalars(select(Post).filter_by(title="hers"))).one()
    assert hers.state is PostState.WITHDRAWN


async def test_what_an_import_stored_before_it_was_ended_is_labelled(
    scene: Scene, clock: FakeClock
) -> None:
    await interrupted(scene, clock)
    assert await scores(scene) == {}
    await scene.fake.slash(scene.admin, scene.channel, "import", stop=True)
    assert await scores(scene) == {"hers": 1}


async def test_a_forum_is_imported_thread_by_thread(scene: Scene, clock: FakeClock) -> None:
    fake = scene.fake
    forum = fake.channel(scene.guild, "art", kind=FORUM)
    await fake.settle()
    first = await fake.begin_thread(forum, scene.ann, "first", attachments=[PNG])
    await fake.begin_thread(forum, scene.ann, "second", attachments=[OTHER])
    fake.add_reaction(first, scene.bob, "🔥")
    await fake.settle()
    clock.forward(86400)
    fake.archive(first.channel)
    await scene.watch(forum)
    await fake.settle()
    await fake.slash(scene.admin, scene.channel, "import", channel=forum)
    await go_on(scene)
    assert await scores(scene) == {"first": 0, "second": 0}
    # The emoji that people vote with here is another one, and somebody should be told.
    assert "many with 🔥" in fake.messages(scene.channel)[-1].text


async def test_an_import_is_ended_by_who_asked_or_with_its_channel(
    scene: Scene, clock: FakeClock
) -> None:
    fake, channel = scene.fake, scene.channel
    asked = await fake.slash(scene.admin, channel, "import", stop=True)
    assert "No import of" in asked.text
    await fake.slash(scene.admin, channel, "import")
    asked = await fake.slash(scene.admin, channel, "import", stop=True)
    assert "was ended" in asked.text
    other = fake.channel(scene.guild, "gone")
    await fake.settle()
    await scene.watch(other)
    await fake.slash(scene.admin, channel, "import", channel=other)
    fake.delete_channel(other)
    await fake.settle()
    await go_on(scene)
    stopped, gone = await imports(scene)
    assert stopped.fault is None
    assert gone.fault is not None
    assert "the channel is not there any more" in fake.messages(channel)[-1].text
    assert clock() - (gone.ended_at or clock()) < timedelta(seconds=1)


async def test_imports_of_what_is_out_of_sight_take_nobodys_turn(
    scene: Scene, clock: FakeClock
) -> None:
    fake = scene.fake
    away = fake.guild("Away")
    boss = fake.member(away, "boss", manage_guild=True)
    gone = [fake.channel(away, name) for name in ("one", "two")]
    await fake.settle()
    for each in gone:
        await scene.watch(each)
        await fake.slash(boss, each, "import")
    fake.remove_bot(away)
    await fake.settle()
    thread = fake.thread(scene.channel, "cats")
    await scene.watch(thread)
    await fake.slash(scene.admin, scene.channel, "import", channel=thread)
    fake.archive(thread)
    await fake.settle()
    fake.on(
        "GET /channels/{channel_id}",
        lambda _: answer(403, {"message": "Missing Access", "code": 50001}),
    )
    await fake.slash(scene.admin, scene.channel, "import")
    await go_on(scene)
    *_, hidden, seen = await imports(scene)
    assert (hidden.ended_at, hidden.tries) == (None, 1)
    assert seen.ended_at is not None
    assert len(fake.asked("GET /channels/{channel_id}")) == 1
    # It is taken up when its time has come.
    clock.forward(60)
    await go_on(scene)
    assert (await imports(scene))[2].ended_at is not None


async def test_an_import_ends_with_watching(scene: Scene) -> None:
    fake, channel = scene.fake, scene.channel
    await fake.slash(scene.admin, channel, "import")
    await fake.slash(scene.admin, channel, "unwatch")
    (row,) = await imports(scene)
    assert row.ended_at is not None
    await fake.slash(scene.admin, channel, "watch")
    await fake.slash(scene.admin, channel, "import")
    # As when the bot is removed from the server.
    await unwatch_community(scene.core.database, PlatformName.DISCORD, str(channel.id))
    await go_on(scene)
    assert (await imports(scene))[1].ended_at is not None
    assert "was ended" in fake.messages(channel)[-1].text
