from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import App
from bot.labels.collect import LabelCollector
from bot.platform import ScoreRead
from bot.serving.phrases import refusal_sentence
from storage.queries.posts import load_post
from storage.tables import Community, Guess, Label, Post, Snapshot
from storage.types import Bucket, PlatformName, PostRefusal, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform, incoming
from tests.fixtures import images

PICTURE = images.encode(images.photo(), "PNG")


@pytest.fixture(autouse=True)
def one_picture(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every post shows the same picture; embedding it once is enough."""
    embed, embedded = app.core.serving.embed_undescribed, {}

    async def remembered(data: bytes, backbone: Any) -> Any:
        if data not in embedded:
            embedded[data] = await embed(data, backbone)
        return embedded[data]

    monkeypatch.setattr(app.core.serving, "embed_undescribed", remembered)


async def replied(app: App, clock: FakeClock, *source_ids: str, **changes: Any) -> list[int]:
    """Posts that were predicted and replied to a moment after they appeared."""
    ids = []
    for source_id in source_ids:
        post = incoming(source_id, PICTURE, **{"posted_at": clock(), **changes})
        post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
        assert post_id is not None
        await app.pipeline.advance(post_id)
        ids.append(post_id)
    return ids


async def stored(app: App, post_id: int) -> Post:
    async with app.core.database.read() as session:
        post = await session.run_sync(load_post, post_id)
    assert post is not None
    return post


async def snapshots(app: App, post_id: int) -> Sequence[Snapshot]:
    async with app.core.database.read() as session:
        query = select(Snapshot).where(Snapshot.post_id == post_id).order_by(Snapshot.reading)
        return (await session.scalars(query)).all()


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


#: What one look finds: the post is out of sight, its score cannot be told, no answer, or a score.
HIDDEN, UNTOLD, SILENCE, SCORE = "hidden", "untold", "silence", "score"


async def look_until_the_end(
    app: App, clock: FakeClock, platform: FakePlatform, source_id: str, looks: Sequence[str]
) -> Post:
    """What becomes of a post whose looks find ``looks``, the last of them until the end."""
    (post_id,) = await replied(app, clock, source_id)
    post, number = await stored(app, post_id), 0
    while post.state is PostState.AWAITING_SCORE:
        assert post.due_at is not None
        found = looks[min(number, len(looks) - 1)]
        platform.hidden = {source_id} if found == HIDDEN else set()
        platform.untold = {source_id} if found == UNTOLD else set()
        platform.scores = {source_id: 3} if found == SCORE else {}
        clock.forward((post.due_at - clock()).total_seconds())
        # Each look by a process of its own: what an earlier one learned is in the database.
        await LabelCollector(app.core.database, app.platforms, clock=clock).read_due()
        post, number = await stored(app, post_id), number + 1
        assert number < 400
    return post


@pytest.mark.parametrize(
    ("looks", "ends"),
    [
        pytest.param([HIDDEN], PostState.WITHDRAWN, id="never-in-sight"),
        pytest.param([SCORE, HIDDEN], PostState.WITHDRAWN, id="removed-after-a-first-score"),
        pytest.param([HIDDEN, SILENCE, HIDDEN], PostState.WITHDRAWN, id="an-outage-between"),
        pytest.param([UNTOLD], PostState.REFUSED, id="never-told"),
        pytest.param([UNTOLD, HIDDEN], PostState.REFUSED, id="told-of-once-then-hidden"),
        pytest.param([HIDDEN, UNTOLD, HIDDEN], PostState.REFUSED, id="told-of-between"),
        pytest.param([HIDDEN] * 5 + [UNTOLD], PostState.REFUSED, id="hidden-then-told-of"),
        pytest.param([SILENCE], PostState.REFUSED, id="never-answered"),
        pytest.param([HIDDEN] * 3 + [SCORE], PostState.SETTLING, id="back-in-time"),
    ],
)
async def test_only_what_was_out_of_sight_at_every_look_is_withdrawn(
    app: App, clock: FakeClock, platform: FakePlatform, looks: list[str], ends: PostState
) -> None:
    post = await look_until_the_end(app, clock, platform, "one", looks)
    assert post.state is ends
    missed = PostRefusal.SCORE_MISSED if ends is PostState.REFUSED else None
    assert post.refusal_code is missed


async def test_one_look_in_vain_that_comes_too_late_withdraws_nothing(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    """The bot was off for two days, and the community is private at the moment of its return."""
    (post_id,) = await replied(app, clock, "one")
    platform.hidden = {"one"}
    clock.forward(2 * 86_400)
    await app.jobs.read_scores()
    assert (await stored(app, post_id)).refusal_code is PostRefusal.SCORE_MISSED
    await app.jobs.settle_replies()
    assert platform.withdrawn == []
    assert len(platform.too_late) == 1


async def test_a_post_that_is_not_answered_for_is_asked_for_again(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    silent, answered = await replied(app, clock, "silent", "answered")
    platform.scores["answered"] = 1
    clock.forward(600)
    await app.jobs.read_scores()
    assert (await stored(app, silent)).due_at == clock() + timedelta(minutes=1)
    assert await snapshots(app, silent) == []
    assert len(await snapshots(app, answered)) == 1


async def test_scores_wait_for_a_platform_that_is_away_or_switched_off(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    clock.forward(HORIZON)
    platform.away = True
    await app.jobs.read_scores()
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE
    del app.platforms[PlatformName.REDDIT]
    clock.forward(60)
    await app.jobs.read_scores()
    assert (await stored(app, post_id)).due_at == clock() + timedelta(minutes=1)
    app.platforms[PlatformName.REDDIT] = platform
    platform.away = False
    platform.scores["one"] = 3
    clock.forward(60)
    await app.jobs.read_scores()
    assert (await stored(app, post_id)).state is PostState.SETTLING
    assert [each.reading for each in await snapshots(app, post_id)] == [HORIZON]


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


async def test_a_platform_that_fails_to_read_is_asked_again(
    app: App, clock: FakeClock, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    (post_id,) = await replied(app, clock, "one")
    clock.forward(600)

    async def fail(_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(platform, "read_scores", fail)
    assert await app.jobs.read_scores() == 1
    assert (await stored(app, post_id)).due_at == clock() + timedelta(minutes=1)


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


async def test_a_score_that_came_too_late_makes_no_label_and_says_why(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 10
    clock.forward(1.5 * HORIZON + 1)
    await app.jobs.run_due()
    post = await stored(app, post_id)
    assert (post.state, post.due_at, post.label) == (PostState.REFUSED, None, None)
    assert (post.refusal_code, post.refusal) == (PostRefusal.SCORE_MISSED, None)
    assert "could not be read in time" in (refusal_sentence(post) or "")
    assert post.prediction_rows[0].scored_at is None
    # What was read is kept all the same.
    assert [each.age_seconds for each in await snapshots(app, post_id)] == [1.5 * HORIZON + 1]


async def test_a_reply_says_that_its_outcome_came_too_late(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 10
    clock.forward(1.5 * HORIZON + 1)
    await app.jobs.read_scores()
    platform.away = True
    assert await app.jobs.settle_replies() == 0
    platform.away = False
    assert await app.jobs.settle_replies() == 1
    reply = (await stored(app, post_id)).reply
    assert reply is not None
    assert reply.state is ReplyState.SETTLED
    assert [*platform.too_late] == [reply.source_id]
    assert platform.outcomes == {}
    assert await app.jobs.settle_replies() == 0


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
