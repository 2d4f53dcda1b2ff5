"""Attachments and titles as they should not be."""

from storage.types import PostState
from tests.bot.discord.scenarios.stage import PNG, SEND, Stage
from tests.fakes.discord_faults import error, stall
from tests.fakes.discord_world import Upload
from tests.fixtures.images import BAD_IMAGES, REFUSED


async def test_an_attachment_that_is_gone(stage: Stage) -> None:
    stage.fake.on("GET cdn", error(404), times=None)
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    stored = await stage.stored(post)
    assert stored is not None
    assert stored.state is PostState.REFUSED
    assert stage.fake.replies_to(post) == []


async def test_an_attachment_that_stalls_comes_later(stage: Stage) -> None:
    stage.core.downloader._seconds = 0.05
    hook = stage.fake.on("GET cdn", stall())
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await hook.reached.wait()
    await stage.work()
    assert stage.fake.replies_to(post) == []
    stage.core.downloader._seconds = 20
    await stage.pass_time(60)
    assert len(stage.fake.replies_to(post)) == 1


async def test_a_link_that_has_expired_by_then(stage: Stage) -> None:
    stage.fake.on("GET cdn", error(503))
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    await stage.pass_time(25 * 3600)
    stored = await stage.stored(post)
    assert stored is not None
    assert stored.state is PostState.REFUSED


async def test_bad_images_hurt_nobody(stage: Stage) -> None:
    for name, make in sorted(BAD_IMAGES.items()):
        bad = await stage.fake.post_message(stage.channel, stage.ann, attachments=[(name, make())])
        good = await stage.fake.post_message(stage.channel, stage.bob, attachments=[PNG])
        await stage.work()
        replies = len(stage.fake.replies_to(bad)), len(stage.fake.replies_to(good))
        assert replies == (int(name not in REFUSED), 1), name


LIES = (
    Upload(b"<html>not a picture</html>", "cat.png", content_type="image/png"),
    Upload(PNG, "cat.png", content_type="image/png", size=3),
    Upload(PNG, "cat.png", content_type="image/png", size=2**40),
    Upload(PNG, "cat.exe", content_type="image/png"),
    Upload(b"", "cat.png", content_type="image/png"),
    Upload(PNG, "../../etc/passwd.png", content_type="IMAGE/PNG; charset=utf-8"),
)


async def test_lies_about_a_file(stage: Stage) -> None:
    for lie in LIES:
        post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[lie])
        good = await stage.fake.post_message(stage.channel, stage.bob, attachments=[PNG])
        await stage.work()
        assert len(stage.fake.replies_to(good)) == 1, lie
        asked = await stage.fake.menu(stage.bob, post, "Will it play?")
        assert asked.text, lie
        stage.clock.forward(60)


TITLES = (
    "ñ" * 4000,
    "👩‍👩‍👧‍👦" * 400,
    "\u202eevil\u202c \u200b\u200d \ufeff",
    "@everyone <@1> <@&2> [x](https://evil.example) `code` **bold** ||spoiler||",
    "a\x00b\x1b[31mc",
    "\n" * 2000,
    "𝕿𝖍𝖊 " * 1000,
)


async def test_titles_of_any_kind(stage: Stage) -> None:
    for title in TITLES:
        post, reply = await stage.posted(content=title)
        stored = await stage.stored(post)
        assert stored is not None
        assert "\x00" not in stored.title
        assert reply.mentions == []
        assert (reply.allowed_mentions or {}).get("parse") == []


async def test_titles_of_any_kind_in_a_command(stage: Stage) -> None:
    for title in TITLES:
        asked = await stage.fake.slash(
            stage.bob, stage.channel, "predict", image=PNG, title=title[:300]
        )
        assert asked.response is not None
        assert asked.response.embeds, title
        assert "](https://evil" not in asked.text
        assert "**bold**" not in asked.text
        stage.clock.forward(60)


async def test_several_images_are_one_reply(stage: Stage) -> None:
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG] * 10)
    await stage.work()
    assert len(stage.fake.replies_to(post)) == 1


async def test_nobody_answers_bots_and_webhooks(stage: Stage) -> None:
    other = stage.fake.member(stage.guild, "other bot", bot=True)
    await stage.fake.post_message(stage.channel, other, attachments=[PNG])
    await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG], webhook=True)
    await stage.fake.post_message(stage.channel, stage.ann, content="no image")
    await stage.work()
    assert await stage.posts() == 0
    assert stage.fake.asked(SEND) == []


async def test_an_embedded_link_is_an_image(stage: Stage) -> None:
    url = stage.fake.link(PNG)
    post = await stage.fake.post_message(
        stage.channel, stage.ann, content=url, embeds=[stage.fake.picture_embed(url)]
    )
    await stage.work()
    assert len(stage.fake.replies_to(post)) == 1


async def test_a_link_whose_preview_comes_later_is_one_post(stage: Stage) -> None:
    url = stage.fake.link(PNG, "late.png")
    post = await stage.fake.post_message(stage.channel, stage.ann, content=url)
    await stage.fake.edit_message(post, embeds=[stage.fake.picture_embed(url)])
    await stage.work()
    assert len(stage.fake.replies_to(post)) == 1
    assert await stage.posts() == 1
