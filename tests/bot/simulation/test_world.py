"""The made-up community: the same seed makes the same world, and its truth is what it says."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.platform import PlatformUnavailable, PostGone, PostRef, PostRemoved, ScoreRead
from bot.serving.forecast import read_card
from bot.simulation.clock import SimulatedClock
from bot.simulation.community import COMMUNITY, HORIZON, START, MadePost, World
from bot.simulation.guessers import FIRST_MINUTE, LAST_MINUTE, guesses
from bot.simulation.platform import SimulatedPlatform
from bot.simulation.truth import AUTHOR, IMAGE, LEVEL, LIFT, TIME, TITLE, grown
from models.distribution import UNIFORM
from models.percentiles import BucketRule, Quantiles

CARD = read_card(UNIFORM, Quantiles((), "none"), BucketRule(), "a version")


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, 400, 8)


def ref(post: MadePost) -> PostRef:
    return PostRef(post.number, post.source_id, COMMUNITY.source_id, post.posted_at)


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    again, other = World(7, 400, 8), World(8, 400, 8)
    assert again.posts == world.posts
    assert again.away == world.away
    assert guesses(again) == guesses(world)
    assert other.posts != world.posts
    assert [post.picture() for post in again.posts[:9]] == [
        post.picture() for post in world.posts[:9]
    ]


def test_posts_come_in_order_and_within_the_days(world: World) -> None:
    moments = [post.posted_at for post in world.posts]
    assert moments == sorted(moments)
    assert moments[0] >= START
    assert moments[-1] < START + timedelta(days=8)
    assert all(post.seen_at >= post.posted_at for post in world.posts)
    closed = [*world.away, *world.off]
    assert not any(period.holds(post.seen_at) for post in world.posts for period in closed)


def test_the_parts_of_the_truth_weigh_what_they_should(world: World) -> None:
    expected = np.array([post.expected for post in world.posts])
    assert expected.mean() == pytest.approx(LEVEL)
    alone = (IMAGE**2 + TITLE**2 + TIME**2 + AUTHOR**2) ** 0.5
    assert expected.std() == pytest.approx(alone, rel=0.15)


def test_votes_only_grow_and_are_whole_at_the_horizon() -> None:
    shares = [grown(age, HORIZON, 6 * 3600) for age in range(-600, 2 * HORIZON, 600)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert grown(HORIZON, HORIZON, 6 * 3600) == 1
    assert shares[-1] > 1


def test_people_guess_while_guessing_is_open(world: World) -> None:
    for guess in guesses(world):
        age = guess.at - world.by_source_id[guess.source_id].posted_at
        assert timedelta(minutes=FIRST_MINUTE) <= age <= timedelta(minutes=LAST_MINUTE)


async def test_a_reply_is_kept_once_and_lifts_the_votes(world: World, tmp_path: Path) -> None:
    clock = SimulatedClock(tmp_path / "clock", START)
    path = tmp_path / "replies.jsonl"
    post = next(
        each
        for each in world.posts
        if not each.deleted_at and not any(period.holds(each.posted_at) for period in world.away)
    )
    clock.move_to(post.posted_at)
    platform = SimulatedPlatform(world, path, clock)
    before = platform.score(post, post.posted_at + timedelta(seconds=HORIZON))
    reply_id = await platform.reply(ref(post), CARD, sent_before=False)
    assert platform.lift(post) == pytest.approx(LIFT)
    after = platform.score(post, post.posted_at + timedelta(seconds=HORIZON))
    assert after + 1 == pytest.approx((before + 1) * LIFT, abs=1.2)
    await platform.stop()
    # Killed in the middle of a line: nobody was told of it.
    with path.open("a") as file:
        file.write('{"post": "t3_')
    again = SimulatedPlatform(world, path, SimulatedClock(tmp_path / "clock", START))
    assert await again.reply(ref(post), CARD, sent_before=True) == reply_id
    assert again.doubled == []
    await again.stop()


async def test_deleted_posts_and_an_absent_platform(world: World, tmp_path: Path) -> None:
    clock = SimulatedClock(tmp_path / "clock", START)
    platform = SimulatedPlatform(world, tmp_path / "replies.jsonl", clock)
    deleted = next(post for post in world.posts if post.deleted_at)
    kept = next(post for post in world.posts if not post.deleted_at and not post.unread)
    clock.move_to(START + timedelta(days=30))
    readings = await platform.read_scores([ref(deleted), ref(kept)])
    assert readings[deleted.number] == PostRemoved()
    assert isinstance(readings[kept.number], ScoreRead)
    with pytest.raises(PostGone):
        await platform.reply(ref(deleted), CARD, sent_before=False)
    clock.move_to(world.away[0].start)
    with pytest.raises(PlatformUnavailable):
        await platform.read_scores([ref(kept)])
    await platform.stop()
