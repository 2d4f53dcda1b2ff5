"""What programs do by the API."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select, update

from bot.app import App
from bot.web.platform import WebPlatform
from storage.tables import Community, Post, Vote
from tests.bot.web.api.conftest import Program
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """A host of images on this machine."""

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=PICTURE, content_type="image/png")

    site = web.Application()
    site.router.add_get("/picture.png", picture)
    async with TestServer(site) as server:
        yield f"http://localhost:{server.port}/"


async def _posts(app: App) -> int:
    async with app.core.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(Post))).one()


async def test_a_picture_is_predicted_and_not_stored(
    program: Program, app: App, post_id: int
) -> None:
    _, communities = await program.get("/communities")
    community = str(communities["items"][0]["id"])
    status, prediction = await program.send_picture("/predict", title="One", community=community)
    assert (status, len(prediction["bins"])) == (200, 10)
    assert (await program.send_picture("/predict"))[0] == 200
    assert await _posts(app) == 1
    assert (await program.send_picture("/predict", community="999"))[0] == 404
    assert (await program.send_picture("/predict", community="x"))[0] == 422
    status, problem = await program.send_picture("/predict", b"no picture")
    assert (status, problem["errors"][0]["where"]) == (422, "image")
    assert (await program.send_picture("/predict", b""))[0] == 422


async def test_what_is_kept_back_of_a_post_is_kept_back_of_its_picture(
    program: Program, app: App, post_id: int, clock: FakeClock
) -> None:
    clock.forward(1)
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(blind=True))
    status, problem = await program.send_picture("/predict", community="1")
    assert (status, "Guess first" in problem["detail"]) == (409, True)
    assert (await program.ask("POST", f"/posts/{post_id}/guess", json={"bucket": "low"}))[0] == 200
    assert (await program.send_picture("/predict", community="1"))[0] == 200


async def test_a_post_is_made_once_and_is_a_post_of_the_board(
    program: Program, board: WebPlatform, app: App, bob: Visitor
) -> None:
    status, post = await program.send_picture("/posts", title=" A\ttitle ", key="12345678")
    assert (status, post["title"], post["stage"]) == (201, "A title", "looking")
    assert program.answered["Location"] == f"/api/v1/posts/{post['id']}"
    again = await program.send_picture("/posts", title="A title", key="12345678")
    assert again[1]["id"] == post["id"]
    await board.tasks.idle()
    assert await _posts(app) == 1
    _, seen = await bob.json(f"/posts/{post['id']}.json")
    assert seen["title"] == "A title"
    for kind, sent in (("guess", {"bucket": "low"}), ("vote", {"value": 1})):
        status, problem = await program.ask("POST", f"/posts/{post['id']}/{kind}", json=sent)
        assert status in (403, 409)
        assert "own post" in problem["detail"]


async def test_an_address_is_fetched_by_the_rules_of_downloads(
    program: Program, board: WebPlatform, app: App, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"url": f"{host}picture.png", "title": "From an address"}
    for path in ("/predict", "/posts"):
        status, problem = await program.ask("POST", path, json=sent)
        assert (status, "private address" in problem["detail"]) == (422, True)
    await app.core.downloader.close()
    monkeypatch.setattr(app.core.downloader, "_trusted", frozenset({"localhost"}))
    assert (await program.ask("POST", "/predict", json=sent))[0] == 200
    assert (await program.ask("POST", "/posts", json=sent))[0] == 201
    for address in (f"{host}none.png", "http://localhost:1/a.png"):
        missing = {"url": address, "title": "Not there"}
        assert (await program.ask("POST", "/posts", json=missing))[0] == 422
    await board.tasks.idle()
    assert await _posts(app) == 1


async def test_a_vote_is_changed_and_taken_back(program: Program, app: App, post_id: int) -> None:
    for value in (1, -1, 0, 1):
        _, post = await program.ask("POST", f"/posts/{post_id}/vote", json={"value": value})
        assert post["votes"]["mine"] == value
    async with app.core.database.read() as session:
        (vote,) = await session.scalars(select(Vote))
    assert (vote.value, vote.held) == (1, None)


async def test_what_cannot_be_read_is_refused_with_its_reason(
    program: Program, post_id: int
) -> None:
    vote = f"/posts/{post_id}/vote"
    json = {"Content-Type": "application/json"}
    for path, sent, status in (
        (vote, {"json": {"value": 2}}, 422),
        (vote, {"json": {"value": "1"}}, 422),
        (vote, {"json": {"value": False}}, 422),
        (vote, {"json": {"value": 1, "x": 1}}, 422),
        (vote, {"json": [1]}, 422),
        (vote, {"data": b"{", "headers": json}, 400),
        (vote, {"data": b"[" * 5000, "headers": json}, 400),
        (vote, {"data": b"\xff", "headers": json}, 400),
        (vote, {"data": b" " * 70_000, "headers": json}, 413),
        (vote, {"data": b"value=1"}, 415),
        (vote, {"data": b"{}", "headers": json | {"Content-Encoding": "gzip"}}, 415),
        ("/posts", {"json": {"title": "No picture"}}, 422),
        ("/posts", {"json": {"title": " ", "url": "https://a.example/b.png"}}, 422),
        ("/posts", {"json": {"title": "T", "url": "file:///etc/passwd"}}, 422),
        ("/predict", {"json": {}}, 422),
        ("/predict", {"data": b"x", "headers": {"Content-Type": "image/png"}}, 415),
        ("/predict", {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    ):
        answered, problem = await program.ask("POST", path, **sent)
        assert (answered, problem["status"]) == (status, status), (path, sent, problem)
    assert (await program.send_picture("/predict", image="twice"))[0] == 400
    # What schemathesis sent: a form whose file is no image.
    status, problem = await program.send_picture("/posts", b"null", title="T")
    assert (status, problem["status"]) == (422, 422)
