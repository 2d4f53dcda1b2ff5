"""/leaderboard, /me, /help and /about."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.discord.gateway.guild_options import GUILD
from bot.people.consent import opt_out
from bot.people.identity import hash_person
from bot.people.sealed_ids import seal_id
from storage.tables import Author, Community, Guess, Label, ModelVersion, Post, Standing
from storage.types import Bucket, ForecasterKind, PlatformName, PostOrigin, PostState
from tests.bot.discord.command_bot import CommandBot, command_bot
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Interaction, Member, Message

SEASON = "2026-03"  # where the clock stands


async def community(app: App, channel: Channel, guild_id: int, name: str = "#memes") -> int:
    async with app.core.database.write() as session:
        row = Community(
            platform=PlatformName.DISCORD, source_id=str(channel.id), name=name,
            created_at=app.core.clock(), options={GUILD: str(guild_id)},
        )  # fmt: skip
        session.add(row)
        await session.flush()
        return row.id


async def standing(
    app: App, who: int | str, community_id: int, *, n: int = 20, points: float = 1.0,
    season: str = SEASON, kind: ForecasterKind = ForecasterKind.PERSON, **changes: Any,
) -> int:  # fmt: skip
    """A place, everywhere and in one channel, this season and of all time; returns the author."""
    async with app.core.database.write() as session:
        if isinstance(who, str):
            author = await session.scalar(select(Author).filter_by(hash=who))
            if author is None:
                author = Author(platform=PlatformName.DISCORD, hash=who)
                session.add(author)
                await session.flush()
            who = author.id
        for where in (0, community_id):
            for when in (season, "all"):
                session.add(
                    Standing(
                        season=when, community_id=where, kind=kind, forecaster_id=who, n=n,
                        points_squared=points**2, points=points, streak=2, best_streak=5,
                        updated_at=app.core.clock(),
                        **{"hits": n // 2, "expected_hits": n / 3} | changes,
                    )
                )  # fmt: skip
        return who


async def scored_post(
    app: App, community_id: int, number: int, score: float, title: str = "A title"
) -> None:
    now = app.core.clock()
    async with app.core.database.write() as session:
        post = Post(
            community_id=community_id, platform=PlatformName.DISCORD, source_id=f"{number}",
            origin=PostOrigin.LIVE, title=title, link=f"https://discord.test/{number}",
            posted_at=now, seen_at=now, predicted_at=now, state=PostState.SETTLING, silent=False,
        )  # fmt: skip
        session.add(post)
        await session.flush()
        session.add(
            Label(
                post_id=post.id, community_id=community_id, score=score, percentile_low=0.1,
                percentile_high=0.2, bucket=Bucket.LOW, matured_at=now, written_at=now,
            )
        )  # fmt: skip


def person(app: App, member: Member) -> str:
    return hash_person(app.core.people_key, PlatformName.DISCORD, str(member.id))


def shown(asked: Interaction) -> Message:
    assert asked.response is not None
    return asked.response


@pytest.fixture
async def crowd(app: App, guild: Guild, channel: Channel) -> int:
    """23 people who cannot be named, with 23, 22, … points."""
    community_id = await community(app, channel, guild.id)
    for number in range(23):
        await standing(app, f"{number:064x}", community_id, points=23.0 - number)
    return community_id


async def test_an_empty_board_says_what_to_do(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    for board, words in (
        ("forecasters", "Guess Low, Medium or High"), ("models", "No model version was scored"),
        ("channels", "No channel was scored"), ("posts", "No post was scored"),
    ):  # fmt: skip
        asked = await fake.slash(ann, channel, "leaderboard", board=board)
        assert words in asked.text
        assert shown(asked).buttons == []


async def test_pages_are_turned_by_who_asked(
    clock: FakeClock, crowd: int, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    asked = await fake.slash(ann, channel, "leaderboard")
    message = shown(asked)
    assert "Forecasters · 2026-03" in message.text
    assert "`1.` **Person 000000** · **+23.0** points · 10 of 20 right, 50% (chance 33%)" in (
        message.text
    )
    assert "`10.`" in message.text
    assert "`11.`" not in message.text
    assert "Page 1 of 3 · 23 in total" in message.text
    assert "it takes 10 scored guesses" in message.text
    await fake.click(ann, message, "Next")
    await fake.settle()
    assert "`11.`" in message.text
    clicked = await fake.click(bob, message, "Next")
    assert clicked.ephemeral
    assert "Only the person who asked" in clicked.text
    await fake.click(ann, message, "Next")
    await fake.settle()
    assert "`23.`" in message.text
    assert "Page 3 of 3" in message.text
    clock.forward(60)
    await fake.click(ann, message, "Previous")
    await fake.settle()
    assert "Page 2 of 3" in message.text


async def test_pages_turn_after_a_restart(
    app: App, crowd: int, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    async with command_bot(fake, app):
        message = shown(await fake.slash(ann, channel, "leaderboard"))
    async with command_bot(fake, app):
        await fake.click(ann, message, "Next")
        await fake.settle()
    assert "Page 2 of 3" in message.text


async def test_ones_own_row_is_always_there(
    app: App, crowd: int, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    await standing(app, person(app, ann), crowd, points=-4.5)
    asked = await fake.slash(ann, channel, "leaderboard")
    assert "`24.` **You** · **−4.5** points" in asked.text


async def test_people_are_named_only_on_their_own_server(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bob: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    here = await community(app, channel, guild.id)
    elsewhere = fake.guild("Elsewhere")
    there = fake.channel(elsewhere)
    await fake.settle()
    await standing(app, person(app, ann), here, points=3.0)
    await standing(app, person(app, bob), await community(app, there, elsewhere.id), points=9.0)
    # Both are known to this process.
    await fake.slash(ann, channel, "help")
    await fake.slash(bob, channel, "help")
    asked = await fake.slash(ann, channel, "leaderboard", where="everywhere")
    assert f"**<@{ann.id}>**" in asked.text
    assert f"<@{bob.id}>" not in asked.text
    assert f"Person {person(app, bob)[:6]}" in asked.text


async def test_players_are_named_by_a_process_that_never_met_them(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bob: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    here = await community(app, channel, guild.id)
    author = await standing(app, person(app, bob), here, points=3.0)
    asked = await fake.slash(ann, channel, "leaderboard")
    assert f"Person {person(app, bob)[:6]}" in asked.text
    async with app.core.database.write() as session:
        row = await session.get_one(Author, author)
        row.sealed_id = seal_id(app.core.people_key, PlatformName.DISCORD, str(bob.id))
    asked = await fake.slash(ann, channel, "leaderboard")
    assert f"**<@{bob.id}>**" in asked.text


async def test_channels_and_posts_of_other_servers_are_nobodys_business(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    here = await community(app, channel, guild.id, "#memes_*x*")
    elsewhere = fake.guild("Elsewhere")
    there = await community(app, fake.channel(elsewhere), elsewhere.id, "#secret")
    await fake.settle()
    async with app.core.database.read() as session:
        version = (await session.scalars(select(ModelVersion.id))).one()
    sums = {"rps_sum": 1.0, "base_rps_sum": 2.0}
    for where in (here, there):
        async with app.core.database.write() as session:
            session.add(
                Standing(
                    season=SEASON, community_id=where, kind=ForecasterKind.MODEL,
                    forecaster_id=version, n=20, hits=10, expected_hits=6.0, points=1.0,
                    points_squared=1.0, streak=0, best_streak=0, updated_at=app.core.clock(),
                    **sums,
                )
            )  # fmt: skip
    await scored_post(app, here, 1, 5, "ours [click](x)")
    await scored_post(app, there, 2, 50, "theirs")
    asked = await fake.slash(ann, channel, "leaderboard", board="channels", where="everywhere")
    assert (
        r"`1.` **\#memes\_\*x\*** · **50%** better than guessing by what is usual · 10 of 20 right"
        in asked.text
    )
    assert "secret" not in asked.text
    asked = await fake.slash(ann, channel, "leaderboard", board="posts", where="everywhere")
    assert r"`1.` **5** · [ours \[click\]\(x\)](https://discord.test/1) · Low" in asked.text
    assert "theirs" not in asked.text
    asked = await fake.slash(ann, channel, "leaderboard", board="models", where="here")
    assert "`1.` **starter** · **50%** better than guessing by what is usual" in asked.text


async def test_boards_about_a_server_are_not_shown_in_dms(
    fake: FakeDiscord, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, fake.dm(ann), "leaderboard", board="posts")
    await fake.settle()
    assert "Ask for it in a server" in asked.text
    asked = await fake.slash(ann, fake.dm(ann), "leaderboard")
    assert "Nobody is on this board" in asked.text


async def test_seasons_are_offered_and_refused(
    app: App, crowd: int, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    offered = await fake.autocomplete(ann, channel, "leaderboard", "season", "")
    assert [each["value"] for each in offered] == [SEASON, "all"]
    offered = await fake.autocomplete(ann, channel, "leaderboard", "season", "al")
    assert [each["value"] for each in offered] == ["all"]
    asked = await fake.slash(ann, channel, "leaderboard", season="all")
    assert "all time" in asked.text
    asked = await fake.slash(ann, channel, "leaderboard", season="*summer*")
    await fake.settle()
    assert r"no season \*summer\*. There are: 2026-03, all." in asked.text


async def test_boards_in_german(
    crowd: int, fake: FakeDiscord, guild: Guild, channel: Channel, bot: CommandBot
) -> None:
    dora = fake.member(guild, "dora", locale="de")
    asked = await fake.slash(dora, channel, "leaderboard")
    assert (
        "**+23,0** Punkte · 10 von 20 richtig, 50\N{NO-BREAK SPACE}% (Zufall 33\N{NO-BREAK SPACE}%)"
        in asked.text
    )


async def test_ones_own_record(
    app: App, clock: FakeClock, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    asked = await fake.slash(ann, channel, "me")
    assert asked.ephemeral
    assert "not guessed yet" in asked.text
    here = await community(app, channel, guild.id)
    author = await standing(
        app, person(app, ann), here, points=12.0, blind_n=4, blind_hits=3, blind_points=6.0
    )
    await scored_post(app, here, 1, 5)
    async with app.core.database.write() as session:
        post = (await session.scalars(select(Post))).one()
        post.state = PostState.AWAITING_SCORE
        session.add(
            Guess(
                post_id=post.id, author_id=author, bucket=Bucket.LOW, guessed_at=clock(), blind=True
            )
        )
    asked = await fake.slash(ann, channel, "me")
    for words in (
        "2026-03: **+12.0** points, 10 of 20 guesses right (50%; chance 33%).",
        "Place 1 of 1.", "Blind: **+6.0** points, 3 of 4 guesses right.",
        "Right in a row: 2 now, 5 at most.", "all time: **+12.0**", "1 more guess waits",
    ):  # fmt: skip
        assert words in asked.text
    await opt_out(
        app.core.database, platform=PlatformName.DISCORD, person=person(app, ann), now=clock()
    )
    assert "You opted out" in (await fake.slash(ann, channel, "me")).text


async def test_help_says_how_things_stand(
    clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, admin: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    asked = await fake.slash(ann, channel, "help")
    assert asked.ephemeral
    assert "An admin begins with `/watch`" in asked.text
    assert {"watch", "managers"} <= {name for name, _ in fake.commands}
    for name, kind in fake.commands:
        assert (f"/{name}" if kind == 1 else name) in asked.text or name in ("help", "about")
    await fake.slash(admin, channel, "watch")
    clock.forward(timedelta(minutes=1).total_seconds())
    assert "vote with ⬆️ and ⬇️" in (await fake.slash(ann, channel, "help")).text
    asked = await fake.slash(ann, fake.dm(ann), "help")
    assert "not watched" not in asked.text


async def test_about_says_what_serves(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "about")
    assert "`starter`" in asked.text
    assert "1 server · 0 watched channels" in asked.text
