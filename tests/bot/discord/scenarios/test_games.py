"""Duels and scores as numbers, from the command to the board."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.discord.games.run_games import Games
from storage.tables import Duel, DuelGuess, Prediction, ScoreGuess
from storage.types import DuelState
from tests.bot.discord.scenarios.scene import HORIZON, PNG, SEND, Scene
from tests.bot.discord.scenarios.test_digest import played
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Member, Message
from tests.fakes.discord.faults import answer
from tests.fixtures.images import encode, photo

OTHER = encode(photo().rotate(90), "PNG")


async def look(scene: Scene) -> int:
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    cog = session.client.get_cog("Games")
    assert isinstance(cog, Games)
    told = await cog.look()
    await scene.fake.settle()
    return told


async def posted(scene: Scene, who: Member, title: str, picture: bytes = PNG) -> Message:
    post = await scene.fake.post_message(scene.channel, who, content=title, attachments=[picture])
    await scene.work()
    return post


async def votes(scene: Scene, post: Message, number: int) -> None:
    for _ in range(number):
        voter = scene.fake.member(scene.guild, f"voter {scene.fake.new_id()}")
        await scene.fake.react(voter, post, "⬆️")


async def duels(scene: Scene) -> list[Duel]:
    async with scene.core.database.read() as session:
        return list(await session.scalars(select(Duel).order_by(Duel.id)))


def link(post: Message) -> str:
    return f"https://discord.com/channels/1/{post.channel.id}/{post.id}"


def shown(scene: Scene) -> Message:
    """The last message of a duel."""
    return [
        each for each in scene.fake.messages(scene.channel) if "A duel" in each.text
        or "This duel" in each.text
    ][-1]  # fmt: skip


@pytest.fixture
def cem(scene: Scene) -> Member:
    return scene.fake.member(scene.guild, "cem")


async def test_a_duel_from_its_beginning_to_its_end(scene: Scene, cem: Member) -> None:
    await scene.fake.slash(scene.admin, scene.channel, "settings", guess_minutes=10)
    for number in range(5):
        await posted(scene, (scene.ann, cem)[number % 2], f"early {number}")
    await scene.pass_time(HORIZON + 60)
    asked = await scene.fake.slash(scene.bob, scene.channel, "duel")
    assert "takes two new posts" in asked.text
    one = await posted(scene, scene.ann, "cat")
    two = await posted(scene, cem, "dog", OTHER)
    asked = await scene.fake.slash(scene.bob, scene.channel, "duel")
    duel = shown(scene)
    assert f"/{duel.id}" in asked.text
    for words in (
        "[cat](", "[dog](", "Guessing closes <t:", "1 is worth 1.0 points, 2 is worth 1.0",
    ):  # fmt: skip
        assert words in duel.text
    (picture,) = duel.attachments
    assert "Left, 1: cat. Right, 2: dog." in (picture.description or "")
    assert duel.allowed_mentions == {"parse": []}
    asked = await scene.fake.slash(
        scene.bob, scene.channel, "duel", first=link(one), second=link(two)
    )
    assert "met already" in asked.text
    # One's own picture is for others to guess; a guess may be changed.
    assert "own post" in (await scene.fake.click(cem, duel, "2 wins")).text
    assert "You say that **1** wins" in (await scene.fake.click(scene.bob, duel, "1 wins")).text
    assert "You say that **2** wins" in (await scene.fake.click(scene.bob, duel, "2 wins")).text
    await scene.fake.click(scene.admin, duel, "1 wins")
    assert await look(scene) == 0
    await votes(scene, one, 1)
    await votes(scene, two, 3)
    await scene.pass_time(700)
    assert await look(scene) == 1
    assert "Guessing has closed" in shown(scene).text
    assert "1 for 1, 1 for 2" in shown(scene).text
    assert shown(scene).components == []
    await scene.pass_time(HORIZON)
    assert await look(scene) == 1
    told = shown(scene)
    for words in ("**2** won: 3 against 1.", f"Right: <@{scene.bob.id}> +1.0", "I gave 2 a chance"):
        assert words in told.text
    assert await look(scene) == 0
    (row,) = await duels(scene)
    assert (row.state, row.first_won, row.base_rate) == (DuelState.DECIDED, False, 0.5)
    asked = await scene.fake.slash(scene.bob, scene.channel, "games")
    assert f"<@{scene.bob.id}> · **+1.0** points · 1 of 1 right" in asked.text
    assert f"<@{scene.admin.id}> · **−1.0** points · 0 of 1 right" in asked.text
    # What is usual here is that the newer one wins: it is worth less now.
    three = await posted(scene, scene.ann, "cow")
    four = await posted(scene, cem, "owl", OTHER)
    await scene.fake.slash(scene.bob, scene.channel, "duel", first=link(four), second=str(three.id))
    assert "1 is worth 2.0 points, 2 is worth 0.5" in shown(scene).text
    await scene.fake.click(scene.bob, shown(scene), "1 wins")
    await scene.pass_time(HORIZON + 60)
    assert await look(scene) == 1
    assert "Both came to **0**: a draw" in shown(scene).text
    async with scene.core.database.read() as session:
        points = list(await session.scalars(select(DuelGuess.points).order_by(DuelGuess.duel_id)))
    assert sorted(points) == [-1.0, 0.0, 1.0]  # type: ignore[type-var]
    exported = await scene.fake.slash(scene.bob, scene.channel, "export-me")
    assert exported.response is not None
    data = exported.response.attachments[0].upload.data.decode()
    assert '"duel_guesses": [\n    {' in data


async def test_a_duel_is_void_when_a_post_is_deleted(scene: Scene, cem: Member) -> None:
    one = await posted(scene, scene.ann, "cat")
    await posted(scene, cem, "dog", OTHER)
    await scene.fake.slash(scene.bob, scene.channel, "duel")
    duel = shown(scene)
    await scene.fake.click(scene.bob, duel, "1 wins")
    await scene.fake.delete_message(one)
    await scene.work()
    assert await look(scene) == 1
    assert "This duel is void" in shown(scene).text
    assert "cat" not in shown(scene).text
    # Nothing of the picture is left.
    assert shown(scene).attachments == []
    assert shown(scene).components == []
    (row,) = await duels(scene)
    assert row.state is DuelState.VOID
    asked = await scene.fake.slash(scene.bob, scene.channel, "games")
    assert "No duel has had a winner yet" in asked.text


async def test_an_ended_duel_shows_nothing_more_of_a_post_that_is_deleted(
    scene: Scene, cem: Member
) -> None:
    one = await posted(scene, scene.ann, "cat")
    await posted(scene, cem, "dog", OTHER)
    await scene.fake.slash(scene.bob, scene.channel, "duel")
    await scene.pass_time(HORIZON + 60)
    assert await look(scene) == 1
    assert "a draw" in shown(scene).text
    assert len(shown(scene).attachments) == 1
    await scene.fake.delete_message(one)
    await scene.fake.until(lambda: not shown(scene).attachments)
    assert "a draw" in shown(scene).text
    assert "cat" not in shown(scene).text
    (row,) = await duels(scene)
    assert row.state is DuelState.DRAWN


async def test_a_duel_that_could_not_be_noted_is_looked_for(
    scene: Scene, cem: Member, clock: FakeClock
) -> None:
    await posted(scene, scene.ann, "cat")
    await posted(scene, cem, "dog", OTHER)
    # Discord.py raises this one at once, and asks five more times after most others.
    scene.fake.on(SEND, lambda _: answer(503, {"message": "no", "code": 0}))
    asked = await scene.fake.slash(scene.bob, scene.channel, "duel")
    assert "Discord" in asked.text
    scene.fake.on(SEND, lambda _: None, times=0)
    clock.forward(61)
    scene.fake.nonce_window = timedelta(0)
    for _ in range(2):
        clock.forward(61)
        await look(scene)
    assert sum("A duel" in each.text for each in scene.fake.messages(scene.channel)) == 1
    # The process died before it could note that.
    (row,) = await duels(scene)
    assert row.source_id is not None
    async with scene.core.database.write() as session:
        (await session.get_one(Duel, row.id)).source_id = None
    assert await look(scene) == 1
    assert sum("A duel" in each.text for each in scene.fake.messages(scene.channel)) == 1
    assert (await duels(scene))[0].source_id == row.source_id


async def test_where_there_are_no_duels(scene: Scene, cem: Member) -> None:
    other = scene.fake.channel(scene.guild, "other")
    await scene.fake.settle()
    asked = await scene.fake.slash(scene.bob, other, "duel")
    assert "in channels that I watch" in asked.text
    one = await posted(scene, scene.ann, "cat")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"first": link(one), "second": link(one)}, "two different posts"),
        ({"first": link(one)}, "links of two messages"),
        ({"first": "cat", "second": link(one)}, "links of two messages"),
    ]
    for options, words in wrong:
        asked = await scene.fake.slash(scene.bob, scene.channel, "duel", **options)
        assert words in asked.text
    two = await posted(scene, cem, "dog", OTHER)
    await scene.fake.slash(scene.admin, scene.channel, "posters", ignore=scene.bob)
    asked = await scene.fake.slash(scene.bob, scene.channel, "duel")
    assert "left you out" in asked.text
    await scene.fake.slash(scene.admin, scene.channel, "settings", mode="silent")
    asked = await scene.fake.slash(cem, scene.channel, "duel")
    assert "I write nothing in this channel" in asked.text
    await scene.fake.slash(scene.admin, scene.channel, "settings", mode="reply")
    scene.fake.permit(scene.channel, scene.fake.bot, embed_links=False)
    await scene.fake.settle()
    asked = await scene.fake.slash(cem, scene.channel, "duel")
    assert "Embed Links missing" in asked.text
    scene.fake.permit(scene.channel, scene.fake.bot, embed_links=True)
    await scene.fake.settle()
    await scene.pass_time(HORIZON + 60)
    asked = await scene.fake.slash(cem, scene.channel, "duel", first=link(one), second=link(two))
    assert "closed" in asked.text
    assert await duels(scene) == []


async def test_a_score_is_named_as_an_interval(scene: Scene, cem: Member) -> None:
    await played(scene, scene.channel, *[f"first {n}" for n in range(12)])
    posts = [await posted(scene, scene.ann, f"next {n}") for n in range(3)]
    for post in posts:
        (reply,) = scene.fake.replies_to(post)
        # In the menu of the post, or of the reply.
        for who, target, low, high in ((scene.bob, post, "3", "1"), (cem, reply, "7", "50")):
            form = await scene.fake.menu(who, target, "Guess the score")
            asked = await scene.fake.submit(form, {"low": low, "high": high})
            assert "You say that it ends between" in asked.text
    form = await scene.fake.menu(scene.bob, posts[0], "Guess the score")
    asked = await scene.fake.submit(form, {"low": "many", "high": "3"})
    assert "Give two numbers" in asked.text
    asked = await scene.fake.menu(scene.ann, posts[0], "Guess the score")
    asked = await scene.fake.submit(asked, {"low": "1", "high": "3"})
    assert "own post" in asked.text
    chat = await scene.fake.post_message(scene.channel, scene.ann, content="hello")
    asked = await scene.fake.menu(scene.bob, chat, "Guess the score")
    assert "no post whose score" in asked.text
    for post in posts:
        await votes(scene, post, 2)
    await scene.pass_time(HORIZON + 60)
    await look(scene)
    async with scene.core.database.write() as session:
        # What the bot showed, from where on it had results enough.
        await session.execute(update(Prediction).values(score_p10=0.0, score_p90=6.0))
    async with scene.core.database.read() as session:
        rows = list(
            await session.scalars(
                select(ScoreGuess).order_by(ScoreGuess.author_id, ScoreGuess.post_id)
            )
        )
    assert [(each.low, each.high) for each in rows] == [(1, 3)] * 3 + [(7, 50)] * 3
    assert rows[0].crps == pytest.approx(2 / 12)
    assert rows[3].crps == pytest.approx(5 + 43 / 3)
    asked = await scene.fake.slash(cem, scene.channel, "games")
    assert f"<@{scene.bob.id}> · **" in asked.text
    assert "better than usual · 3 posts, 0.2 votes off on average" in asked.text
    assert f"<@{cem.id}> · **" in asked.text
    assert "worse than usual" in asked.text
    assert f"<@{scene.fake.bot.id}>" in asked.text
    late = await scene.fake.menu(scene.bob, posts[0], "Guess the score")
    assert "closed" in late.text
    # Who is forgotten takes it all along.
    asked = await scene.fake.slash(scene.bob, scene.channel, "opt-out")
    asked = await scene.fake.slash(cem, scene.channel, "games")
    assert f"<@{scene.bob.id}>" not in asked.text
