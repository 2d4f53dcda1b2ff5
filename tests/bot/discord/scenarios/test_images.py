"""Attachments and titles as they should not be."""

from storage.types import PostState
from tests.bot.discord.scenarios.scene import PNG, SEND, Scene
from tests.fakes.discord.faults import error, stall
from tests.fakes.discord.messages import Upload
from tests.fixtures.images import BAD_IMAGES, REFUSED


async def test_an_attachment_that_is_gone(scene: Scene) -> None:
    scene.fake.on("GET cdn", error(404), times=None)
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.state is PostState.SEEN, "one moment decides nothing"
    for _ in range(6):
        await scene.pass_time(600)
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.state is PostState.REFUSED
    assert scene.fake.replies_to(post) == []


async def test_an_attachment_that_was_gone_for_a_moment(scene: Scene) -> None:
    scene.fake.on("GET cdn", error(404))
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.pass_time(60)
    assert len(scene.fake.replies_to(post)) == 1


async def test_an_attachment_that_stalls_comes_later(scene: Scene) -> None:
    scene.core.downloader._seconds = 0.05
    hook = scene.fake.on("GET cdn", stall())
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await hook.reached.wait()
    await scene.work()
    assert scene.fake.replies_to(post) == []
    scene.core.downloader._seconds = 20
    await scene.pass_time(60)
    assert len(scene.fake.replies_to(post)) == 1


async def test_a_link_that_has_expired_by_then(scene: Scene) -> None:
    scene.fake.on("GET cdn", error(503))
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    await scene.pass_time(25 * 3600)
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.state is PostState.REFUSED


async def test_bad_images_hurt_nobody(scene: Scene) -> None:
    for name, make in sorted(BAD_IMAGES.items()):
        bad = await scene.fake.post_message(scene.channel, scene.ann, attachments=[(name, make())])
        good = await scene.fake.post_message(scene.channel, scene.bob, attachments=[PNG])
        await scene.work()
        replies = len(scene.fake.replies_to(bad)), len(scene.fake.replies_to(good))
        assert replies == (int(name not in REFUSED), 1), name


LIES = (
    Upload(b"<html>not a picture</html>", "cat.png", content_type="image/png"),
    Upload(PNG, "cat.png", content_type="image/png", size=3),
    Upload(PNG, "cat.png", content_type="image/png", size=2**40),
    Upload(PNG, "cat.exe", content_type="image/png"),
    Upload(b"", "cat.png", content_type="image/png"),
    Upload(PNG, "../../etc/passwd.png", content_type="IMAGE/PNG; charset=utf-8"),
)


async def test_lies_about_a_file(scene: Scene) -> None:
    for lie in LIES:
        post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[lie])
        good = await scene.fake.post_message(scene.channel, scene.bob, attachments=[PNG])
        await scene.work()
        assert len(scene.fake.replies_to(good)) == 1, lie
        asked = await scene.fake.menu(scene.bob, post, "Will it play?")
        assert asked.text, lie
        scene.clock.forward(60)


TITLES = (
    "ñ" * 4000,
    "👩‍👩‍👧‍👦" * 400,
    "\u202eevil\u202c \u200b\u200d \ufeff",
    "@everyone <@1> <@&2> [x](https://evil.example) `code` **bold** ||spoiler||",
    "a\x00b\x1b[31mc",
    "\n" * 2000,
    "𝕿𝖍𝖊 " * 1000,
)


async def test_titles_of_any_kind(scene: Scene) -> None:
    for title in TITLES:
        post, reply = await scene.posted(content=title)
        stored = await scene.stored(post)
        assert stored is not None
        assert "\x00" not in stored.title
        assert reply.mentions == []
        assert (reply.allowed_mentions or {}).get("parse") == []


async def test_titles_of_any_kind_in_a_command(scene: Scene) -> None:
    for title in TITLES:
        asked = await scene.fake.slash(
            scene.bob, scene.channel, "predict", image=PNG, title=title[:300]
        )
        assert asked.response is not None
        assert asked.response.embeds, title
        assert "](https://evil" not in asked.text
        assert "**bold**" not in asked.text
        scene.clock.forward(60)


async def test_several_images_are_one_reply(scene: Scene) -> None:
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG] * 10)
    await scene.work()
    assert len(scene.fake.replies_to(post)) == 1


async def test_nobody_answers_bots_and_webhooks(scene: Scene) -> None:
    other = scene.fake.member(scene.guild, "other bot", bot=True)
    await scene.fake.post_message(scene.channel, other, attachments=[PNG])
    await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG], webhook=True)
    await scene.fake.post_message(scene.channel, scene.ann, content="no image")
    await scene.work()
    assert await scene.posts() == 0
    assert scene.fake.asked(SEND) == []


async def test_an_embedded_link_is_an_image(scene: Scene) -> None:
    url = scene.fake.link(PNG)
    post = await scene.fake.post_message(
        scene.channel, scene.ann, content=url, embeds=[scene.fake.picture_embed(url)]
    )
    await scene.work()
    assert len(scene.fake.replies_to(post)) == 1


async def test_a_link_whose_preview_comes_later_is_one_post(scene: Scene) -> None:
    url = scene.fake.link(PNG, "late.png")
    post = await scene.fake.post_message(scene.channel, scene.ann, content=url)
    await scene.fake.edit_message(post, embeds=[scene.fake.picture_embed(url)])
    await scene.work()
    assert len(scene.fake.replies_to(post)) == 1
    assert await scene.posts() == 1
