"""From the horizon to what the card says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.app import App, build
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.tables import Community, Prediction
from storage.types import Bucket, PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor, upload, visiting

HORIZON = 1800


async def pass_horizon(app: App, clock: FakeClock) -> None:
    clock.forward(HORIZON + 1)
    while await app.jobs.run_due():
        pass


async def test_the_card_says_what_was_predicted_and_what_it_was(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await pass_horizon(app, clock)
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert post["stage"] == "final"
    assert post["outcome"]["score"] == 0
    assert post["outcome"]["sentences"][0].startswith("Predicted ")
    assert "no other score" in post["outcome"]["sentences"][1]
    assert [each["score"] for each in post["snapshots"]] == [0]
    for path in ("/", f"/posts/{post_id}"):
        _, page = await ann.page(path)
        assert "→ score 0." in page
        assert not {"✔", "✘"} & set(page)
        assert "later votes change nothing" in page
        assert "left to vote" not in page


@pytest.mark.parametrize(("bucket", "mark"), [("high", "✔"), ("low", "✘")])
async def test_right_and_wrong_are_told_apart(
    ann: Visitor,
    bob: Visitor,
    app: App,
    board: WebPlatform,
    clock: FakeClock,
    bucket: str,
    mark: str,
) -> None:
    # Five posts that nobody likes, and one that somebody does: it beats them all.
    ids = [(await ann.post())[1]["post"]["id"] for _ in range(6)]
    await board.tasks.idle()
    chances = {"p_low": 0.1, "p_medium": 0.1, "p_high": 0.1} | {f"p_{bucket}": 0.8}
    async with app.core.database.write() as session:
        await session.execute(update(Prediction).values(**chances))
    await bob.vote(ids[-1], 1)
    await pass_horizon(app, clock)
    _, post = await ann.json(f"/posts/{ids[-1]}.json")
    assert post["outcome"]["bucket"] == "high"
    assert post["outcome"]["right"] is (bucket == "high")
    assert mark in post["outcome"]["sentences"][0]
    assert post["outcome"]["sentences"][1] == (
        "It beats 5 of the 5 other posts that have ended in Main Street."
    )
    _, page = await ann.page(f"/posts/{ids[-1]}")
    assert ("is-right" if bucket == "high" else "is-wrong") in page


async def test_between_the_horizon_and_the_label_the_votes_are_being_counted(
    bob: Visitor, clock: FakeClock, post_id: int
) -> None:
    clock.forward(HORIZON)
    _, post = await bob.json(f"/posts/{post_id}.json")
    assert post["stage"] == "counting"
    assert post["prediction"] is not None
    assert "being counted" in (await bob.page("/"))[1]


async def test_a_prediction_that_came_after_the_votes_says_so(
    ann: Visitor, app: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(app.pipeline.__class__, "advance", away)
        _, content = await ann.post()
    await pass_horizon(app, clock)
    _, post = await ann.json(content["post"]["url"] + ".json")
    assert post["stage"] == "final"
    assert any("after the votes were in" in note for note in post["notes"])


class TestSilentShare:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"silent_share": 1.0})

    async def test_a_silent_prediction_is_told_to_nobody_until_the_votes_are_in(
        self, ann: Visitor, bob: Visitor, app: App, clock: FakeClock, post_id: int
    ) -> None:
        for forward, stage in ((0, "secret"), (HORIZON, "counting")):
            clock.forward(forward)
            for visitor in (ann, bob):
                _, post = await visitor.json(f"/posts/{post_id}.json")
                assert post["stage"] == stage
                assert post["prediction"] is None
                for path in ("/", f"/posts/{post_id}"):
                    _, page = await visitor.page(path)
                    assert "kept secret until the votes are in" in page
                    assert "ikely" not in page
                    assert "bar-fill" not in page
                    assert "chart-column" not in page
        await pass_horizon(app, clock)
        _, post = await bob.json(f"/posts/{post_id}.json")
        assert post["stage"] == "final"
        assert post["prediction"] is not None
        assert any("was kept secret" in note for note in post["notes"])


async def test_a_paused_board_shows_no_prediction_before_the_votes_are_in(
    ann: Visitor, app: App, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    async with app.core.database.write() as session:
        await session.execute(
            update(Community).values(paused_at=clock(), paused_reason="On purpose.")
        )
    # What was shown before stays.
    assert (await ann.json(f"/posts/{post_id}.json"))[1]["stage"] == "predicted"
    _, content = await ann.post()
    await board.tasks.idle()
    path = content["post"]["url"]
    _, post = await ann.json(f"{path}.json")
    assert (post["stage"], post["prediction"]) == ("secret", None)
    _, page = await ann.page(path)
    assert "not announced here" in page
    assert "bar-fill" not in page
    assert (await ann.page(f"{path}/heat.png"))[0] == 404
    await pass_horizon(app, clock)
    _, post = await ann.json(f"{path}.json")
    assert (post["stage"], post["prediction"] is None) == ("final", False)


class TestFirstDay:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"scores_to_compare": 3})

    async def test_the_first_outcome_waits_and_says_for_what(
        self, ann: Visitor, bob: Visitor, app: App, board: WebPlatform, clock: FakeClock,
        post_id: int,
    ) -> None:  # fmt: skip
        async with bob.send(f"/posts/{post_id}/guess", {"value": "low"}, json=True) as answer:
            assert answer.status == 200
        await pass_horizon(app, clock)
        path = f"/posts/{post_id}"
        _, post = await ann.json(f"{path}.json")
        assert post["stage"] == "waiting"
        assert (post["outcome"]["score"], post["outcome"]["missing"]) == (0, 2)
        assert (post["outcome"]["bucket"], post["outcome"]["right"]) == (None, None)
        _, page = await bob.page(path)
        assert "ended with 3 different scores; 2 more are needed" in page
        assert "You guessed low." in page
        assert not {"✔", "✘"} & set(page)
        assert "is-right" not in page
        assert "is-wrong" not in page
        assert (await ann.page("/league"))[0] == 200
        # Two more posts that end with other scores.
        others = [(await ann.post())[1]["post"]["id"] for _ in range(2)]
        await board.tasks.idle()
        await bob.vote(others[0], 1)
        await bob.vote(others[1], -1)
        await pass_horizon(app, clock)
        for each, bucket in zip((others[1], post_id, others[0]), Bucket, strict=True):
            _, post = await ann.json(f"/posts/{each}.json")
            assert (post["stage"], post["outcome"]["bucket"]) == ("final", bucket.value)
        assert "You guessed low ✘ −1.0 points." in (await bob.page(path))[1]


async def test_the_whole_prediction_is_on_the_posts_own_page(
    ann: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    _, page = await ann.page(f"/posts/{post_id}")
    assert page.count("chart-column") == 10
    assert "90 to 100%" in page
    assert "chart-outcome" not in page
    await pass_horizon(app, clock)
    assert "chart-outcome" in (await ann.page(f"/posts/{post_id}"))[1]


@pytest.mark.parametrize(("minutes", "early"), [(5.0, []), (60.0, [600.0])])
async def test_a_new_horizon_in_the_settings_is_followed(
    app: App, board: WebPlatform, clock: FakeClock, post_id: int, minutes: float, early: list[float]
) -> None:
    await board.stop()
    changed = app.core.settings.model_copy(update={"board_horizon_minutes": minutes})
    app = build(replace(app.core, settings=changed))
    board = app.platforms[PlatformName.WEB]  # type: ignore[assignment]
    await board.start()
    try:
        async with visiting(board.url) as visitor:
            horizon_at = (clock() + timedelta(minutes=minutes)).isoformat()
            _, post = await visitor.json(f"/posts/{post_id}.json")
            assert post["horizon_at"] == horizon_at
            async with visitor.send("/posts", upload(), json=True) as answer:
                assert (await answer.json())["post"]["horizon_at"] == horizon_at
            for step in (*early, 60 * minutes - sum(early)):
                _, post = await visitor.json(f"/posts/{post_id}.json")
                assert post["stage"] == "predicted"
                clock.forward(step)
                await app.jobs.run_due()
            _, post = await visitor.json(f"/posts/{post_id}.json")
            assert post["stage"] == "final"
            assert [each["age_seconds"] for each in post["snapshots"]] == [*early, 60 * minutes]
    finally:
        await board.stop()
