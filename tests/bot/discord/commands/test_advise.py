"""/advise, and /predict with several pictures, asked by somebody on the loopback Discord."""

from datetime import timedelta

from bot.app import App
from storage.tables import Community
from storage.types import PlatformName
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Upload
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")
OTHER = encode(photo(200, 60), "PNG")


async def test_pictures_and_titles_are_ranked_for_who_asked_alone(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(
        ann, channel, "advise", image=PNG, image2=OTHER, image3=b"no picture", title="*One*",
        title2="@everyone", hour=True,
    )  # fmt: skip
    assert asked.ephemeral
    assert asked.response is not None
    *variants, rest = asked.response.embeds
    assert len(variants) == 4
    assert [each["title"].partition(".")[0] for each in variants] == ["1", "2", "3", "4"]
    assert all(each["thumbnail"]["url"] for each in variants)
    titles = "".join(each["title"] for each in variants)
    assert r"\*One\*" in titles
    assert r"\@everyone" in titles
    assert "Picture 3: " in rest["description"]
    assert "is not known: 0 posts can be compared so far, 20 are needed." in rest["description"]
    assert "Best hour of the next day: <t:" in rest["description"]


async def test_a_spoiler_is_not_shown(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(
        ann, channel, "advise", image=Upload(PNG, "SPOILER_a.png"), image2=OTHER
    )
    assert asked.response is not None
    shown = ["thumbnail" in each for each in asked.response.embeds[:2]]
    assert sorted(shown) == [False, True]


async def test_too_many_variants_are_refused(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    pictures = {f"image{number}": PNG for number in range(2, 6)}
    asked = await fake.slash(
        ann, channel, "advise", image=PNG, title="a", title2="b", title3="c", **pictures
    )
    assert asked.response is not None
    assert "5 pictures with 3 titles are more than the 10" in asked.response.content


async def test_only_channels_that_who_asks_can_see_are_compared(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bot: CommandBot,
    clock: FakeClock,
) -> None:  # fmt: skip
    async with app.core.database.write() as session:
        for source_id in (str(channel.id), "123456789"):
            session.add(
                Community(
                    platform=PlatformName.DISCORD, source_id=source_id, name="#memes",
                    created_at=clock() - timedelta(days=1), options={"guild": str(guild.id)},
                )
            )  # fmt: skip
    asked = await fake.slash(ann, channel, "advise", image=PNG, channels=True)
    assert asked.response is not None
    words = asked.response.embeds[-1]["description"]
    assert f"<#{channel.id}> – beats" in words
    assert "123456789" not in words


async def test_predict_ranks_several_pictures(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "predict", image=PNG, image2=OTHER, title="One")
    assert not asked.ephemeral
    assert asked.response is not None
    assert [each["title"].partition(".")[0] for each in asked.response.embeds[:2]] == ["1", "2"]
