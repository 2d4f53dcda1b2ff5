import re
from datetime import timedelta

from sqlalchemy import select

from bot.app import App
from bot.networks.network import ASKED
from bot.servers import find_server, has_own_head
from bot.web.browse import Sort
from bot.web.feed import PAGE
from bot.web.platform import WebPlatform
from storage.tables import (
    Author,
    Community,
    HistoryImport,
    Image,
    Label,
    ModelVersion,
    Post,
    PostImage,
    Prediction,
)
from storage.types import Bucket, PlatformName, PostOrigin, PostState
from tests.bot.web.test_feed import ids_on
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import LATER, MOMENT, row

#: Posts of the community r/test: more than two pages.
COUNT = 2 * PAGE + 3


async def store(
    app: App, platform: PlatformName = PlatformName.REDDIT, *, count: int = COUNT
) -> None:
    """A community with labelled posts: the score of post 101 is 1, of 102 2, and so on."""
    async with app.core.database.write() as session:
        session.add(row(Community, id=50, platform=platform, source_id="t", name="r/test"))
        session.add(row(Author, id=50, platform=platform))
        session.add(row(ModelVersion))
        await session.flush()
        for number in range(1, count + 1):
            post_id = 100 + number
            session.add(
                row(
                    Post, id=post_id, community_id=50, platform=platform, source_id=f"p{number}",
                    author_id=50, title=f"Cat number {number}", state=PostState.SETTLING,
                    origin=PostOrigin.IMPORTED, due_at=None,
                    posted_at=MOMENT + timedelta(days=number),
                )
            )  # fmt: skip
            session.add(
                row(
                    Image, id=post_id, sha256=f"{number:064x}",
                    genre="political" if number == 4 else "text_post",
                    text="words in the picture" if number == 7 else "",
                )
            )  # fmt: skip
            await session.flush()
            session.add(row(PostImage, post_id=post_id, image_id=post_id))
            session.add(
                row(
                    Label, post_id=post_id, community_id=50, score=float(number),
                    bucket=Bucket.LOW, rps=number / 100, log_score=5 - number / 100,
                    matured_at=LATER, written_at=LATER + timedelta(seconds=number),
                )
            )  # fmt: skip
        if count >= 5:
            session.add(row(Prediction, id=1, post_id=105, image_id=105))


async def test_an_import_is_seen_on_an_empty_board(ann: Visitor, app: App) -> None:
    await store(app)
    _, page = await ann.page("/")
    assert "The stage is empty" not in page
    assert 'href="/communities/50"' in page
    _, page = await ann.page("/communities")
    assert f"{COUNT} posts" in page
    status, page = await ann.page("/posts/107")
    assert status == 200
    assert "Cat number 7" in page
    assert '/vote"' not in page
    for path in ("/stats?community=50", "/league?community=50"):
        status, page = await ann.page(path)
        assert status == 200
        assert "r/test" in page


async def test_every_order_shows_every_post_once(ann: Visitor, app: App) -> None:
    await store(app)
    ids = [*range(101, 101 + COUNT)]
    for sort in Sort:
        seen: list[int] = []
        path: str | None = f"/communities/50?sort={sort}"
        while path:
            _, page = await ann.page(path)
            seen += ids_on(page)
            path = _next(page)
        assert seen == (ids if sort in (Sort.BEST, Sort.SURPRISING) else ids[::-1]), sort


async def test_what_is_looked_for_is_found(ann: Visitor, app: App) -> None:
    await store(app)
    for query, expected in (
        ("q=number+5", [105]),
        ("q=NUMBER+5", [105]),
        ("q=picture", [107]),
        ("q=cat+picture", [107]),
        ("q=%22picture+words%22", []),
        ("q=pict*", [107]),
        ("q=dog", []),
        ("genre=political", [104]),
        ("version=v1", [105]),
        ("since=2026-03-03&until=2026-03-04", [103, 102]),
        ("q=cat&since=2026-03-04&until=2026-03-05&sort=best", [103, 104]),
        ("by=me", []),
        ("open=1", []),
    ):
        assert ids_on((await ann.page(f"/communities/50?{query}"))[1]) == expected, query
        if "q=" in query:
            assert ids_on((await ann.page(f"/search?{query}"))[1]) == expected, query


async def test_only_the_own_posts(ann: Visitor, bob: Visitor, post_id: int) -> None:
    await bob.post(title="Of somebody else")
    assert ids_on((await ann.page("/search?by=me"))[1]) == [post_id]
    assert ids_on((await ann.page("/search?by=me&q=title&sort=top"))[1]) == []
    await bob.post(title="A title of somebody else")
    assert ids_on((await ann.page("/search?by=me&q=title"))[1]) == [post_id]


async def test_the_posts_of_somebody_who_shows_their_page(
    ann: Visitor, bob: Visitor, post_id: int
) -> None:
    await bob.post(title="Of somebody else")
    async with ann.send("/me", {"wish": "show"}) as answer:
        assert answer.status == 303
    (name,) = set(re.findall(r"/people/([0-9a-f]{12})", (await ann.page("/me"))[1]))
    assert f'href="/search?by={name}"' in (await bob.page(f"/people/{name}"))[1]
    for path in ("/search", "/communities/1"):
        assert ids_on((await bob.page(f"{path}?by={name}"))[1]) == [post_id]
    async with ann.send("/me", {"wish": "hide"}) as answer:
        assert answer.status == 303
    assert ids_on((await bob.page(f"/search?by={name}"))[1]) == []
    assert ids_on((await ann.page(f"/search?by={name}"))[1]) == [post_id], "their own"


async def test_a_guess_is_made_where_a_post_was_posted(ann: Visitor, app: App) -> None:
    await store(app)
    async with ann.send("/posts/107/guess", {"value": "high"}, json=True) as answer:
        assert answer.status == 403
    assert (await ann.vote(107, 1))[0] == 404


async def test_the_admin_shows_a_channel_and_sets_it(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform
) -> None:
    await store(app, PlatformName.DISCORD)
    assert (await ann.page("/communities/50"))[0] == 404
    assert (await ann.page("/communities/50/settings"))[0] == 403
    async with ann.send("/communities/50/settings", {"on_site": "yes"}) as answer:
        assert answer.status == 403
    await bob.become_admin(board.admin_link())
    status, page = await bob.page("/communities/50")
    assert status == 200
    assert "only you see it" in page
    form = {
        "on_site": "yes", "reply_mode": "silent", "horizon_hours": "48", "guess_minutes": "30",
        "quiet_from": "22:30", "quiet_until": "07:00", "time_zone": "Europe/Berlin",
        "own_head": "yes",
    }  # fmt: skip
    async with bob.send("/communities/50/settings", form | {"horizon_hours": "x"}) as answer:
        assert answer.status == 400
        assert "must be a number" in await answer.text()
    async with bob.send("/communities/50/settings", form | {"quiet_until": ""}) as answer:
        assert answer.status == 400
        assert "Quiet hours need" in await answer.text()
    assert (await ann.page("/communities/50"))[0] == 404
    async with bob.send("/communities/50/settings", form) as answer:
        assert answer.status == 303
    assert (await ann.page("/communities/50"))[0] == 200
    async with app.core.database.read() as session:
        community = await session.get_one(Community, 50)
        # The head is the whole server's: `/model here` shows it, too.
        server = await find_server(session, PlatformName.DISCORD, community.server_or_self)
    assert (community.horizon_seconds, community.quiet_from) == (48 * 3600, 22 * 60 + 30)
    assert has_own_head(server)
    page = (await bob.page("/communities/50/settings"))[1]
    assert 'value="22:30"' in page
    assert 'name="own_head" value="yes" checked' in page
    del form["own_head"]
    async with bob.send("/communities/50/settings", form) as answer:
        assert answer.status == 303
    assert "checked" not in (await bob.page("/communities/50/settings"))[1]


async def test_the_admin_has_the_past_of_a_network_imported(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform
) -> None:
    await store(app, PlatformName.LEMMY, count=1)
    async with app.core.database.write() as session:
        (await session.get_one(Community, 50)).watched = True
    async with ann.send("/communities/50/import", {"days": "7"}) as answer:
        assert answer.status in (403, 404)
    await bob.become_admin(board.admin_link())
    for days in ("", "0", "3651", "1e3", "\N{SUPERSCRIPT TWO}"):
        async with bob.send("/communities/50/import", {"days": days}) as answer:
            assert answer.status == 400
    for days in ("7", "14"):
        async with bob.send("/communities/50/import", {"days": days}) as answer:
            assert answer.status == 303
    async with app.core.database.read() as session:
        (begun,) = await session.scalars(select(HistoryImport).order_by(HistoryImport.id))
    assert begun.since == begun.asked_at - timedelta(days=7), "one goes on at a time"
    assert "is under way, 0 stored so far" in (await bob.page("/communities/50/settings"))[1]
    async with bob.send("/communities/1/import", {"days": "7"}) as answer:
        assert answer.status in (404, 409), "the board has no past elsewhere"
    async with app.core.database.write() as session:
        (await session.get_one(Community, 50)).source_id = ASKED
    assert "/communities/50/import" not in (await bob.page("/communities/50/settings"))[1]


async def test_the_board_itself_can_only_be_shown_or_not(
    bob: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    async with app.core.database.read() as session:
        horizon = (await session.get_one(Community, 1)).horizon_seconds
    assert "horizon_hours" not in (await bob.page("/communities/1/settings"))[1]
    form = {"on_site": "no", "horizon_hours": "48", "own_head": "yes"}
    async with bob.send("/communities/1/settings", form) as answer:
        assert answer.status == 303
    async with app.core.database.read() as session:
        community = await session.get_one(Community, 1)
        server = await find_server(session, PlatformName.WEB, community.server_or_self)
    assert (community.on_site, community.horizon_seconds) == (False, horizon)
    assert has_own_head(server)


#: What somebody may write into an address.
HOSTILE = (
    "q=%22", "q=%22%22*", "q=NEAR(", "q=a+OR+b)", "q=title:x", "q=%00", "q=%ff", "q=-cat",
    "q=" + "cat+" * 100, "q='+OR+1%3D1", "q=%F0%9F%90%B1", "sort=x", "after=x", "after=1e9_1",
    "after=99999999999999999999_1", "after=-5_1&sort=top", "since=x", "since=0001-01-01",
    "until=9999-12-31", "genre=x", "version=%27", "by=x", "by=0123456789ab",
    "sort=top&after=1.5_2&q=cat&by=me&open=1",
)  # fmt: skip


async def test_whatever_an_address_says_is_answered(ann: Visitor, app: App) -> None:
    await store(app, count=1)
    for path in ("/communities/50", "/search"):
        for query in HOSTILE:
            status, page = await ann.page(f"{path}?{query}")
            assert status == 200, query
            assert "</main>" in page


def _next(page: str) -> str | None:
    _, found, rest = page.partition('rel="next" href="')
    return rest.partition('"')[0].replace("&amp;", "&") if found else None
