"""What the API tells."""

from typing import Any

import pytest
from sqlalchemy import update

from bot.app import App
from bot.web.api.tokens import Scope
from bot.web.platform import WebPlatform
from storage.tables import Community, Post
from storage.types import PlatformName
from tests.bot.web.api.conftest import MakeToken, Program
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import row


async def test_a_post_from_its_prediction_to_its_label(
    program: Program, post_id: int, app: App, clock: FakeClock
) -> None:
    status, communities = await program.get("/communities")
    assert status == 200
    (community,) = communities["items"]
    assert (community["platform"], community["labels"]) == ("web", 0)
    _, post = await program.get(f"/posts/{post_id}")
    assert post["stage"] == "predicted"
    assert sum(post["prediction"]["probabilities"].values()) == pytest.approx(1)
    assert post["outcome"] is None
    assert post["guesses"]["counts"] is None
    assert (await program.ask("POST", f"/posts/{post_id}/vote", json={"value": 1}))[0] == 200
    clock.forward(31 * 60)
    await app.jobs.run_due()
    _, post = await program.get(f"/posts/{post_id}")
    assert (post["stage"], post["outcome"]["score"]) == ("final", 1)
    _, labels = await program.get("/labels")
    (label,) = labels["items"]
    assert label["post_id"] == post_id
    assert label["rps"] is not None
    _, predictions = await program.get("/predictions?labelled=true")
    (prediction,) = predictions["items"]
    assert prediction["rps"] == label["rps"]
    assert (await program.get(f"/communities/{community['id']}"))[1]["labels"] == 1
    for board in ("forecasters", "models", "posts", "channels"):
        status, page = await program.get(f"/boards/{board}")
        assert (status, page["community_id"]) == (200, community["id"])
    _, versions = await program.get("/versions")
    (version,) = versions["items"]
    assert version["champion"]
    assert (await program.get(f"/versions/{version['name']}"))[1] == version


async def test_pages_hold_every_post_once_whatever_happens_meanwhile(
    program: Program, ann: Visitor, board: WebPlatform, clock: FakeClock
) -> None:
    made = []
    for number in range(5):
        made.append((await ann.post(title=f"Number {number}"))[1]["post"]["id"])
        if number % 2:
            clock.forward(1)
    await board.tasks.idle()
    found, path = [], "/posts?limit=2"
    while path:
        status, page = await program.get(path)
        assert status == 200
        found += [each["id"] for each in page["items"]]
        path = f"/posts?limit=2&cursor={page['next']}" if page["next"] else ""
        assert ("Link" in program.answered) is bool(path)
        await ann.post(title="Comes while somebody reads")
    assert found == made[::-1]
    moment = clock().isoformat().replace("+00:00", "Z")
    _, since = await program.get(f"/posts?since={moment}&limit=100")
    _, until = await program.get(f"/posts?until={moment}&limit=100")
    assert len(since["items"]) + len(until["items"]) == 8
    assert {each["posted_at"] for each in since["items"]} == {moment}


async def test_what_may_not_be_seen_is_not_there(
    program: Program, app: App, post_id: int, clock: FakeClock
) -> None:
    async with app.core.database.write() as session:
        secret = row(
            Community, id=2, platform=PlatformName.DISCORD, source_id="1", name="secret",
            created_at=clock(),
        )  # fmt: skip
        session.add(secret)
        await session.flush()
        hidden = row(
            Post, id=2, community_id=secret.id, platform=PlatformName.DISCORD, source_id="1/2",
            title="Hidden", posted_at=clock(), seen_at=clock(),
        )  # fmt: skip
        session.add(hidden)
        await session.flush()
        await session.execute(update(Post).where(Post.id == post_id).values(hidden_at=clock()))
    nothing = (await program.get("/posts/999999"))[1]
    for path in (
        f"/posts/{hidden.id}", f"/posts/{post_id}", f"/communities/{secret.id}",
        f"/posts?community={secret.id}", f"/labels?community={secret.id}",
        f"/boards/posts?community={secret.id}", "/versions/none", "/boards/none", "/posts/1e3",
        "/posts/99999999999999999999",
    ):  # fmt: skip
        assert await program.get(path) == (404, nothing), path
    for method in ("vote", "guess"):
        body: dict[str, Any] = {"value": 1} if method == "vote" else {"bucket": "low"}
        answer = await program.ask("POST", f"/posts/{hidden.id}/{method}", json=body)
        assert answer == (404, nothing)
    assert (await program.get("/posts"))[1]["items"] == []
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(on_site=True))
    _, page = await program.get("/posts")
    assert [each["id"] for each in page["items"]] == [hidden.id]
    assert page["items"][0]["votes"] is None


async def test_a_prediction_is_kept_back_until_a_guess(
    program: Program, app: App, post_id: int, make_token: MakeToken
) -> None:
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(blind=True))
    _, post = await program.get(f"/posts/{post_id}")
    assert (post["stage"], post["prediction"]) == ("blind", None)
    assert (await program.get("/predictions"))[1]["items"] == []
    status, post = await program.ask("POST", f"/posts/{post_id}/guess", json={"bucket": "low"})
    assert (status, post["stage"], post["guesses"]["mine"]) == (200, "predicted", "low")
    assert len((await program.get("/predictions"))[1]["items"]) == 1
    program.token = await make_token(Scope.READ)
    assert (await program.get(f"/posts/{post_id}"))[1]["prediction"] is None


async def test_an_answer_that_is_known_is_not_sent_again(program: Program, post_id: int) -> None:
    path = f"/posts/{post_id}"
    assert (await program.get(path))[0] == 200
    tag = program.answered["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        headers = {"If-None-Match": known}
        assert await program.ask("GET", path, headers=headers) == (304, None)
    assert (await program.ask("POST", f"{path}/vote", json={"value": -1}))[0] == 200
    assert (await program.ask("GET", path, headers={"If-None-Match": tag}))[0] == 200


async def test_what_is_no_question_is_refused_with_its_reason(program: Program) -> None:
    for query, where in (
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=1_0", "limit"), ("limit=", "limit"),
        ("since=2026-11-26", "since"), ("since=yesterday", "since"), ("labelled=1", "labelled"),
        ("bucket=best", "bucket"), ("community=-1", "community"), ("comunity=1", "comunity"),
        ("limit=1&limit=2", ""), ("cursor=!", "cursor"), ("until=2026-02-30T00:00:00Z", "until"),
    ):  # fmt: skip
        status, problem = await program.get(f"/posts?{query}")
        assert (status, problem["errors"][0]["where"]) == (422, where), query
    for cursor in ("AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4x", "LTEuLTE"):
        assert (await program.get(f"/posts?cursor={cursor}"))[0] == 400
    for moment in ("0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59.123456789Z"):
        assert (await program.get(f"/posts?since={moment}"))[0] == 200


async def test_words_are_looked_for_page_by_page(
    program: Program, ann: Visitor, board: WebPlatform
) -> None:
    made = [(await ann.post(title=f"A red cat {number}"))[1]["post"]["id"] for number in range(3)]
    await ann.post(title="A dog")
    await board.tasks.idle()
    status, page = await program.get("/posts/search?q=CAT+red")
    assert (status, page["next"]) == (200, None)
    assert [each["id"] for each in page["items"]] == made[::-1]
    status, page = await program.get(f"/posts/search?q=cat&cursor={made[2]}_{made[2]}")
    assert [each["id"] for each in page["items"]] == made[1::-1]
    for query in ("", "?q=", "?q=%2B%2B", "?q=cat&cursor=x"):
        assert (await program.get(f"/posts/search{query}"))[0] == 422
    assert (await program.get("/posts/search?q=cat&community=99"))[0] == 404


async def test_predictions_of_one_version(program: Program, post_id: int) -> None:
    _, predictions = await program.get("/predictions")
    (prediction,) = predictions["items"]
    name = prediction["model_version"]
    assert (await program.get(f"/predictions?version={name}"))[1] == predictions
    assert (await program.get("/predictions?version=another"))[1]["items"] == []
