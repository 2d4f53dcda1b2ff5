from bot.app import App
from bot.web.platform import WebPlatform
from storage.tables import Post
from tests.fakes.visitor import Visitor


async def genre_of(app: App, post_id: int) -> str | None:
    async with app.core.database.read() as session:
        return (await session.get_one(Post, post_id)).genre


async def say(visitor: Visitor, post_id: int, genre: str) -> int:
    async with visitor.send(f"/posts/{post_id}/genre", {"value": genre}) as answer:
        return answer.status


async def test_its_author_says_what_it_is(
    app: App, ann: Visitor, bob: Visitor, post_id: int
) -> None:
    assert "Say so" in (await ann.page(f"/posts/{post_id}"))[1]
    assert "Say so" not in (await bob.page(f"/posts/{post_id}"))[1]
    assert await say(bob, post_id, "political") == 403
    assert await say(ann, post_id, "nonsense") == 400
    assert await say(ann, 999, "political") == 404
    assert await genre_of(app, post_id) is None
    assert await say(ann, post_id, "political") == 303
    await app.jobs.read_attributes()
    assert await genre_of(app, post_id) == "political"
    _, page = await ann.page(f"/posts/{post_id}")
    assert "Looks like: political" in page
    assert '<option value="political" selected>' in page


async def test_the_admin_says_what_it_is(
    app: App, board: WebPlatform, bob: Visitor, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    assert "Say so" in (await bob.page(f"/posts/{post_id}"))[1]
    assert await say(bob, post_id, "rage comic") == 303
    assert await genre_of(app, post_id) == "rage_comic"
