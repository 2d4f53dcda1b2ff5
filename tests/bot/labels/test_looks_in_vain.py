"""Looks at a post that find no score: asked for again, and withdrawn or refused in the end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.labels.collect import LabelCollector
from bot.serving.phrases import refusal_sentence
from storage.tables import Post
from storage.types import PlatformName, PostRefusal, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform
from tests.fixtures.accepted_posts import replied, snapshots, stored

pytestmark = pytest.mark.usefixtures("one_picture")

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


async def test_a_score_that_came_too_late_makes_no_label_and_the_reply_says_so(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    (post_id,) = await replied(app, clock, "one")
    platform.scores["one"] = 10
    clock.forward(1.5 * HORIZON + 1)
    await app.jobs.read_scores()
    post = await stored(app, post_id)
    assert (post.state, post.label) == (PostState.REFUSED, None)
    assert (post.refusal_code, post.refusal) == (PostRefusal.SCORE_MISSED, None)
    assert "could not be read in time" in (refusal_sentence(post) or "")
    assert post.prediction_rows[0].scored_at is None
    # What was read is kept all the same.
    assert [each.age_seconds for each in await snapshots(app, post_id)] == [1.5 * HORIZON + 1]
    platform.away = True
    assert await app.jobs.settle_replies() == 0
    platform.away = False
    assert await app.jobs.settle_replies() == 1
    post = await stored(app, post_id)
    assert post.due_at is None
    assert post.reply is not None
    assert post.reply.state is ReplyState.SETTLED
    assert [*platform.too_late] == [post.reply.source_id]
    assert platform.outcomes == {}
    assert await app.jobs.settle_replies() == 0
