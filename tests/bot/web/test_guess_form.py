from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.app import App
from bot.league.guesses import CLOSED, OWN_POST
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.tables import Guess
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Answer, Visitor, field_value, visiting


async def guess(visitor: Visitor, post_id: int, value: object) -> Answer:
    path = f"/posts/{post_id}/guess"
    async with visitor.send(path, {"value": str(value)}, json=True) as answer:
        return answer.status, await answer.json()


async def stored(app: App) -> list[Guess]:
    async with app.core.database.read() as session:
        return list(await session.scalars(select(Guess).order_by(Guess.id)))


async def test_a_guess_is_made_and_changed(app: App, bob: Visitor, post_id: int) -> None:
    for value in ("low", "high", "high"):
        status, content = await guess(bob, post_id, value)
        assert status == 200
        assert content["post"]["guesses"]["mine"] == value
        assert f'data-guess="{value}"\n          aria-pressed="true"' in content["card"]
    (kept,) = await stored(app)
    # The prediction was there for all to see.
    assert not kept.blind


async def test_by_form_a_guess_leads_back_to_where_it_was_made(bob: Visitor, post_id: int) -> None:
    _, page = await bob.page(f"/posts/{post_id}")
    form = {"value": "medium", "back": field_value(page, "back")}
    async with bob.send(f"/posts/{post_id}/guess", form) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == f"/posts/{post_id}#post-{post_id}"


@pytest.mark.parametrize("value", ["", "LOW", "1", "none", "low "])
async def test_a_guess_that_is_none_is_refused(bob: Visitor, post_id: int, value: str) -> None:
    status, content = await guess(bob, post_id, value)
    assert status == 400
    assert "low, medium or high" in content["error"]


async def test_nobody_guesses_on_their_own_post(ann: Visitor, post_id: int) -> None:
    status, content = await guess(ann, post_id, "high")
    assert (status, content["error"]) == (409, OWN_POST)
    _, page = await ann.page("/")
    assert 'data-guess="' not in page


async def test_there_is_no_guess_on_what_is_not_there(bob: Visitor, post_id: int) -> None:
    assert (await guess(bob, post_id + 1, "high"))[0] == 404


async def test_guesses_of_others_are_told_when_guessing_has_closed(
    board: WebPlatform, clock: FakeClock, bob: Visitor, post_id: int
) -> None:
    await guess(bob, post_id, "high")
    async with visiting(board.url) as cid:
        await guess(cid, post_id, "low")
    _, post = await bob.json(f"/posts/{post_id}.json")
    assert post["guesses"]["counts"] is None
    clock.forward(600)
    status, content = await guess(bob, post_id, "low")
    assert (status, content["error"]) == (409, CLOSED)
    _, post = await bob.json(f"/posts/{post_id}.json")
    assert post["guesses"]["counts"] == {"low": 1, "high": 1}
    _, page = await bob.page("/")
    assert "1 guessed high, 1 guessed low." in page
    assert "You guessed high." in page


async def test_the_outcome_says_what_a_guess_earned(
    app: App, board: WebPlatform, clock: FakeClock, bob: Visitor, post_id: int
) -> None:
    await guess(bob, post_id, "medium")
    clock.forward(1800)
    await app.jobs.run_due()
    _, post = await bob.json(f"/posts/{post_id}.json")
    # One label alone lies in the middle, and each bucket counts as one in three so far.
    assert post["guesses"]["points"] == pytest.approx(2)
    _, page = await bob.page(f"/posts/{post_id}")
    assert "You guessed medium ✔ +2.0 points." in page


class TestBlind:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"board_blind": True})

    async def test_the_prediction_is_kept_back_until_one_has_guessed(
        self, app: App, board: WebPlatform, bob: Visitor, post_id: int
    ) -> None:
        _, post = await bob.json(f"/posts/{post_id}.json")
        assert (post["stage"], post["prediction"]) == ("blind", None)
        _, page = await bob.page("/")
        assert "Guess first" in page
        assert "ikely" not in page
        _, content = await guess(bob, post_id, "high")
        assert content["post"]["prediction"] is not None
        (kept,) = await stored(app)
        assert kept.blind
        async with visiting(board.url) as cid:
            _, post = await cid.json(f"/posts/{post_id}.json")
            assert post["prediction"] is None

    async def test_a_guess_that_is_changed_after_the_prediction_was_seen_is_not_blind(
        self, app: App, bob: Visitor, post_id: int
    ) -> None:
        await guess(bob, post_id, "high")
        await guess(bob, post_id, "low")
        (kept,) = await stored(app)
        assert (kept.bucket, kept.blind) == ("low", False)

    async def test_who_skips_sees_it_and_guesses_with_open_eyes(
        self, app: App, bob: Visitor, post_id: int
    ) -> None:
        _, content = await guess(bob, post_id, "skip")
        assert content["post"]["prediction"] is not None
        assert await stored(app) == []
        await guess(bob, post_id, "high")
        (kept,) = await stored(app)
        assert not kept.blind

    async def test_everybody_sees_it_when_guessing_has_closed(
        self, clock: FakeClock, bob: Visitor, post_id: int
    ) -> None:
        clock.forward(599)
        assert (await bob.json(f"/posts/{post_id}.json"))[1]["prediction"] is None
        clock.forward(1)
        assert (await bob.json(f"/posts/{post_id}.json"))[1]["prediction"] is not None

    async def test_the_author_sees_it_and_cannot_guess(self, ann: Visitor, post_id: int) -> None:
        _, post = await ann.json(f"/posts/{post_id}.json")
        assert post["stage"] == "predicted"


class TestSilent:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"silent_share": 1})

    async def test_a_guess_on_a_secret_prediction_is_blind(
        self, app: App, clock: FakeClock, bob: Visitor, post_id: int
    ) -> None:
        _, content = await guess(bob, post_id, "high")
        assert (content["post"]["stage"], content["post"]["prediction"]) == ("secret", None)
        assert content["post"]["horizon_at"] == (clock() + timedelta(minutes=30)).isoformat()
        (kept,) = await stored(app)
        assert kept.blind

    async def test_a_secret_is_not_told_for_the_asking(self, bob: Visitor, post_id: int) -> None:
        _, content = await guess(bob, post_id, "skip")
        assert content["post"]["prediction"] is None
