from typing import Any

import pytest

from bot.app import App
from bot.people.identity import hash_person
from storage.queries.communities import find_or_add_author
from storage.tables import ModelVersion, Standing
from storage.types import ForecasterKind, PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor

#: The month of the fake clock.
SEASON = "2026-03"


async def stand(app: App, kind: ForecasterKind, forecaster_id: int, **sums: Any) -> None:
    """Enter what a forecaster came to, this month and for all time."""
    values = {
        "n": 20, "hits": 9, "expected_hits": 6.6, "points": 7.0, "points_squared": 40.0,
        "streak": 2, "best_streak": 4, "rps_sum": 3.0, "base_rps_sum": 4.0,
        "updated_at": app.core.clock(), **sums,
    }  # fmt: skip
    async with app.core.database.write() as session:
        for season in (SEASON, "all"):
            session.add(
                Standing(
                    season=season, community_id=1, kind=kind, forecaster_id=forecaster_id, **values
                )
            )


async def author(app: App, name: str) -> int:
    async with app.core.database.write() as session:
        return (await session.run_sync(find_or_add_author, PlatformName.WEB, name)).id


async def test_an_empty_league_says_how_to_play(bob: Visitor) -> None:
    for board, words in (
        ("forecasters", "Guess on a post"),
        ("models", "No model version has had"),
        ("posts", "No post has its final score yet"),
    ):
        status, page = await bob.page(f"/league?board={board}")
        assert status == 200
        assert words in page


async def test_people_stand_by_their_points(app: App, bob: Visitor, post_id: int) -> None:
    for number, points in enumerate((1.5, -3.0, 12.0)):
        await stand(app, ForecasterKind.PERSON, await author(app, f"{number:064x}"), points=points)
    _, page = await bob.page("/league")
    assert page.index("+12.0") < page.index("+1.5") < page.index("−3.0")


async def test_one_sees_oneself_even_without_a_rank(app: App, bob: Visitor, post_id: int) -> None:
    await bob.vote(post_id, 1)
    (cookie,) = [each for each in bob.session.cookie_jar if each.key == "visitor"]
    mine = await author(
        app, hash_person(app.core.people_key, PlatformName.WEB, cookie.value.partition(".")[0])
    )
    await stand(app, ForecasterKind.PERSON, mine, n=1, hits=1, points=2.0)
    _, page = await bob.page("/league")
    assert '<span class="badge">you</span>' in page
    assert '<td class="figure">–</td>' in page


async def test_versions_stand_by_their_skill(app: App, bob: Visitor, post_id: int) -> None:
    async with app.core.database.read() as session:
        version = await session.get_one(ModelVersion, 1)
    await stand(app, ForecasterKind.MODEL, version.id)
    _, page = await bob.page("/league?board=models&season=all")
    assert version.name in page
    assert "25.0%" in page


async def test_posts_stand_by_their_score(
    app: App, clock: FakeClock, bob: Visitor, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    clock.forward(1800)
    await app.jobs.run_due()
    _, page = await bob.page("/league?board=posts")
    assert f'href="/posts/{post_id}"' in page


async def test_a_long_board_has_pages(app: App, bob: Visitor, post_id: int) -> None:
    for number in range(27):
        person = await author(app, f"{number:064x}")
        await stand(app, ForecasterKind.PERSON, person, points=float(number))
    _, first = await bob.page("/league")
    assert 'rel="next" href="/league?board=forecasters&amp;season=2026-03&amp;from=25"' in first
    assert "+26.0" in first
    _, second = await bob.page("/league?from=25")
    assert "+1.0" in second
    assert "+26.0" not in second
    assert 'rel="prev"' in second


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("board=channels", 404), ("board=<script>", 404), ("season=2026-13", 400),
        ("season=%00", 400), ("from=-1", 400), ("from=1e3", 400), ("from=99999999", 400),
    ],
)  # fmt: skip
async def test_addresses_that_lead_nowhere(bob: Visitor, query: str, status: int) -> None:
    answered, page = await bob.page(f"/league?{query}")
    assert answered == status
    assert "<script>" not in page
