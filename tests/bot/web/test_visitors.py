"""Who is somebody on the board: one cookie for one page, and not many for one address."""

from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy import select, update

from bot.app import App
from bot.league.suspicious_votes import read_suspicions
from bot.operations.doctor import examine
from bot.operations.findings import State
from bot.people.identity import hash_person
from bot.settings import Settings
from bot.web.crowds import MOST_VOTES
from bot.web.platform import WebPlatform
from bot.web.signatures import Signer
from storage.tables import Author, Label, Newcomer, Vote
from storage.types import PlatformName, VoteHold
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor, upload, visiting

HORIZON = 1800


async def held_votes(app: App) -> list[VoteHold | None]:
    async with app.core.database.read() as session:
        return [*await session.scalars(select(Vote.held).order_by(Vote.author_id))]


async def test_without_a_page_nobody_takes_part(bob: Visitor, app: App, post_id: int) -> None:
    forms = {
        f"/posts/{post_id}/vote": {"value": "1"},
        f"/posts/{post_id}/guess": {"value": "high"},
        "/posts": upload(PICTURE),
        "/me": {"wish": "opt-out"},
    }
    signed_elsewhere = Signer(b"another key", "visitor").sign("0" * 32 + ".0")
    for cookie in ("", "0" * 32, "0" * 32 + ".0." + "0" * 32, signed_elsewhere, ".", "é.é.é"):
        async with aiohttp.ClientSession(headers={"Cookie": f"visitor={cookie}"}) as session:
            for path, form in forms.items():
                async with Visitor(session, bob.url).send(path, form, json=True) as answer:
                    assert answer.status == 403
                    assert "open its page first" in (await answer.json())["error"]
                    assert "visitor" not in answer.cookies
                if isinstance(form, aiohttp.FormData):
                    forms["/posts"] = upload(PICTURE)
    assert await held_votes(app) == []


async def test_no_cookie_comes_with_what_is_no_page(bob: Visitor, post_id: int) -> None:
    bob.session.cookie_jar.clear()
    post = f"/posts/{post_id}.json"
    for path in ("/cards.json", post, "/static/main.js", "/healthz", "/nowhere"):
        async with bob.session.get(bob.url + path) as answer:
            assert "visitor" not in answer.cookies


async def test_a_cookie_of_before_they_were_signed_is_good_for_who_was_here(
    bob: Visitor, app: App, post_id: int
) -> None:
    earlier = "ab" * 16
    person = hash_person(app.core.people_key, PlatformName.WEB, earlier)
    async with app.core.database.write() as session:
        session.add(Author(platform=PlatformName.WEB, hash=person))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        headers = {"Cookie": f"visitor={earlier}"}
        async with session.get(bob.url, headers=headers) as answer:
            signed = answer.cookies["visitor"].value
        assert signed.startswith(earlier)
        for cookie in (earlier, signed):
            again = Visitor(session, bob.url)
            form, header = {"value": "1"}, {"Cookie": f"visitor={cookie}"}
            async with again.send(f"/posts/{post_id}/vote", form, json=True, **header) as answer:
                assert (await answer.json())["post"]["votes"]["score"] == 1
    assert await held_votes(app) == [None]


class TestNewcomers:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"web_newcomers_an_hour": 2})

    async def test_one_address_brings_so_many_an_hour(
        self, ann: Visitor, bob: Visitor, board: WebPlatform, clock: FakeClock, post_id: int
    ) -> None:
        async with visiting(board.url) as cid:
            assert (await cid.page("/"))[0] == 200
            status, content = await cid.vote(post_id, 1)
            assert status == 403
            assert "Too many new visitors" in content["error"]
            assert (await bob.vote(post_id, 1))[0] == 200
            clock.forward(3600)
            await cid.page("/")
            assert (await cid.vote(post_id, 1))[0] != 403

    async def test_a_restart_does_not_begin_anew(
        self, ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock
    ) -> None:
        await board.tasks.idle()
        await board.stop()
        again = WebPlatform(app.core, app.pipeline, app.readiness.look)
        await again.start()
        try:
            clock.forward(3599)
            async with visiting(again.url) as cid:
                await cid.page("/")
                assert not [*cid.session.cookie_jar]
                clock.forward(1)
                await cid.page("/")
                assert [*cid.session.cookie_jar]
                await again.tasks.idle()
            async with app.core.database.read() as session:
                rows = (await session.scalars(select(Newcomer))).all()
            assert len(rows) == 1, "they are kept for an hour"
            assert "127.0.0" not in rows[0].household + rows[0].network
        finally:
            await again.stop()


async def test_who_came_after_the_post_does_not_count(
    bob: Visitor, app: App, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    await bob.vote(post_id, -1)
    clock.forward(0.001)
    async with visiting(board.url) as cid:
        _, content = await cid.vote(post_id, 1)
        votes = content["post"]["votes"]
        assert (votes["score"], votes["mine"]) == (-1, 1)
        assert "came to the board after this post" in votes["held"]
        assert "came to the board after this post" in content["card"]
        async with app.core.database.read() as session:
            found = await read_suspicions(session, None, since=clock() - timedelta(days=1))
        assert [(each.kind, each.sentence) for each in found] == [
            ("held", "1 vote does not count: 1 by people who came after the post.")
        ]
        _, exported = await cid.json("/me.json")
        assert exported["votes"][0]["held_back"] == "newcomer"
        clock.forward(HORIZON)
        await app.jobs.run_due()
        async with app.core.database.read() as session:
            assert (await session.get_one(Label, post_id)).score == -1


async def test_of_too_many_votes_from_one_address_none_counts(
    bob: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    scores = []
    for _ in range(MOST_VOTES + 2):
        async with visiting(board.url) as visitor:
            _, content = await visitor.vote(post_id, 1)
            scores.append(content["post"]["votes"]["score"])
    assert scores == [*range(1, MOST_VOTES + 1), 0, 0]
    assert await held_votes(app) == [VoteHold.CROWD] * (MOST_VOTES + 2)
    found = await examine(app.core.settings, app.core.clock())
    (votes,) = [each for each in found if each.part == "votes"]
    assert votes.state is State.LOOK
    assert "12 among too many from one address" in votes.sentence
    assert "PEORIA_WEB_TRUSTED_PROXIES" in votes.sentence


class TestVotesThatAreNotHeld:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"web_hold_votes": False})

    async def test_newcomers_count(
        self, board: WebPlatform, app: App, clock: FakeClock, post_id: int
    ) -> None:
        clock.forward(1)
        async with visiting(board.url) as cid:
            assert (await cid.vote(post_id, 1))[1]["post"]["votes"]["score"] == 1
        assert await held_votes(app) == [None]


async def test_who_was_shut_out_only_reads(bob: Visitor, app: App, post_id: int) -> None:
    await bob.vote(post_id, 1)
    async with app.core.database.write() as session:
        await session.execute(
            update(Author)
            .where(Author.id == select(Vote.author_id).scalar_subquery())
            .values(banned_at=app.core.clock())
        )
    status, content = await bob.vote(post_id, -1)
    assert status == 403
    assert "shut you out" in content["error"]
    assert (await bob.page("/"))[0] == 200
