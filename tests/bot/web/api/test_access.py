"""Who is let in, how often, and what refusals look like."""

import pytest
from sqlalchemy import select, update

from bot.app import App
from bot.settings import Settings
from bot.web.api.access import NOT_GOOD, NOT_SENT
from bot.web.api.tokens import Scope, find_token, revoke_token
from storage.tables import ApiToken, Author
from tests.bot.web.api.conftest import MakeToken, Program
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "api_requests_a_minute": 5,
            "api_pictures_a_minute": 2,
            "api_allowed_origins": ("https://friend.example",),
        }
    )


async def test_who_has_no_token_is_told_how_to_get_one(stranger: Program) -> None:
    status, problem = await stranger.get("/posts")
    assert status == 401
    assert stranger.answered["Content-Type"] == "application/problem+json"
    assert stranger.answered["WWW-Authenticate"].startswith("Bearer")
    assert problem == {
        "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": NOT_SENT,
        "errors": None,
    }  # fmt: skip
    for wrong in ("peoria_", "peoria_" + "a" * 43, "x y", "\u00e9" * 50):
        stranger.token = wrong
        status, problem = await stranger.get("/posts")
        assert (status, problem["detail"]) == (401, NOT_GOOD)
    stranger.token, stranger.headers = "", {"Authorization": "Basic YTpi"}
    assert (await stranger.get("/versions"))[0] == 401
    stranger.headers = {}
    assert (await stranger.get("/health"))[0] == 200


async def test_a_token_that_was_revoked_or_has_ended_is_none(
    program: Program, make_token: MakeToken, app: App, clock: FakeClock
) -> None:
    program.token = await make_token(Scope.READ, days=1)
    assert (await program.get("/versions"))[0] == 200
    clock.forward(24 * 3600)
    assert (await program.get("/versions"))[0] == 401
    program.token = await make_token(Scope.READ)
    async with app.core.database.write() as session:
        row = (await session.scalars(select(ApiToken).order_by(ApiToken.id.desc()))).first()
        assert row is not None
        await session.run_sync(revoke_token, row.id, clock())
    assert (await program.get("/versions"))[0] == 401


async def test_only_a_hash_of_a_token_is_stored(program: Program, app: App) -> None:
    assert (await program.get("/versions"))[0] == 200
    async with app.core.database.read() as session:
        row = (await session.scalars(select(ApiToken))).one()
        found = await session.run_sync(find_token, program.token, app.core.clock())
    stored = " ".join(str(getattr(row, each.key)) for each in row.__table__.columns)
    assert program.token.removeprefix("peoria_") not in stored
    assert row.last_used_at == app.core.clock()
    assert found is not None


async def test_a_token_does_what_it_is_for_and_no_more(
    program: Program, make_token: MakeToken, post_id: int
) -> None:
    program.token = await make_token(Scope.GUESS)
    status, problem = await program.get("/posts")
    assert (status, "scope read" in problem["detail"]) == (403, True)
    vote = {"value": 1}
    assert (await program.ask("POST", f"/posts/{post_id}/vote", json=vote))[0] == 403
    guess = {"bucket": "high"}
    assert (await program.ask("POST", f"/posts/{post_id}/guess", json=guess))[0] == 200


async def test_the_limit_of_a_token(
    program: Program, make_token: MakeToken, clock: FakeClock
) -> None:
    for left in (4, 3, 2, 1, 0):
        assert (await program.get("/versions"))[0] == 200
        assert program.answered["RateLimit-Remaining"] == str(left)
    status, problem = await program.get("/versions")
    assert (status, problem["title"]) == (429, "Too Many Requests")
    assert program.answered["Retry-After"] == "60"
    other = program.token
    program.token = await make_token(Scope.READ)
    assert (await program.get("/versions"))[0] == 200
    program.token = other
    clock.forward(60)
    for expected in (200, 200, 429):
        assert (await program.send_picture("/predict"))[0] == expected
    assert (await program.get("/versions"))[0] == 200


async def test_whoever_guesses_tokens_is_slowed_down(stranger: Program) -> None:
    stranger.token = "peoria_" + "b" * 43
    statuses = [(await stranger.get("/posts"))[0] for _ in range(62)]
    assert statuses == [401] * 60 + [429] * 2


async def test_who_is_shut_out_can_read_only(
    program: Program, app: App, post_id: int, clock: FakeClock
) -> None:
    assert (await program.ask("POST", f"/posts/{post_id}/vote", json={"value": 1}))[0] == 200
    async with app.core.database.write() as session:
        await session.execute(update(Author).values(banned_at=clock()))
    assert (await program.ask("POST", f"/posts/{post_id}/vote", json={"value": 0}))[0] == 403
    assert (await program.get(f"/posts/{post_id}"))[0] == 200


async def test_other_sites_are_let_in_where_they_are_named(
    program: Program, stranger: Program
) -> None:
    for origin, named in (("https://friend.example", True), ("https://foe.example", False)):
        assert (await program.get("/versions", Origin=origin))[0] == 200
        assert ("Access-Control-Allow-Origin" in program.answered) is named
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        status, _ = await stranger.ask("OPTIONS", "/versions", headers=asked)
        assert status == (204 if named else 405)


async def test_refusals_are_problems_wherever_they_come_from(program: Program) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404), ("DELETE", "/versions", 405), ("PUT", "/health", 405),
    ):  # fmt: skip
        assert (await program.ask(method, path))[0] == status
        assert program.answered["Content-Type"] == "application/problem+json"
    assert program.answered["Allow"] == "GET,HEAD"
    headers = {"Host": "evil.example"}
    assert (await program.ask("GET", "/versions", headers=headers))[1]["status"] == 421


async def test_a_cookie_is_no_token_and_a_token_gets_no_cookie(
    ann: Visitor, program: Program, post_id: int
) -> None:
    async with ann.send(f"/api/v1/posts/{post_id}/vote", {"value": "1"}) as answer:
        assert answer.status == 401
    assert (await program.get("/versions"))[0] == 200
    assert "Set-Cookie" not in program.answered
