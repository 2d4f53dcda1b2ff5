"""Who is somebody on the board: one cookie for one page, and not many for one address."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select, update

from bot.app import App
from bot.league.crowds import MOST_PEOPLE
from bot.league.suspicious_votes import read_suspicions
from bot.operations.doctor import examine
from bot.operations.findings import State
from bot.people.identity import hash_person
from bot.settings import Settings
from bot.web.platform import WebPlatform
from bot.web.signatures import Signer
from storage.tables import Author, Guess, Label, Newcomer, Participant, Standing, Vote
from storage.types import ForecasterKind, PlatformName, VoteHold
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

    async def test_processes_count_together(
        self, ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock
    ) -> None:
        other = WebPlatform(app.core, app.pipeline, app.readiness.look, app.backups)
        await other.start()
        try:
            clock.forward(3600)
            for each in (board, other):
                async with visiting(each.url) as visitor:
                    assert [*visitor.session.cookie_jar]
                await each.tasks.idle()
            clock.forward(1)
            for each in (board, other):
                async with visiting(each.url) as visitor:
                    assert not [*visitor.session.cookie_jar]
        finally:
            await other.stop()

    async def test_a_restart_does_not_begin_anew(
        self, ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock
    ) -> None:
        await board.tasks.idle()
        await board.stop()
        again = WebPlatform(app.core, app.pipeline, app.readiness.look, app.backups)
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
    for _ in range(MOST_PEOPLE + 2):
        async with visiting(board.url) as visitor:
            _, content = await visitor.vote(post_id, 1)
            scores.append(content["post"]["votes"]["score"])
    assert scores == [*range(1, MOST_PEOPLE + 1), 0, 0]
    assert await held_votes(app) == [VoteHold.CROWD] * (MOST_PEOPLE + 2)
    found = await examine(app.core.settings, app.core.clock())
    (votes,) = [each for each in found if each.part == "votes"]
    assert votes.state is State.LOOK
    assert "12 among too many from one address" in votes.sentence
    assert "PEORIA_WEB_TRUSTED_PROXIES" in votes.sentence


async def guess(visitor: Visitor, post_id: int, value: str) -> dict[str, Any]:
    async with visitor.send(f"/posts/{post_id}/guess", {"value": value}, json=True) as answer:
        assert answer.status == 200
        return (await answer.json())["post"]["guesses"]


async def test_who_came_after_the_post_earns_nothing_until_the_admin_lets_it_count(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    await guess(bob, post_id, "low")
    clock.forward(1)
    _, second = await ann.post(title="Another one")
    await board.tasks.idle()
    clock.forward(1)
    async with visiting(board.url) as cid:
        for number in (post_id, second["post"]["id"]):
            guesses = await guess(cid, number, "high")
            assert "came to the board after this post" in guesses["held"]
            assert (await guess(cid, number, "low"))["held"] is not None, "a changed one, too"
            await cid.vote(number, 1)
        assert (await cid.json("/me.json"))[1]["guesses"][0]["held_back"] == "newcomer"
        await bob.become_admin(board.admin_link())
        _, page = await bob.page("/admin")
        assert "1 guess does not count: 1 by people who came after the post." in page
        async with bob.send("/admin/release", {"post": str(second["post"]["id"])}) as answer:
            assert answer.status == 303
        clock.forward(HORIZON)
        while await app.jobs.run_due():
            pass
        for number, status in ((post_id, 409), (999, 404)):
            async with bob.send("/admin/release", {"post": str(number)}) as answer:
                assert answer.status == status
    async with app.core.database.read() as session:
        rows = await session.execute(
            select(Guess.post_id, Guess.held, Guess.points.is_not(None)).order_by(Guess.id)
        )
        assert [tuple(row) for row in rows] == [
            (post_id, None, True),
            (post_id, VoteHold.NEWCOMER, False),
            (second["post"]["id"], None, True),
        ]
        standings = select(func.sum(Standing.n)).filter_by(
            season="all", community_id=1, kind=ForecasterKind.PERSON
        )
        assert (await session.scalars(standings)).one() == 2
        labels = await session.scalars(select(Label.score).order_by(Label.post_id))
        assert [*labels] == [0, 1]


async def test_many_of_one_address_are_counted_by_all_processes_together(
    ann: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    other = WebPlatform(app.core, app.pipeline, app.readiness.look, app.backups)
    await other.start()
    try:
        for number in range(MOST_PEOPLE + 2):
            async with visiting((board, other)[number % 2].url) as visitor:
                if number % 3:
                    held = (await guess(visitor, post_id, "high"))["held"]
                else:
                    held = (await visitor.vote(post_id, 1))[1]["post"]["votes"]["held"]
                assert (held is not None) == (number >= MOST_PEOPLE)
    finally:
        await other.stop()
    async with app.core.database.read() as session:
        for table in (Vote, Guess):
            assert {*await session.scalars(select(table.held))} == {VoteHold.CROWD}
        places = {*await session.scalars(select(Participant.household))}
    assert len(places) == 1
    assert "127.0" not in places.pop()


async def test_where_somebody_came_from_is_forgotten_when_voting_ends(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    clock.forward(HORIZON)
    _, content = await ann.post(title="Another one")
    await board.tasks.idle()
    await bob.vote(content["post"]["id"], 1)
    async with app.core.database.read() as session:
        assert [*await session.scalars(select(Participant.post_id))] == [content["post"]["id"]]


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
