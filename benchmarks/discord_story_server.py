"""Chapters of the story on Discord: what a server sets up, and pictures that come in other ways."""

from benchmarks.discord_story_places import as_file
from benchmarks.discord_village import DAY, HOUR, Story, Village, said
from bot.simulation.draw import draw
from bot.simulation.memes import Palette, Scene
from tests.fakes.discord import Member
from tests.fakes.discord.people import as_upload
from tests.fakes.discord.world import CATEGORY

PLURALKIT = 466378653216014359


async def tell_import(story: Story, village: Village, admin: Member) -> None:
    """A channel with a past."""
    fake, channel = story.fake, village.channel
    story.chapter("The past of a channel")
    old = fake.channel(village.guild, "old-memes")
    await fake.settle(within=120)
    for number in range(6):
        meme = village.meme()
        author = village.people[number]
        upload = as_upload(draw(meme))
        post = await fake.post_message(old, author, content=meme.caption, attachments=[upload])
        for person in village.people[number + 1 : 2 * number + 2]:
            fake.add_reaction(post, person, "⬆️")
    await village.pass_time(2 * DAY, step=2 * HOUR)
    asked = await fake.slash(admin, old, "watch")
    asked = await fake.slash(admin, channel, "import", channel=old, days=7)
    story.quote(
        admin.name, f"`/watch` in #{old.name}, and `/import channel: #{old.name} days: 7`",
        said(asked), asked.acknowledged_after,
    )  # fmt: skip
    before = len(fake.messages(channel))
    await village.take_up_imports()
    story.show("import", "What was imported", fake.messages(channel)[before - 1 :][-1:])


async def tell_category(story: Story, village: Village, admin: Member) -> None:
    """A template, and a category whose channels are watched as they come."""
    fake, channel = story.fake, village.channel
    gus = village.people[6]

    story.chapter("A template, and a category")
    asked = await fake.slash(admin, channel, "settings", template=True, autostar=True)
    story.quote(
        admin.name, "`/settings template: True autostar: True`",
        _lines(said(asked), "vote emoji", "watched later"),
        asked.acknowledged_after,
    )  # fmt: skip
    category = fake.channel(village.guild, "Art", kind=CATEGORY)
    fake.channel(village.guild, "sketches", category=category)
    await fake.settle(within=120)
    asked = await fake.slash(admin, channel, "watch", channel=category)
    story.quote(
        admin.name, "`/watch channel: Art`, a category", said(asked), asked.acknowledged_after
    )
    paintings = fake.channel(village.guild, "paintings", category=category)
    await fake.settle(within=120)
    story.tell("Somebody makes #paintings in it, which is watched from its first picture on:")
    picture = as_file(village.meme(Scene.FACE, Palette.NEON))
    post = await fake.post_message(paintings, gus, content="my cousin", attachments=[picture])
    reply = await village.reply_to(post)
    await fake.settle(within=120)
    story.show("category", "A post in a new channel, with two votes to begin with", [post, reply])


async def tell_other_pictures(story: Story, village: Village, admin: Member) -> None:
    """A GIF, a sticker, and a message that a proxy posts anew."""
    fake, channel = story.fake, village.channel
    hana, ivo, juno = village.people[7:10]

    story.chapter("A GIF and a sticker")
    asked = await fake.slash(admin, channel, "settings", stickers=True, proxied=True)
    story.quote(
        admin.name, "`/settings stickers: True proxied: True`",
        _lines(said(asked), "Stickers", "PluralKit"),
        asked.acknowledged_after,
    )  # fmt: skip
    frame = draw(village.meme(Scene.CAT, Palette.NEON))
    copy = fake.link(frame, "frame.jpg")
    link = "https://tenor.com/view/dancing-cat-1"
    gif = await fake.post_message(
        channel, hana, content=link,
        embeds=[{
            "type": "gifv", "url": link,
            "thumbnail": {"url": copy, "proxy_url": copy, "width": 480, "height": 360},
            "video": {"url": f"{link}.mp4", "width": 480, "height": 360},
        }],
    )  # fmt: skip
    of_gif = await village.reply_to(gif)
    fake.link(draw(village.meme(Scene.FACE, Palette.WARM)), "stickers/7.png")
    sticker = await fake.post_message(
        channel, ivo, stickers=[{"id": "7", "name": "wave", "format_type": 1}]
    )
    of_sticker = await village.reply_to(sticker)
    story.show("gif", "A GIF and a sticker, and the replies", [gif, of_gif, sticker, of_sticker])

    story.chapter("A proxied message")
    picture = as_file(village.meme(Scene.FOOD, Palette.WARM))
    typed = await fake.post_message(channel, juno, content="r: soup again", attachments=[picture])
    await fake.delete_message(typed)
    rose = fake.user("Rose")
    anew = await fake.post_message(
        channel, rose, content="soup again", attachments=[picture], webhook=True,
        application_id=PLURALKIT,
    )  # fmt: skip
    reply = await village.reply_to(anew)
    story.tell(
        "juno writes by PluralKit, which takes the message away and posts it as Rose. Of juno's"
        " nothing is kept; the post is nobody's."
    )
    story.show("proxied", "What PluralKit posted, and the reply", [anew, reply])


async def tell_mention(story: Story, village: Village) -> None:
    """Somebody asks about another's picture where nothing is watched."""
    fake = story.fake
    kim, finn = village.people[10], village.people[5]
    story.chapter("Ask by a mention")
    picture = as_file(village.meme(Scene.CHART, Palette.WARM))
    shown = await fake.post_message(village.told, finn, content="look", attachments=[picture])
    await fake.settle(within=120)
    asking = await fake.post_message(
        village.told, kim, content=f"<@{fake.bot.id}> and this?", reply_to=shown
    )
    reply = await village.reply_to(asking)
    story.tell(f"#{village.told.name} is not watched; whoever mentions Peoria has an answer.")
    story.show("mention", "A mention in reply to a picture, and the answer", [shown, asking, reply])


async def tell_rules(story: Story, village: Village, admin: Member) -> None:
    """Whose pictures count, and who may say so."""
    fake, channel = story.fake, village.channel
    dan, lea = village.people[3], village.people[-1]

    story.chapter("Whose pictures are posts")
    asked = await fake.slash(admin, channel, "posters", ignore=dan, posts_per_day=5)
    story.quote(
        admin.name, "`/posters ignore: @dan posts_per_day: 5`", said(asked),
        asked.acknowledged_after,
    )  # fmt: skip
    asked = await fake.slash(admin, channel, "posters", clear=True)
    story.quote(admin.name, "`/posters clear: True`", said(asked), asked.acknowledged_after)

    story.chapter("Managers")
    helpers = fake.grant(lea)
    helpers.name = "Helpers"
    asked = await fake.slash(admin, channel, "managers", add=helpers)
    story.quote(admin.name, "`/managers add: @Helpers`", said(asked), asked.acknowledged_after)
    asked = await fake.slash(lea, channel, "manage settings", quiet_hours="23:00-06:00")
    story.quote(
        lea.name, "`/manage settings quiet_hours: 23:00-06:00`", _lines(said(asked), "uiet"),
        asked.acknowledged_after,
    )  # fmt: skip
    await fake.slash(admin, channel, "settings", quiet_hours="off")


async def tell_model_here(story: Story, village: Village, admin: Member, version: str) -> None:
    """Another version serves this server alone."""
    fake, channel = story.fake, village.channel
    story.chapter("A version for this server")
    asked = await fake.slash(admin, channel, "model here", version=version, keep_labels=True)
    story.quote(
        admin.name, f"`/model here version: {version} keep_labels: True`", said(asked),
        asked.acknowledged_after,
    )  # fmt: skip
    asked = await fake.slash(admin, channel, "model here", champion=True, keep_labels=False)
    story.quote(
        admin.name, "`/model here champion: True keep_labels: False`", said(asked),
        asked.acknowledged_after,
    )  # fmt: skip


def _lines(text: str, *words: str) -> str:
    """The lines with one of these words in them."""
    found = (line for line in text.splitlines() if any(word in line for word in words))
    return "\n".join(found)
