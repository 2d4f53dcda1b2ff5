"""/outcomes and /tell-me: what became of posts is told once, to those who may see it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.discord.outcomes.render import outcomes_embed
from bot.discord.outcomes.tell_outcomes import OutcomeTeller
from bot.discord.texts.lookup import Texts
from bot.discord.ui.member_names import MemberNames
from bot.league.outcomes import ToldOutcome
from storage.queries.communities import find_or_add_author
from storage.tables import Community, OutcomeFeed, Post, Standing
from storage.types import Bucket, ForecasterKind, PlatformName
from tests.bot.discord.scenarios.scene import PNG, SEND, Scene
from tests.bot.discord.scenarios.test_digest import played
from tests.fakes.clock import FakeClock
from tests.fakes.discord.faults import answer
from tests.fakes.discord.world import Channel, Member


async def tell(scene: Scene) -> int:
    session = scene.platform._connection.session()  # type: ignore[attr-defined]
    cog = session.client.get_cog("OutcomeTeller")
    assert isinstance(cog, OutcomeTeller)
    told = await cog.tell_due()
    await scene.fake.settle()
    return told


async def feeds(scene: Scene) -> list[OutcomeFeed]:
    async with scene.core.database.read() as session:
        return list(await session.scalars(select(OutcomeFeed).order_by(OutcomeFeed.id)))


async def scored(scene: Scene, member: Member, season: str, *, points: float) -> None:
    """Somebody's twenty guesses of a season."""
    names = MemberNames(scene.core.people_key)
    person, sealed = names.remember(member.id), names.seal(member.id)
    async with scene.core.database.write() as session:
        author = await session.run_sync(find_or_add_author, PlatformName.DISCORD, person)
        author.sealed_id = sealed
        community = (await session.scalars(select(Community))).one()
        session.add(
            Standing(
                season=season, community_id=community.id, kind=ForecasterKind.PERSON,
                forecaster_id=author.id, n=20, hits=9, expected_hits=7.0, points=points,
                points_squared=30.0, updated_at=scene.clock(), streak=0, best_streak=2,
            )
        )  # fmt: skip


@pytest.fixture
async def hall(scene: Scene) -> Channel:
    """Where outcomes are told."""
    hall = scene.fake.channel(scene.guild, "hall")
    await scene.fake.settle()
    return hall


async def test_outcomes_are_told_once_to_a_server_and_to_whose_they_are(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    # The first twelve teach what is usual.
    await played(scene, scene.channel, *[f"first {n}" for n in range(12)])
    clock.forward(60)
    asked = await scene.fake.slash(scene.admin, scene.channel, "outcomes", channel=hall)
    assert f"told in <#{hall.id}>" in asked.text
    asked = await scene.fake.slash(scene.bob, scene.channel, "tell-me")
    assert "From now on I write to you" in asked.text
    assert await tell(scene) == 0
    posts = await played(scene, scene.channel, "lucky", "gone", "third")
    clock.forward(1200)
    await scene.fake.delete_message(posts[1])
    await scene.fake.settle()
    # What Bob may see cannot be known at this moment: he is told a little later.
    member = "GET /guilds/{guild_id}/members/{user_id}"
    scene.fake.on(member, lambda _: answer(200, []), times=1)
    assert await tell(scene) == 1
    clock.forward(31)
    assert await tell(scene) == 1
    (told,) = scene.fake.messages(hall)
    assert "The votes are in" in told.text
    assert "[lucky](" in told.text
    assert f"<#{scene.channel.id}>: **0**" in told.text
    assert "[third](" in told.text
    assert "right guesses: " in told.text
    assert "gone" not in told.text
    assert told.allowed_mentions == {"parse": []}
    first, own = scene.fake.messages(scene.fake.dm(scene.bob))
    assert "Here you will read" in first.text
    assert "What became of yours" in own.text
    assert "your guess High ✘ **−" in own.text
    assert "/tell-me on: False" in own.text
    clock.forward(3600)
    assert await tell(scene) == 0
    # Who opts out is told nothing more, and nothing of it is kept.
    await scene.fake.slash(scene.bob, scene.channel, "opt-out")
    assert [each.server for each in await feeds(scene)] == [str(scene.guild.id)]
    asked = await scene.fake.slash(scene.bob, scene.channel, "tell-me")
    assert "You opted out" in asked.text
    asked = await scene.fake.slash(scene.admin, scene.channel, "outcomes", off=True)
    assert "no channel any more" in asked.text
    assert await feeds(scene) == []


@pytest.mark.parametrize(
    ("chances", "said"),
    [((0.2, 0.3, 0.5), " · I said High (50%) ✔"), ((0.33, 0.332, 0.338), "")],
)
def test_what_was_said_is_told_as_in_the_reply(
    chances: tuple[float, float, float], said: str, clock: FakeClock
) -> None:
    told = ToldOutcome(
        source_id="1", community_source_id="2", options={}, title="a", link=None, spoiler=False,
        written_at=clock(), score=3.0, bucket=Bucket.HIGH, percentile=0.9, chances=chances,
        right=0, guesses=0, is_theirs=False, guess=None, points=None,
    )  # fmt: skip
    embed = outcomes_embed(Texts("en-GB"), [told])
    assert embed.description == f"a in <#2>: **3** (High, beats 90%){said}"
    # A footer that says nothing is none.
    assert "footer" not in embed.to_dict()


async def test_what_may_have_been_sent_is_looked_for_and_an_outage_is_waited_out(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    await played(scene, scene.channel, *[f"first {n}" for n in range(12)])
    clock.forward(60)
    await scene.fake.slash(scene.admin, scene.channel, "outcomes", channel=hall)
    await played(scene, scene.channel, "lucky")
    clock.forward(20)
    scene.fake.on(SEND, lambda _: answer(400, {"message": "no", "code": 20028}), times=1)
    assert await tell(scene) == 0
    (waiting,) = await feeds(scene)
    assert (waiting.tries, waiting.begun_until is not None) == (1, True)
    clock.forward(31)
    scene.fake.nonce_window = timedelta(0)
    assert await tell(scene) == 1
    (told,) = scene.fake.messages(hall)
    assert "lucky" in told.text
    # The process died before it could note that.
    (after,) = await feeds(scene)
    async with scene.core.database.write() as session:
        row = await session.get_one(OutcomeFeed, after.id)
        row.told_until, row.begun_until = waiting.told_until, waiting.begun_until
        row.begun_at, row.due_at = waiting.begun_at, clock()
    assert await tell(scene) == 0
    assert len(scene.fake.messages(hall)) == 1
    assert (await feeds(scene))[0].begun_at is None


async def test_a_message_that_is_always_refused_keeps_no_other_back(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    await played(scene, scene.channel, *[f"first {n}" for n in range(12)])
    clock.forward(60)
    await scene.fake.slash(scene.admin, scene.channel, "outcomes", channel=hall)
    await played(scene, scene.channel, "odd")
    scene.fake.on(SEND, lambda _: answer(400, {"message": "no", "code": 50035}), times=4)
    for _ in range(4):
        clock.forward(1900)
        assert await tell(scene) == 0
    await played(scene, scene.channel, "next")
    clock.forward(1900)
    assert await tell(scene) == 1
    (told,) = scene.fake.messages(hall)
    assert "next" in told.text
    assert "odd" not in told.text


async def test_a_message_is_known_again_though_its_last_post_is_hidden_by_now(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    await played(scene, scene.channel, *[f"first {n}" for n in range(12)])
    clock.forward(60)
    await scene.fake.slash(scene.admin, scene.channel, "outcomes", channel=hall)
    (before,) = await feeds(scene)
    posts = await played(scene, scene.channel, "lucky", "last")
    clock.forward(20)
    assert await tell(scene) == 1
    (told,) = await feeds(scene)
    last = await scene.stored(posts[1])
    assert last is not None
    # The process died before it could note that, and a post was hidden before the next try.
    async with scene.core.database.write() as session:
        (await session.get_one(Post, last.id)).hidden_at = clock()
        row = await session.get_one(OutcomeFeed, told.id)
        row.told_until, row.begun_until = before.told_until, told.told_until
        row.begun_at, row.due_at = clock(), clock()
    scene.fake.nonce_window = timedelta(0)
    assert await tell(scene) == 0
    assert len(scene.fake.messages(hall)) == 1
    assert (await feeds(scene))[0].told_until == told.told_until


async def test_what_readers_may_not_see_is_told_to_nobody(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    secret = scene.fake.channel(scene.guild, "secret")
    scene.fake.permit(secret, scene.guild.everybody, view_channel=False)
    for each in (scene.fake.bot, scene.ann, scene.bob):
        scene.fake.permit(secret, each, view_channel=True)
    await scene.fake.settle()
    await scene.watch(secret)
    await scene.fake.slash(scene.admin, scene.channel, "outcomes", channel=hall)
    await scene.fake.slash(scene.bob, scene.channel, "tell-me")
    await played(scene, secret, *[f"secret {n}" for n in range(13)])
    scene.fake.permit(secret, scene.bob, view_channel=False)
    await scene.fake.settle()
    clock.forward(20)
    assert await tell(scene) == 0
    assert scene.fake.messages(hall) == []
    assert len(scene.fake.messages(scene.fake.dm(scene.bob))) == 1
    # It does not come later, either.
    assert all(each.told_until > clock() - timedelta(minutes=5) for each in await feeds(scene))
    # Who takes no messages any more is not asked again.
    scene.fake.permit(secret, scene.bob, view_channel=True)
    scene.bob.user.dms_open = False
    await played(scene, secret, "one more")
    clock.forward(1200)
    assert await tell(scene) == 0
    assert [each.server for each in await feeds(scene)] == [str(scene.guild.id)]
    asked = await scene.fake.slash(scene.bob, scene.channel, "tell-me")
    assert "I cannot write to you" in asked.text


async def test_a_season_ends_with_a_post_and_its_winner_has_the_role(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    prize = scene.fake.grant(scene.ann)
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "outcomes", channel=hall, winner_role=prize
    )
    assert "*Manage Roles* is missing" in asked.text
    scene.fake.grant(scene.guild.members[scene.fake.bot.id], manage_roles=True)
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "outcomes", channel=hall, winner_role=prize
    )
    # Who may only look after the bot does not give themselves a role by it.
    assert f"You could not give <@&{prize.id}>" in asked.text
    scene.fake.grant(scene.admin, manage_roles=True)
    asked = await scene.fake.slash(
        scene.admin, scene.channel, "outcomes", channel=hall, winner_role=prize
    )
    assert f"The winner of a season gets <@&{prize.id}>" in asked.text
    await scored(scene, scene.bob, f"{clock():%Y-%m}", points=3.5)
    await scored(scene, scene.ann, f"{clock():%Y-%m}", points=2.0)
    now = clock()
    begin = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    clock.forward((begin - now).total_seconds() + 1800)
    assert await tell(scene) == 0
    clock.forward(3600)
    assert await tell(scene) == 1
    (told,) = scene.fake.messages(hall)
    assert f"Season {now:%Y-%m} has ended" in told.text
    assert f"1. <@{scene.bob.id}> · **+3.5** points · 9 of 20 right" in told.text
    assert f"2. <@{scene.ann.id}>" in told.text
    assert f"<@{scene.bob.id}> won and has <@&{prize.id}> now." in told.text
    assert prize in scene.bob.roles
    assert await tell(scene) == 0
    # The next one is Cem's: the role changes hands. Ann, to whom an admin gave it, keeps it.
    cem = scene.fake.member(scene.guild, "cem")
    await scored(scene, cem, f"{clock():%Y-%m}", points=1.0)
    clock.forward(32 * 86400)
    assert await tell(scene) == 1
    assert prize in cem.roles
    assert prize in scene.ann.roles
    assert prize not in scene.bob.roles
    # A season in which nobody played is passed over. One whose role was moved up is told all the
    # same, and the admins are told why nobody has it.
    clock.forward(32 * 86400)
    assert await tell(scene) == 0
    prize.position = 99
    scene.fake.gateway.dispatch(
        "GUILD_ROLE_UPDATE",
        {"guild_id": str(scene.guild.id), "role": prize.payload()},
        guild=scene.guild,
    )
    await scored(scene, scene.bob, f"{clock():%Y-%m}", points=1.0)
    clock.forward(32 * 86400)
    await scene.fake.settle()
    assert await tell(scene) == 1
    assert "won and has" not in scene.fake.messages(hall)[-1].text
    await scene.app.jobs.deliver_notices()
    (notice,) = scene.fake.messages(scene.fake.dm(scene.fake.owner))
    assert "stands above my own role" in notice.text
    scene.fake.permit(hall, scene.fake.bot, embed_links=False)
    await scored(scene, scene.bob, f"{clock():%Y-%m}", points=1.0)
    clock.forward(32 * 86400)
    await scene.fake.settle()
    assert await tell(scene) == 0
    asked = await scene.fake.slash(scene.admin, scene.channel, "outcomes")
    assert "Embed Links missing" in asked.text


async def test_the_role_is_taken_from_who_has_it_no_more(
    scene: Scene, hall: Channel, clock: FakeClock
) -> None:
    scene.fake.grant(scene.guild.members[scene.fake.bot.id], manage_roles=True)
    scene.fake.grant(scene.admin, manage_roles=True)
    gold, silver = (scene.fake.grant(scene.ann) for _ in range(2))
    for role in (gold, silver):
        role.position = 0
        event = {"guild_id": str(scene.guild.id), "role": role.payload()}
        scene.fake.gateway.dispatch("GUILD_ROLE_UPDATE", event, guild=scene.guild)

    async def won(who: Member) -> None:
        await scored(scene, who, f"{clock():%Y-%m}", points=3.5)
        clock.forward(32 * 86400)
        assert await tell(scene) == 1

    async def promise(**options: object) -> str:
        asked = await scene.fake.slash(
            scene.admin, scene.channel, "outcomes", channel=hall, **options
        )
        return asked.text

    await promise(winner_role=gold)
    await won(scene.bob)
    assert gold in scene.bob.roles
    # Another role is promised: who has the old one does not keep it.
    await promise(winner_role=silver)
    assert gold not in scene.bob.roles
    await won(scene.bob)
    assert silver in scene.bob.roles
    # A season in which nobody played ends the winner's time, too.
    clock.forward(32 * 86400)
    assert await tell(scene) == 0
    assert silver not in scene.bob.roles
    await won(scene.bob)
    assert silver in scene.bob.roles
    await scene.fake.slash(scene.bob, scene.channel, "opt-out")
    assert silver not in scene.bob.roles
    cem = scene.fake.member(scene.guild, "cem")
    await won(cem)
    assert silver in cem.roles
    assert "no channel any more" in await promise(off=True)
    assert silver not in cem.roles
    # What an admin gave themselves is theirs.
    assert {gold, silver} <= set(scene.ann.roles)


async def test_guess_and_outcome_show_it(scene: Scene) -> None:
    posts = await played(scene, scene.channel, *[f"meme {n}" for n in range(11)])
    (reply,) = scene.fake.replies_to(posts[-1])
    (picture,) = reply.attachments
    assert picture.filename == "chances.png"
    assert "It came to" in (picture.description or "")
    assert "chances.png" in str(reply.embeds)
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    (reply,) = scene.fake.replies_to(post)
    asked = await scene.fake.click(scene.bob, reply, "Low")
    assert asked.response is not None
    (picture,) = asked.response.attachments
    assert "Ten bars" in (picture.description or "")
