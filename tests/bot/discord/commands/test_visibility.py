"""What a person cannot see themselves is in no answer: no name, no title, no link."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.platform import CommunityRef, IncomingPost
from storage.tables import ModelVersion, Standing
from storage.types import ForecasterKind, PlatformName
from tests.bot.discord.command_bot import CommandBot
from tests.bot.discord.commands.test_boards import SEASON, community, scored_post
from tests.fakes.discord import Channel, FakeDiscord, Guild, Interaction, Member
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")

#: Every way in which a command may show something of other channels.
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        ("leaderboard", {"board": board, "where": where, "season": season})
        for board in ("forecasters", "models", "channels", "posts")
        for where in ("here", "everywhere")
        for season in ("", "all")
    ),
    ("stats", {"where": "here"}),
    ("stats", {"where": "everywhere"}),
    ("me", {}),
    ("help", {}),
    ("about", {}),
    ("privacy", {}),
    ("export-me", {}),
)


@dataclass(frozen=True)
class Place:
    """A server with an open channel, and one whose posts are nobody else's business."""

    open: Channel
    hidden: Channel


async def put_on_boards(app: App, guild: Guild, channel: Channel, number: int) -> None:
    """A channel that is on the boards, with a post."""
    where = await community(app, channel, guild.id, f"#{channel.name}")
    async with app.core.database.write() as session:
        version = (await session.scalars(select(ModelVersion.id))).one()
        for season in (SEASON, "all"):
            session.add(
                Standing(
                    season=season, community_id=where, kind=ForecasterKind.MODEL,
                    forecaster_id=version, n=20, hits=10, expected_hits=6.0, points=1.0,
                    points_squared=1.0, streak=0, best_streak=0, updated_at=app.core.clock(),
                    rps_sum=1.0, base_rps_sum=2.0,
                )
            )  # fmt: skip
    await scored_post(app, where, number, number, f"post of {channel.name}")


@pytest.fixture
async def place(app: App, fake: FakeDiscord, guild: Guild, channel: Channel) -> Place:
    hidden = fake.channel(guild, "hush-hush")
    await put_on_boards(app, guild, channel, 1)
    await put_on_boards(app, guild, hidden, 2)
    return Place(channel, hidden)


def everything(asked: Interaction) -> str:
    """The whole of what was said, as it was sent, files included."""
    said = []
    for message in asked.messages:
        said.append(json.dumps([message.content, message.embeds, message.components]))
        said += [each.data.decode("latin-1") for each in message.attachments]
    return "\n".join(said) + json.dumps(asked.edits)


@pytest.mark.parametrize(("name", "options"), ASKED)
async def test_no_answer_names_a_channel_that_not_everybody_here_can_see(
    fake: FakeDiscord, guild: Guild, place: Place, ann: Member, admin: Member, bot: CommandBot,
    name: str, options: dict[str, Any],
) -> None:  # fmt: skip
    fake.permit(place.hidden, guild.everybody, view_channel=False)
    await fake.settle()
    # Who may see everything asks in public, too, and others read the answer.
    for person in (ann, admin, guild.members[guild.owner.id]):
        asked = await fake.slash(person, place.open, name, **options)
        assert "hush" not in everything(asked)
        assert "discord.test/2" not in everything(asked)


async def test_neither_predictions_nor_models_nor_what_is_offered_name_it(
    fake: FakeDiscord, guild: Guild, place: Place, ann: Member, admin: Member, bot: CommandBot
) -> None:
    fake.permit(place.hidden, guild.everybody, view_channel=False)
    await fake.settle()
    message = await fake.post_message(place.open, ann, attachments=[PNG])
    said = [
        everything(each)
        for each in (
            await fake.slash(ann, place.open, "predict", image=PNG),
            await fake.menu(ann, message, "Will it play?"),
            await fake.slash(admin, place.open, "model versions"),
            await fake.slash(admin, place.open, "settings"),
        )
    ]
    for name, option, person in (
        ("leaderboard", "season", ann),
        ("model promote", "version", admin),
        ("settings", "time_zone", admin),
    ):
        said.append(json.dumps(await fake.autocomplete(person, place.open, name, option, "h")))
    assert "hush" not in "\n".join(said)


async def test_the_export_names_no_channel_that_its_person_cannot_see(
    app: App, fake: FakeDiscord, guild: Guild, place: Place, ann: Member, bot: CommandBot
) -> None:
    for number, channel in ((90, place.open), (91, place.hidden)):
        incoming = IncomingPost(
            community=CommunityRef(str(channel.id), channel.name), source_id=str(number),
            author=str(ann.id), title=f"mine {number}", posted_at=app.core.clock(), images=[PNG],
        )  # fmt: skip
        assert await app.pipeline.accept(PlatformName.DISCORD, incoming)
    dm = fake.dm(ann)
    assert "hush" in everything(await fake.slash(ann, dm, "export-me"))
    fake.permit(place.hidden, guild.everybody, view_channel=False)
    await fake.settle()
    for where in (place.open, dm):
        said = everything(await fake.slash(ann, where, "export-me"))
        assert "hush" not in said
        assert "mine 91" in said, "what is theirs they get all the same"
        assert f"#{place.open.name}" in said


async def test_what_everybody_sees_is_shown(
    fake: FakeDiscord, place: Place, ann: Member, bot: CommandBot
) -> None:
    for board, shown in (("channels", r"hush\-hush"), ("posts", "discord.test/2")):
        asked = await fake.slash(ann, place.open, "leaderboard", board=board, where="everywhere")
        assert shown in asked.text


async def test_one_who_is_shut_out_is_enough(
    fake: FakeDiscord, place: Place, ann: Member, bob: Member, bot: CommandBot
) -> None:
    fake.permit(place.hidden, bob, view_channel=False)
    await fake.settle()
    asked = await fake.slash(ann, place.open, "leaderboard", board="posts", where="everywhere")
    assert "discord.test/1" in everything(asked)
    assert "discord.test/2" not in everything(asked)


async def test_in_the_channel_itself_and_where_the_same_people_are_it_is_shown(
    fake: FakeDiscord, guild: Guild, place: Place, admin: Member, bot: CommandBot
) -> None:
    staff = fake.channel(guild, "staff")
    for channel in (place.hidden, staff):
        fake.permit(channel, guild.everybody, view_channel=False)
        fake.permit(channel, admin.roles[0], view_channel=True)
        fake.permit(channel, guild.members[fake.bot.id], view_channel=True)
    await fake.settle()
    for where in (place.hidden, staff):
        asked = await fake.slash(admin, where, "leaderboard", board="posts", where="everywhere")
        assert "discord.test/2" in everything(asked)
    asked = await fake.slash(admin, place.open, "leaderboard", board="posts", where="everywhere")
    assert "discord.test/2" not in everything(asked)


async def test_history_that_cannot_be_read_is_not_told(
    fake: FakeDiscord, guild: Guild, place: Place, ann: Member, bot: CommandBot
) -> None:
    fake.permit(place.hidden, guild.everybody, read_message_history=False)
    await fake.settle()
    asked = await fake.slash(ann, place.open, "leaderboard", board="posts", where="everywhere")
    assert "discord.test/2" not in everything(asked)


async def test_age_restricted_stays_within_age_restricted_channels(
    app: App, fake: FakeDiscord, guild: Guild, place: Place, ann: Member, bot: CommandBot
) -> None:
    adult, other = fake.channel(guild, "adult", nsfw=True), fake.channel(guild, "dim", nsfw=True)
    await put_on_boards(app, guild, adult, 3)
    await fake.settle()
    asked = await fake.slash(ann, place.open, "leaderboard", board="posts", where="everywhere")
    assert "discord.test/3" not in everything(asked)
    asked = await fake.slash(ann, other, "leaderboard", board="posts", where="everywhere")
    assert "discord.test/3" in everything(asked)


async def test_a_page_is_turned_by_what_may_be_seen_now(
    app: App, fake: FakeDiscord, guild: Guild, place: Place, ann: Member, bot: CommandBot
) -> None:
    hidden = await community(app, fake.channel(guild, "third"), guild.id, "#third")
    for number in range(10, 25):
        await scored_post(app, hidden, number, -number, "of the third")
    await fake.settle()
    asked = await fake.slash(ann, place.open, "leaderboard", board="posts", where="everywhere")
    assert asked.response is not None
    fake.permit(place.hidden, guild.everybody, view_channel=False)
    await fake.settle()
    await fake.click(ann, asked.response, "Next")
    await fake.settle()
    await fake.click(ann, asked.response, "Previous")
    await fake.settle()
    assert "discord.test/2)" not in asked.response.text
    assert "discord.test/1)" in asked.response.text
