"""Whose posts, votes and guesses count in a channel, and how voting starts."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot.discord.events.messages import MessageListener
from bot.discord.gateway.post_rules import is_old_enough, takes_from
from bot.discord.messages.proxied_author import ProxiedAuthors
from storage.tables import Community, Post, Snapshot
from tests.bot.discord.scenarios.scene import HORIZON, PNG, Scene
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Member, Message
from tests.fakes.discord.people import as_upload
from tests.fixtures.images import encode, photo

OTHER = encode(photo().rotate(90), "PNG")
PLURALKIT = 466378653216014359


async def posted(scene: Scene, who: Member, picture: bytes = PNG, **more: object) -> Message:
    message = await scene.fake.post_message(
        scene.channel,
        who,
        attachments=[picture],
        **more,  # type: ignore[arg-type]
    )
    await scene.work()
    return message


async def score(scene: Scene, message: Message) -> float | None:
    """The last score that was read."""
    post = await scene.stored(message)
    assert post is not None
    async with scene.core.database.read() as session:
        query = select(Snapshot.score).filter_by(post_id=post.id).order_by(Snapshot.reading.desc())
        found: float | None = await session.scalar(query.limit(1))
        return found


async def test_some_people_are_left_out(scene: Scene) -> None:
    # Cached as a channel that takes everything, until somebody says otherwise.
    assert await scene.stored(await posted(scene, scene.ann)) is not None
    muted, cem = scene.fake.grant(scene.bob), scene.fake.member(scene.guild, "cem")
    asked = await scene.fake.slash(scene.admin, scene.channel, "posters", ignore=muted)
    assert f"Not of people with <@&{muted.id}>" in asked.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "posters", ignore=cem)
    assert "Not of 1 person who was named" in asked.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "posters", posts_per_day=2)
    assert "At most 2 posts of one person in a day" in asked.text
    found = [
        await scene.stored(await posted(scene, who, OTHER)) is not None
        for who in (scene.bob, cem, scene.ann, scene.ann)
    ]
    assert found == [False, False, True, False]
    # What is read from the history does not say which roles somebody has: they are asked for.
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    listener = session.client.get_cog("MessageListener")
    for who, taken in ((scene.bob, False), (scene.admin, True)):
        message = await scene.fake.post_message(scene.channel, who, content="x")
        await scene.fake.settle()
        message.attachments = [scene.fake.store(as_upload(PNG), scene.channel)]
        channel = session.client.get_channel(scene.channel.id)
        await listener.ingest(await channel.fetch_message(message.id), live=False)
        assert (await scene.stored(message) is not None) is taken
    # Who is left out does not guess, either.
    (reply,) = scene.fake.replies_to(
        next(each for each in scene.fake.messages(scene.channel) if each.author is scene.ann)
    )
    asked = await scene.fake.click(cem, reply, "High")
    assert "left you out of guessing" in asked.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "posters", clear=True)
    assert "Everybody's." in asked.text
    # Nobody's hash is kept after that.
    async with scene.core.database.read() as session:
        (options,) = await session.scalars(select(Community.options))
    assert "ignored_people" not in str(options)
    assert await scene.stored(await posted(scene, cem)) is not None
    asked = await scene.fake.slash(scene.admin, scene.channel, "posters", only=muted)
    assert f"Only of people with <@&{muted.id}>" in asked.text
    found = [
        await scene.stored(await posted(scene, who, OTHER)) is not None for who in (scene.bob, cem)
    ]
    assert found == [True, False]


async def test_votes_under_the_reply_count_once_and_young_accounts_do_not(
    scene: Scene, clock: FakeClock
) -> None:
    voters = [scene.fake.member(scene.guild, f"voter {n}") for n in range(3)]
    clock.forward(10 * 86400)
    young = scene.fake.member(scene.guild, "young")
    await scene.fake.slash(
        scene.admin, scene.channel, "settings", reply_votes=True, voter_days=7, autostar=True
    )
    asked = await scene.fake.slash(scene.admin, scene.channel, "settings")
    for words in ("Votes under my reply count", "that were **7 days** old", "vote emoji under"):
        assert words in asked.text
    post = await posted(scene, scene.ann)
    (reply,) = scene.fake.replies_to(post)
    # The bot begins; its own do not count.
    assert [post.reactions["⬆️"], post.reactions["⬇️"]] == [[scene.fake.bot.id]] * 2
    for each in (voters[0], voters[1], young):
        await scene.fake.react(each, post, "⬆️")
    for each in (voters[1], voters[2], young, scene.ann):
        await scene.fake.react(each, reply, "⬆️")
    asked = await scene.fake.click(young, reply, "High")
    assert "at least 7 days old" in asked.text
    await scene.pass_time(HORIZON + 60)
    assert await score(scene, post) == 3


async def test_what_a_proxy_posts_anew_is_the_post(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.events.messages._PROXY_SECONDS", 0.3)
    proxy: dict[str, object] = {"webhook": True, "application_id": PLURALKIT}
    assert await scene.stored(await posted(scene, scene.ann, **proxy)) is None
    await scene.fake.slash(scene.admin, scene.channel, "settings", proxied=True)
    # The first one is on its way before it is known that it may be taken away.
    first = await posted(scene, scene.ann, content="my name is Ann")
    await scene.fake.delete_message(first)
    await scene.work()
    stored = await scene.stored(first)
    assert stored is not None
    assert (stored.title, stored.author_id, stored.link) == ("", None, None)
    # The next one is waited for.
    second = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.fake.delete_message(second)
    anew = await posted(scene, scene.ann, content="I am Rose", **proxy)
    feed = await posted(scene, scene.ann, OTHER, webhook=True)
    await scene.fake.until(lambda: bool(scene.fake.replies_to(anew)), "a reply")
    assert scene.fake.replies_to(second) == []
    assert await scene.stored(second) is None
    assert await scene.stored(feed) is None
    post = await scene.stored(anew)
    assert post is not None
    assert (post.title, post.author_id) == ("I am Rose", None)
    async with scene.core.database.read() as session:
        assert len((await session.scalars(select(Post.id))).all()) == 2


async def test_pluralkit_is_asked_who_wrote_only_where_that_is_allowed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.discord.events.messages._PROXY_SECONDS", 0.0)
    monkeypatch.setattr("bot.discord.messages.proxied_author._SECONDS", 0.3)
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    listener = session.client.get_cog("MessageListener")
    assert isinstance(listener, MessageListener)
    asked: list[str] = []
    says: dict[str, object] = {}
    never = asyncio.Event()

    async def tell(request: web.Request) -> web.Response:
        asked.append(request.match_info["id"])
        if says.get("slow"):
            await never.wait()
        return web.json_response(says["answer"], status=says.get("status", 200))  # type: ignore[arg-type]

    api = web.Application()
    api.router.add_get("/v2/messages/{id}", tell)
    server = TestServer(api)
    await server.start_server()
    monkeypatch.setattr(
        listener, "_proxied_authors",
        ProxiedAuthors(str(server.make_url("/v2")), trusted_hosts=("127.0.0.1",)),
    )  # fmt: skip
    proxy: dict[str, object] = {"webhook": True, "application_id": PLURALKIT}

    async def author_of(message: Message) -> int | None:
        await scene.fake.until(lambda: bool(scene.fake.replies_to(message)), "a reply")
        post = await scene.stored(message)
        assert post is not None
        return post.author_id

    try:
        await scene.fake.slash(scene.admin, scene.channel, "settings", proxied=True)
        says["answer"] = {"sender": str(scene.bob.id)}
        assert await author_of(await posted(scene, scene.ann, **proxy)) is None
        assert asked == []
        told = await scene.fake.slash(scene.admin, scene.channel, "settings", proxied_authors=True)
        assert "PluralKit is asked who wrote" in told.text
        anew = await posted(scene, scene.ann, OTHER, **proxy)
        assert await author_of(anew) is not None
        assert asked == [str(anew.id)]
        # It is Bob's as any other: he does not guess on it.
        (reply,) = scene.fake.replies_to(anew)
        assert "own post" in (await scene.fake.click(scene.bob, reply, "High")).text
        odd: list[dict[str, object]] = [
            {"answer": {"sender": 7}}, {"answer": []}, {"answer": {"sender": "x"}},
            {"answer": {}, "status": 404}, {"answer": {}, "status": 500},
            {"answer": {}, "slow": True},
        ]  # fmt: skip
        for each in odd:
            says.clear()
            says.update(each)
            assert await author_of(await posted(scene, scene.ann, **proxy)) is None
        # Who is left out, or opted out, does not post by a proxy.
        says.clear()
        says["answer"] = {"sender": str(scene.bob.id)}
        await scene.fake.slash(scene.bob, scene.channel, "opt-out")
        gone = await posted(scene, scene.ann, **proxy)
        assert await scene.stored(gone) is None
        await scene.fake.slash(scene.bob, scene.channel, "opt-in")
        await scene.fake.slash(scene.admin, scene.channel, "posters", ignore=scene.bob)
        assert await scene.stored(await posted(scene, scene.ann, **proxy)) is None
        assert len(asked) == 9
        # Of what is no post here PluralKit is told nothing.
        await scene.fake.slash(scene.admin, scene.channel, "settings", threads="none")
        thread = scene.fake.thread(scene.channel, "aside")
        await scene.fake.settle()
        await scene.fake.post_message(thread, scene.ann, attachments=[PNG], **proxy)  # type: ignore[arg-type]
        await scene.work()
        assert len(asked) == 9
    finally:
        never.set()
        await listener._proxied_authors.close()
        await server.close()


async def test_only_some_people_and_so_much_of_each(scene: Scene, clock: FakeClock) -> None:
    # Of two changes at once none is lost.
    cem = scene.fake.member(scene.guild, "cem")
    await asyncio.gather(
        *(
            scene.fake.slash(scene.admin, scene.channel, "posters", only=who)
            for who in (scene.ann, cem)
        )
    )
    muted = scene.fake.grant(scene.bob)
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "posters",
        ignore=muted, guesses_per_day=1, questions_per_day=2,
    )  # fmt: skip
    for words in (
        "Only of 2 people who were named", f"<@&{muted.id}>; they do not guess",
        "At most 1 guess of one person", "At most 2 questions about pictures",
    ):  # fmt: skip
        assert words in asked.text
    dan = scene.fake.member(scene.guild, "dan")
    first, second, other = [
        await posted(scene, who, picture)
        for who, picture in ((scene.ann, PNG), (cem, OTHER), (dan, OTHER))
    ]
    assert await scene.stored(other) is None
    (reply,), (later,) = scene.fake.replies_to(first), scene.fake.replies_to(second)
    assert "left you out" in (await scene.fake.click(scene.bob, reply, "High")).text
    for button in ("High", "Low"):
        assert "at most so many" not in (await scene.fake.click(dan, reply, button)).text
    asked = await scene.fake.click(dan, later, "High")
    assert "at most so many guesses in 24 hours: 1." in asked.text
    assert len(await scene.guesses(first)) == 1
    assert await scene.guesses(second) == []
    for number in range(3):
        asked = await scene.fake.slash(dan, scene.channel, "predict", image=PNG)
        assert ("at most so many times" in asked.text) is (number == 2)
        clock.forward(11)
    # Others have their own day, and the next day is a new one.
    asked = await scene.fake.menu(scene.bob, first, "Will it play?")
    assert "at most so many times" not in asked.text
    clock.forward(86400)
    asked = await scene.fake.slash(dan, scene.channel, "predict", image=PNG)
    assert "at most so many times" not in asked.text


def test_rules_ask_for_age_people_and_roles(clock: FakeClock) -> None:
    now = clock()
    days = int((now - timedelta(days=3)).timestamp() * 1000) - 1_420_070_400_000 << 22

    def taken(roles: list[int] | None, **options: object) -> bool:
        return takes_from(options, user_id=days, person="p", roles=roles, posted_at=now)

    assert taken([])
    assert not taken([], ignored_people=["p"])
    assert not taken([], ignored_people=["p"], only_people=["p"])
    assert not taken([], only_people=["q"])
    assert taken([], only_people=["q", "p"], only_roles=["2"])
    assert taken([2], only_people=["q"], only_roles=["2"])
    assert not taken([1], only_people=["q"], only_roles=["2"])
    assert not taken([1, 2], ignored_roles=["2"])
    assert not taken([1, 2], only_roles=["2"], ignored_roles=["1"])
    assert taken([2], only_roles=["2", "3"])
    assert not taken([], only_roles=["2"])
    # Nobody asked for roles: rules about them do not count.
    assert taken(None, only_roles=["2"])
    assert taken([], account_days=3)
    assert not taken([], account_days=4)
    assert is_old_enough(days, None, now)
