"""Chapters of the story on Discord: other places, other ways of asking, and a season's end."""

from datetime import UTC, datetime

from benchmarks.discord_village import DAY, HOUR, MINUTE, Story, Village, said
from bot.simulation.draw import draw
from bot.simulation.memes import Meme, Palette, Scene
from tests.fakes.discord import Member, Message, Upload
from tests.fakes.discord.world import FORUM, Channel


async def tell_places(story: Story, village: Village, admin: Member) -> None:
    """A forum, a forwarded message, and the overview of all channels."""
    fake, channel = story.fake, village.channel
    dan, eve = village.people[3:5]

    story.chapter("A forum")
    forum = fake.channel(village.guild, "showcase", kind=FORUM)
    await fake.settle(within=120)
    asked = await fake.slash(admin, channel, "watch", channel=forum)
    story.quote(
        admin.name, f"`/watch channel: #{forum.name}`", said(asked), asked.acknowledged_after
    )
    picture = as_file(village.meme(Scene.CAT, Palette.WARM))
    begun = await fake.begin_thread(forum, dan, "my first one", attachments=[picture])
    reply = await village.reply_to(begun)
    story.show("forum", "The beginning of a thread, and the reply in it", [begun, reply])

    story.chapter("A forward")
    passed_on = await fake.forward(channel, eve, begun)
    reply = await village.reply_to(passed_on)
    story.show("forward", "A forwarded picture, and the reply to it", [passed_on, reply])

    story.chapter("All channels at a glance")
    asked = await fake.slash(admin, channel, "channels")
    story.show("channels", "/channels: what is watched, and the last post", [asked.response])


async def tell_asking(story: Story, village: Village) -> None:
    """Several pictures at once, a mention, and a direct message."""
    fake, channel = story.fake, village.channel
    bob, finn = village.people[1], village.people[5]

    story.chapter("Which of three?")
    scenes = (Scene.CHART, Scene.CAT, Scene.FOOD)
    ideas = [as_file(village.meme(scene, Palette.NEON), f"{scene.value}.jpg") for scene in scenes]
    asked = await fake.slash(
        bob, channel, "predict", image=ideas[0], image2=ideas[1], image3=ideas[2]
    )
    story.quote(
        bob.name, "`/predict image: chart.jpg image2: cat.jpg image3: food.jpg`", "",
        asked.acknowledged_after,
    )  # fmt: skip
    story.show("several", "/predict with three pictures", [asked.response])

    story.chapter("Ask by a direct message")
    letter = await fake.post_message(
        fake.dm(finn), finn.user, attachments=[as_file(village.meme(Scene.FACE))]
    )
    reply = await village.reply_to(letter)
    story.show("direct", "A picture sent to Peoria, and its answer", [letter, reply])


async def promise_role(story: Story, village: Village, results: Channel, admin: Member) -> None:
    """Outcomes are told in a channel, and the best of the season is to have a role."""
    fake, channel = story.fake, village.channel
    bob, lea = village.people[1], village.people[-1]

    story.chapter("Outcomes, and a role for the best")
    # A role of the server that Peoria may give: its own stands above it.
    role = fake.grant(lea)
    role.name = "Oracle"
    guild = village.guild
    fake.grant(guild.members[fake.bot.id], manage_roles=True)
    fake.grant(admin, manage_roles=True)
    await fake.settle(within=120)
    asked = await fake.slash(admin, channel, "outcomes", channel=results, winner_role=role)
    story.quote(
        admin.name, f"`/outcomes channel: #{results.name} winner_role: @{role.name}`",
        said(asked), asked.acknowledged_after,
    )  # fmt: skip
    asked = await fake.slash(bob, channel, "tell-me")
    story.quote(bob.name, "`/tell-me`", said(asked), asked.acknowledged_after)


async def tell_outcomes(story: Story, village: Village, results: Channel) -> None:
    """What was told of the last posts, in the channel and to one person."""
    fake, bob = story.fake, village.people[1]
    # Direct messages come every quarter of an hour at most.
    await village.pass_time(20 * MINUTE, step=10 * MINUTE)
    story.tell(f"In #{results.name}, and to bob by direct message:")
    own = [each for each in fake.messages(fake.dm(bob)) if each.embeds]
    told: list[Message] = [*fake.messages(results)[-1:], *own[-1:]]
    story.show("outcomes", "What became of the posts", told)


async def end_season(story: Story, village: Village, results: Channel, admin: Member) -> None:
    """The month ends: its best forecasters are named, and one has the role."""
    story.chapter("The season ends")
    now = story.clock()
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, 2, tzinfo=UTC)
    await village.pass_time((following - now).total_seconds() - HOUR, step=DAY / 4)
    await village.pass_time(2 * HOUR, step=10 * MINUTE)
    fake = story.fake
    story.show("season", "The best of the season", fake.messages(results)[-1:])
    winner = next(
        each for each in village.people[:-1] if any(r.name == "Oracle" for r in each.roles)
    )
    story.tell(f"{winner.name} has the role @Oracle now.")

    story.chapter("Who changed what")
    asked = await fake.slash(admin, village.channel, "audit")
    story.quote(admin.name, "`/audit`", said(asked), asked.acknowledged_after)


def as_file(meme: Meme, name: str = "meme.jpg") -> Upload:
    """What somebody uploads."""
    return Upload(draw(meme), name)
