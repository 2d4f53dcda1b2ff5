"""Two hundred images in one second."""

from tests.bot.discord.scenarios.stage import PNG, Stage
from tests.fixtures.images import encode, photo


async def test_posts_of_the_same_moment_are_each_answered(stage: Stage) -> None:
    # Their ids differ in the last digit only.
    posts = [
        await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG]) for _ in range(9)
    ]
    await stage.work()
    assert [len(stage.fake.replies_to(post)) for post in posts] == [1] * 9


async def test_two_hundred_images_at_once(stage: Stage) -> None:
    stage.fake.validate_late = True
    channels = [stage.channel] + [stage.fake.channel(stage.guild, f"c{n}") for n in range(9)]
    for channel in channels[1:]:
        await stage.watch(channel)
    small = encode(photo().resize((48, 48)), "PNG")
    posts = [
        await stage.fake.post_message(channels[n % 10], stage.ann, attachments=[small])
        for n in range(200)
    ]
    asked = [await stage.fake.slash(stage.bob, stage.channel, "help", wait=False) for _ in range(3)]
    await stage.fake.until(lambda: all(stage.fake.replies_to(each) for each in posts), within=120)
    await stage.work()
    assert {len(stage.fake.replies_to(each)) for each in posts} == {1}
    assert await stage.posts() == 200
    assert [each.callback is None for each in asked] == [False] * 3
