from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import App
from bot.cluster.outcomes import Work
from bot.posts.passes import begin_pass
from bot.web import admins
from bot.web.admins import ASKED_LINK, Admins
from bot.web.platform import WebPlatform
from storage.queries.batch_jobs import advance_job
from storage.tables import Author, ModelVersion, Post, TrainingRun
from storage.types import PostState, RunState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor, visiting
from tests.fixtures.rows import row

ACTIONS = (
    "hide", "show", "ban", "ban-voters", "unban", "promote", "rollback", "leave",
)  # fmt: skip


async def test_a_link_makes_one_browser_the_admin_and_works_once(
    ann: Visitor, bob: Visitor, board: WebPlatform
) -> None:
    link = board.admin_link().removeprefix(board.url.rstrip("/"))
    assert (await bob.page("/admin"))[0] == 403
    assert "You are the admin here" in (await ann.page(link))[1]
    for again in (ann, bob):
        status, page = await again.page(link)
        assert status == 403
        assert "admin-link" in page
    assert (await ann.page("/admin"))[0] == 200
    assert (await bob.page("/admin"))[0] == 403
    cookie = next(each for each in ann.session.cookie_jar if each.key == "admin")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    bob.session.cookie_jar.update_cookies({"admin": cookie.value})
    assert (await bob.page("/admin"))[0] == 200
    async with ann.send("/admin/leave", {}) as answer:
        assert answer.status == 303
    assert (await ann.page("/admin"))[0] == 403
    assert (await bob.page("/admin"))[0] == 403, "a copy of the cookie"


async def test_the_page_says_how_far_passes_over_stored_images_are(
    ann: Visitor, app: App, board: WebPlatform
) -> None:
    each: tuple[Work, ...] = ("embed", "read_attributes", "read_text")

    def begin(session: Session) -> None:
        for number, work in enumerate(each):
            job = begin_pass(
                session, work=work, subject=f"by {work}", total=2000, now=app.core.clock()
            )
            advance_job(
                session, job, done=1000 + number, skipped=0, quarantined=number,
                now=app.core.clock(),
            )  # fmt: skip

    await app.core.database.run_write(begin)
    await ann.become_admin(board.admin_link())
    _, page = await ann.page("/admin")
    words = " ".join(page.split())
    assert "Stored images are embedded with by embed: 1,000 of 2,000.</p>" in words
    assert "Attributes of stored images: 1,001 of 2,000. 1 quarantined.</p>" in words
    assert "Text in stored images: 1,002 of 2,000. 2 quarantined.</p>" in words


async def test_links_that_nobody_gave(
    bob: Visitor, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = admins.now
    key = app.core.people_key
    # Of another installation, of before this start, and too old.
    links = [Admins(b"another key").signed_link("/"), Admins(key).link("/")]
    monkeypatch.setattr(admins, "now", lambda: real() - timedelta(days=1))
    monkeypatch.setattr(admins, "ASKED_LINK", timedelta(days=9))
    links.append(Admins(key).signed_link("/"))
    monkeypatch.undo()
    good = Admins(key).signed_link("/")
    monkeypatch.setattr(admins, "now", lambda: real() + ASKED_LINK + timedelta(seconds=1))
    for link in (*links, good, "/admin?token=", "/admin?token=a.1.2.3", "/admin?token=%00.é"):
        assert (await bob.page(link))[0] == 403
    monkeypatch.setattr(admins, "now", real)
    assert (await bob.page(good))[0] == 200


async def test_a_session_ends_and_cannot_be_made_up(
    bob: Visitor, board: WebPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bob.become_admin(board.admin_link())
    cookie = next(each for each in bob.session.cookie_jar if each.key == "admin").value
    word, end, signature = cookie.split(".")
    bob.session.cookie_jar.clear(lambda each: each.key == "admin")
    for forged in ("", "x", f"{word}.{int(end) + 1}.{signature}", f"{word}.{end}.", ".."):
        assert (await bob.page("/admin", Cookie=f"admin={forged}"))[0] == 403
    assert (await bob.page("/admin", Cookie=f"admin={cookie}"))[0] == 200
    real = admins.now
    monkeypatch.setattr(admins, "now", lambda: real() + admins.SESSION + timedelta(seconds=1))
    assert (await bob.page("/admin", Cookie=f"admin={cookie}"))[0] == 403


async def test_nobody_else_may_do_any_of_it(bob: Visitor, app: App, post_id: int) -> None:
    # Forging the headers that browsers send helps nobody.
    forged = {"Sec-Fetch-Site": "same-origin", "Host": bob.url.removeprefix("http://")}
    for path in ("/models/train", *(f"/admin/{each}" for each in ACTIONS)):
        form = {"post": str(post_id), "author": "1", "version": "x", "blind": "yes"}
        async with bob.send(path, form, json=True, **forged) as answer:
            assert answer.status == 403
            assert "Only the board's admin" in (await answer.json())["error"]
    async with app.core.database.read() as session:
        assert (await session.get_one(Post, post_id)).hidden_at is None


async def test_a_hidden_post_is_seen_by_nobody_and_gets_no_label(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    _, post = await ann.json(f"/posts/{post_id}.json")
    async with bob.send("/admin/hide", {"post": str(post_id)}) as answer:
        assert answer.status == 303
    for path in (f"/posts/{post_id}", f"/posts/{post_id}.json", post["image"]):
        assert (await ann.page(path))[0] == 404
    assert "A title" not in (await ann.page("/"))[1]
    async with app.core.database.read() as session:
        assert (await session.get_one(Post, post_id)).state is PostState.WITHDRAWN
    assert "Show again" in (await bob.page("/admin"))[1]


async def test_who_posted_is_shut_out_and_let_in_again(
    ann: Visitor, bob: Visitor, app: App, board: WebPlatform, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    async with bob.send("/admin/ban", {"post": str(post_id)}):
        pass
    assert (await ann.post())[0] == 403
    async with app.core.database.read() as session:
        author_id = (await session.scalars(select(Author.id))).one()
    assert "Let in again" in (await bob.page("/admin"))[1]
    async with bob.send("/admin/unban", {"author": str(author_id)}):
        pass
    assert (await ann.post())[0] == 201


async def test_voters_whose_votes_were_held_back_are_shut_out(
    bob: Visitor, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    await bob.vote(post_id, 1)
    clock.forward(1)
    async with visiting(board.url) as cid:
        await cid.vote(post_id, 1)
        assert "1 vote does not count" in (await bob.page("/admin"))[1]
        async with bob.send("/admin/ban-voters", {"post": str(post_id)}):
            pass
        assert (await cid.vote(post_id, -1))[0] == 403
        assert (await bob.vote(post_id, -1))[0] == 200


async def test_versions_are_chosen(bob: Visitor, app: App, board: WebPlatform) -> None:
    await bob.become_admin(board.admin_link())
    async with app.core.database.read() as session:
        name = (await session.scalars(select(ModelVersion.name))).one()
    expected = {
        ("promote", "version", name): 303,
        ("promote", "version", "nowhere"): 409,
        ("rollback", "x", "1"): 409,
        ("hide", "post", "nothing"): 400,
        ("hide", "post", "999"): 404,
    }
    for (action, field, value), status in expected.items():
        async with bob.send(f"/admin/{action}", {field: value}) as answer:
            assert answer.status == status, action


async def test_the_next_training_run_has_to_wait(
    bob: Visitor, app: App, board: WebPlatform, clock: FakeClock
) -> None:
    await bob.become_admin(board.admin_link())
    async with app.core.database.write() as session:
        ended = {"state": RunState.FAILED, "finished_at": clock(), "reason": "It failed."}
        session.add(row(TrainingRun, started_at=clock(), **ended))
    clock.forward(1)
    async with bob.send("/models/train", {}, json=True) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "299"
