"""Two hundred images in one second."""

from tests.bot.discord.scenarios.scene import PNG, Scene
from tests.fixtures.images import encode, photo


async def test_posts_of_the_same_moment_are_each_answered(scene: Scene) -> None:
    # Their ids differ in the last digit only.
    posts = [
        await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG]) for _ in range(9)
    ]
    await scene.work()
    assert [len(scene.fake.replies_to(post)) for post in posts] == [1] * 9


async def test_two_hundred_images_at_once(scene: Scene) -> None:
    scene.fake.validate_late = True
    channels = [scene.channel] + [scene.fake.channel(scene.guild, f"c{n}") for n in range(9)]
    for channel in channels[1:]:
        await scene.watch(channel)
    small = encode(photo().resize((48, 48)), "PNG")
    posts = [
        await scene.fake.post_message(channels[n % 10], scene.ann, attachments=[small])
        for n in range(200)
    ]
    asked = [await scene.fake.slash(scene.bob, scene.channel, "help", wait=False) for _ in range(3)]
    await scene.fake.until(lambda: all(scene.fake.replies_to(each) for each in posts), within=120)
    await scene.work()
    assert {len(scene.fake.replies_to(each)) for each in posts} == {1}
    assert await scene.posts() == 200
    assert [each.callback is None for each in asked] == [False] * 3
