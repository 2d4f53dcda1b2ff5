from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.platform import ScoreRead
from storage.tables import Community, Guess, Label
from storage.types import Bucket, PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform
from tests.fixtures.accepted_posts import replied, snapshots, stored

pytestmark = pytest.mark.usefixtures("one_picture")


async def labelled(app: App, clock: FakeClock, scores: dict[str, int]) -> list[Label]:
    """Posts of one moment with these scores, labelled one after the other."""
    ids = await replied(app, clock, *scores)
    app.platforms[PlatformName.REDDIT].scores |= scores  # type: ignore[attr-defined]
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    labels = [(await stored(app, each)).label for each in ids]
    return [label for label in labels if label is not None]


async def test_scores_are_read_when_they_are_due_and_kept(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    for seconds, score in ((599, 1), (1, 2), (30, 3), (3570, 4), (3600, 5), (99, 6)):
        clock.forward(seconds)
        platform.scores["one"] = score
        await app.jobs.read_scores()
    found = await snapshots(app, post_id)
    # 4199 seconds old is 3600, late; the fifth is at 7800, the horizon.
    assert [(each.reading, each.score) for each in found] == [(600, 2), (3600, 4), (HORIZON, 5)]
    assert [each.age_seconds for each in found] == [600, 4200, 7800]
    assert len(platform.reads) == 3
    assert (await stored(app, post_id)).state is PostState.SETTLING


async def test_the_label_is_the_score_at_the_horizon(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = -3
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    post = await stored(app, post_id)
    assert post.label is not None
    assert (post.label.score, post.label.written_at) == (-3, clock())
    assert post.label.matured_at == post.posted_at + timedelta(seconds=HORIZON)
    # The first label has nothing to be compared with.
    assert (post.label.percentile_low, post.label.percentile_high) == (0, 1)
    assert post.label.bucket is Bucket.MEDIUM


async def test_labels_that_tie_share_their_percentiles(app: App, clock: FakeClock) -> None:
    scores = {f"p{n}": score for n, score in enumerate([0, 0, 0, 5, 9])}
    labels = await labelled(app, clock, scores)
    clock.forward(1)
    (last,) = await labelled(app, clock, {"tie": 0})
    assert (last.percentile_low, last.percentile_high) == (0, pytest.approx(4 / 6))
    clock.forward(1)
    (best,) = await labelled(app, clock, {"best": 100})
    assert (best.percentile_low, best.percentile_high) == (pytest.approx(6 / 7), 1)
    assert best.bucket is Bucket.HIGH
    assert len(labels) == 5


async def test_a_community_with_thresholds_labels_by_them(app: App, clock: FakeClock) -> None:
    ids = await replied(app, clock, "low", "medium", "high")
    async with app.core.database.write() as session:
        community = (await session.scalars(select(Community).filter_by(source_id="test"))).one()
        community.low_up_to, community.medium_up_to = 10, 20
    app.platforms[PlatformName.REDDIT].scores = {"low": 10, "medium": 11, "high": 21}  # type: ignore[attr-defined]
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    buckets = []
    for each in ids:
        label = (await stored(app, each)).label
        assert label is not None
        buckets.append(label.bucket)
    assert buckets == [Bucket.LOW, Bucket.MEDIUM, Bucket.HIGH]


async def test_predictions_are_scored_once(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.run_due()
    (first,) = (await stored(app, post_id)).prediction_rows
    assert first.scored_at == clock()
    assert None not in (first.log_score, first.rps, first.brier, first.points)
    platform.scores["one"] = 900
    clock.forward(9999)
    await app.jobs.run_due()
    post = await stored(app, post_id)
    (second,) = post.prediction_rows
    assert (second.scored_at, second.rps, second.points) == (
        first.scored_at, first.rps, first.points,
    )  # fmt: skip
    assert post.label is not None
    assert post.label.score == 7


async def test_a_prediction_made_after_the_votes_were_in_does_not_count(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    posted_at = clock()
    clock.forward(HORIZON)
    (post_id,) = await replied(app, clock, "late", posted_at=posted_at)
    platform.scores["late"] = 7
    await app.jobs.run_due()
    post = await stored(app, post_id)
    assert post.label is not None
    assert post.prediction_rows[0].scored_at is None
    assert post.prediction_rows[0].points is None


async def test_guesses_are_scored_with_the_label(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    post = await stored(app, post_id)
    async with app.core.database.write() as session:
        session.add(
            Guess(
                post_id=post_id, author_id=post.author_id, bucket=Bucket.MEDIUM,
                guessed_at=clock(), blind=True,
            )
        )  # fmt: skip
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    async with app.core.database.read() as session:
        (guess,) = (await session.scalars(select(Guess))).all()
    # No labels yet: even odds, so a right guess earns 1 / (1/3) - 1.
    assert guess.points == pytest.approx(2)


async def test_the_outcome_is_shown_once_in_the_reply(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.run_due()
    post = await stored(app, post_id)
    assert post.reply is not None
    assert (post.reply.state, post.due_at) == (ReplyState.SETTLED, None)
    assert [(each.score, each.bucket) for each in platform.outcomes.values()] == [
        (7, Bucket.MEDIUM)
    ]
    platform.outcomes.clear()
    clock.forward(9999)
    assert await app.jobs.run_due() == 0
    assert platform.outcomes == {}


async def test_an_outcome_waits_for_a_platform_that_is_away(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    platform.away = True
    await app.jobs.settle_replies()
    assert (await stored(app, post_id)).due_at == clock() + timedelta(minutes=1)
    platform.away = False
    assert await app.jobs.settle_replies() == 0
    clock.forward(60)
    assert await app.jobs.settle_replies() == 1
    assert len(platform.outcomes) == 1


async def test_a_silent_post_is_labelled_and_nothing_is_shown(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    app.pipeline._ingest._silent_share = 1
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 7
    clock.forward(HORIZON)
    await app.jobs.run_due()
    post = await stored(app, post_id)
    assert post.state is PostState.SETTLING
    assert post.prediction_rows[0].scored_at is not None
    assert post.reply is not None
    assert post.reply.state is ReplyState.SKIPPED
    assert platform.outcomes == {}


async def test_a_post_that_is_gone_is_withdrawn_without_a_label(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.gone.add("one")
    clock.forward(600)
    await app.jobs.read_scores()
    post = await stored(app, post_id)
    assert (post.state, post.due_at, post.label) == (PostState.WITHDRAWN, None, None)
    clock.forward(HORIZON)
    assert await app.jobs.run_due() == 0


async def test_many_posts_are_read_in_few_requests(
    app: App, clock: FakeClock, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.labels.collect.BATCH", 5)
    names = [f"p{n}" for n in range(8)]
    await replied(app, clock, *names)
    platform.scores = dict.fromkeys(names, 1)
    clock.forward(600)
    assert await app.jobs.read_scores() == 5
    assert await app.jobs.read_scores() == 3
    assert [len(each) for each in platform.reads] == [5, 3]


async def test_a_platform_that_fails_does_not_hold_up_the_outcomes_of_others(
    app: App, clock: FakeClock, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault nobody foresaw in one post's outcome: the others are shown all the same."""
    ids = await replied(app, clock, "bad", "good")
    platform.scores = {"bad": 1, "good": 2}
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    settle = platform.settle

    async def fail(post: Any, *rest: Any) -> None:
        if post.source_id == "bad":
            raise RuntimeError("a bug")
        await settle(post, *rest)

    monkeypatch.setattr(platform, "settle", fail)
    await app.jobs.settle_replies()
    assert len(platform.outcomes) == 1
    bad = await stored(app, ids[0])
    assert bad.due_at is not None
    assert bad.due_at > clock()


async def test_a_late_score_is_read_back_to_the_horizon(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 10
    clock.forward(HORIZON / 2)
    await app.jobs.read_scores()
    platform.scores["one"] = 100
    clock.forward(HORIZON)
    await app.jobs.read_scores()
    post = await stored(app, post_id)
    assert post.label is not None
    # From 1 h to 2 h is ln 2 of the growth to 3 h, ln 3: 63%.
    assert post.label.score == 10 + round(90 * 0.6309)
    assert [(each.age_seconds, each.score) for each in await snapshots(app, post_id)] == [
        (HORIZON / 2, 10), (1.5 * HORIZON, 100),
    ]  # fmt: skip


async def test_a_platform_that_is_switched_off_is_told_of_nothing(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await replied(app, clock, "one")
    platform.scores["one"] = 10
    clock.forward(1.5 * HORIZON + 1)
    await app.jobs.read_scores()
    del app.platforms[PlatformName.REDDIT]
    assert await app.jobs.settle_replies() == 0
    app.platforms[PlatformName.REDDIT] = platform
    assert await app.jobs.settle_replies() == 1


async def test_a_day_without_the_bot_loses_readings_and_no_posts(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    day = 24 * 3600
    ids = await replied(app, clock, "old", horizon=day)
    clock.forward(day / 2)
    ids += await replied(app, clock, "new")
    platform.scores = {"old": 40, "new": 20}
    clock.forward(day)
    await app.jobs.run_due()
    labels = [(await stored(app, each)).label for each in ids]
    assert [each is not None for each in labels] == [True, True]
    assert [len(await snapshots(app, each)) for each in ids] == [1, 1]


async def test_a_score_that_gives_the_answer_away_closes_guessing(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    ids = await replied(app, clock, "quick", "slow")
    closes_at = (await stored(app, ids[0])).guessing_closed_at
    async with app.core.database.write() as session:
        community = (await session.scalars(select(Community).filter_by(source_id="test"))).one()
        community.guess_score = 50
    platform.scores = {"quick": 50, "slow": 49}
    clock.forward(600)
    await app.jobs.read_scores()
    assert (await stored(app, ids[0])).guessing_closed_at == clock()
    assert (await stored(app, ids[1])).guessing_closed_at == closes_at


async def test_a_community_may_have_readings_of_its_own(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    await replied(app, clock, "first")
    async with app.core.database.write() as session:
        community = (await session.scalars(select(Community).filter_by(source_id="test"))).one()
        community.readings = [300, 1200]
    (post_id,) = await replied(app, clock, "one")
    assert (await stored(app, post_id)).due_at == clock() + timedelta(seconds=300)
    platform.scores["one"] = 1
    for seconds in (300, 300, 600, 600, HORIZON):
        clock.forward(seconds)
        await app.jobs.read_scores()
    assert [each.reading for each in await snapshots(app, post_id)] == [300, 1200, HORIZON]


async def test_what_the_platform_tells_besides_is_kept(
    app: App, clock: FakeClock, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    (post_id,) = await replied(app, clock, "one")

    async def read(posts: Any) -> Any:
        return {post_id: ScoreRead(5, clock(), comments=3, upvote_ratio=0.75)}

    monkeypatch.setattr(platform, "read_scores", read)
    clock.forward(600)
    await app.jobs.read_scores()
    (found,) = await snapshots(app, post_id)
    assert (found.comments, found.upvote_ratio) == (3, 0.75)
