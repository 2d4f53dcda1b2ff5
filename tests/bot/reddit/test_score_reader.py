"""Many scores a request, and no request that can be spared."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platform import PostHidden, PostRef, PostRemoved, ReadLater, ScoreRead
from bot.reddit.score_reader import ScoreReader, read_score
from storage.tables import Label, Post, Snapshot
from storage.types import PostState
from tests.bot.reddit.conftest import Bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.reddit import FakeReddit

HOUR = timedelta(hours=1)


class InfoOnly:
    """A client that knows a score of everything, and counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.missing: set[str] = set()

    async def info(self, names: list[str]) -> dict[str, Any]:
        self.asked.append(list(names))
        return {name: {"score": 7} for name in names if name not in self.missing}


def refs(count: int, horizon: timedelta, first: int = 1) -> list[PostRef]:
    return [PostRef(n, f"t3_{n}", "aww", START + horizon) for n in range(first, first + count)]


def scores(client: InfoOnly, clock: FakeClock, **changes: Any) -> ScoreReader:
    listed: dict[str, ScoreRead] = changes.pop("listed", {})
    return ScoreReader(client, listed.get, gather=changes.pop("gather", HOUR), clock=clock)  # type: ignore[arg-type]


async def test_final_scores_are_gathered() -> None:
    client, clock = InfoOnly(), FakeClock(START + timedelta(minutes=20))
    reader = scores(client, clock)
    due = refs(30, timedelta(minutes=10))
    answers = await reader.read(due)
    assert client.asked == []
    assert set(answers.values()) == {ReadLater(START + HOUR)}
    clock.now = START + HOUR
    answers = await reader.read(due)
    assert len(client.asked) == 1
    assert all(isinstance(answer, ScoreRead) for answer in answers.values())


async def test_a_hundred_do_not_wait() -> None:
    client, clock = InfoOnly(), FakeClock(START + timedelta(minutes=20))
    answers = await scores(client, clock).read(refs(100, timedelta(minutes=10)))
    assert len(client.asked) == 1
    assert len(answers) == 100


async def test_early_scores_ride_along_and_never_alone() -> None:
    client, clock = InfoOnly(), FakeClock(START + HOUR)
    reader = scores(client, clock)
    early = refs(60, 24 * HOUR)
    assert set((await reader.read(early)).values()) == {ReadLater(START + 2 * HOUR)}
    assert client.asked == []
    final = refs(70, HOUR, first=101)
    answers = await reader.read([*final, *early])
    assert [len(names) for names in client.asked] == [100]
    assert sum(isinstance(answer, ScoreRead) for answer in answers.values()) == 100
    assert sum(isinstance(answer, ReadLater) for answer in answers.values()) == 30


async def test_early_scores_come_from_listings_for_nothing() -> None:
    client, clock = InfoOnly(), FakeClock(START + timedelta(minutes=11))
    listed = {"t3_1": ScoreRead(5, START + timedelta(minutes=10))}
    reader = scores(client, clock, listed=listed)
    (post,) = refs(1, 24 * HOUR)
    # What was listed before it was asked for may be too early.
    assert await reader.read([post]) == {1: ReadLater(clock() + timedelta(minutes=1))}
    listed["t3_1"] = ScoreRead(6, clock())
    assert await reader.read([post]) == {1: ScoreRead(6, clock())}
    assert client.asked == []


async def test_without_gathering_every_score_is_read_when_it_is_due() -> None:
    client, clock = InfoOnly(), FakeClock(START + timedelta(minutes=10))
    reader = scores(client, clock, gather=timedelta())
    answers = await reader.read(refs(1, timedelta(minutes=10)))
    assert isinstance(answers[1], ScoreRead)


async def test_a_post_that_reddit_does_not_tell_of_is_out_of_sight_and_not_gone() -> None:
    client, clock = InfoOnly(), FakeClock(START + HOUR)
    client.missing = {"t3_2"}
    reader = scores(client, clock)
    due = refs(2, HOUR)
    for _ in range(5):
        assert (await reader.read(due))[2] == PostHidden()
    client.missing = set()
    assert isinstance((await reader.read(due))[2], ScoreRead)


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({}, ScoreRead(7, START)),
        ({"num_comments": 3, "upvote_ratio": 0.9}, ScoreRead(7, START, 3, 0.9)),
        ({"num_comments": -3, "upvote_ratio": 9}, ScoreRead(7, START)),
        ({"score": -4}, ScoreRead(-4, START)),
        ({"score": "7"}, None),
        ({"score": True}, None),
        ({"score": 10**400}, None),
        ({"removed_by_category": "moderator"}, PostHidden()),
        ({"removed_by_category": "deleted", "score": 7}, PostRemoved()),
        ({"removed_by_category": "automod_filtered"}, PostHidden()),
        ({"selftext": "[removed]"}, PostHidden()),
        ({"selftext": "[deleted]"}, PostRemoved()),
        # The account is gone; the post is not.
        ({"author": "[deleted]"}, ScoreRead(7, START)),
    ],
)
def test_what_a_score_is(
    changes: dict[str, Any], read: ScoreRead | PostRemoved | PostHidden | None
) -> None:
    assert read_score({"score": 7, **changes}, START) == read


@given(
    st.lists(
        st.tuples(st.integers(-90, 90), st.booleans()), min_size=1, max_size=230
    ),
    st.integers(0, 180),
)  # fmt: skip
async def test_everything_is_answered_and_nothing_asked_too_early(
    posts: list[tuple[int, bool]], gather: int
) -> None:
    client, clock = InfoOnly(), FakeClock(START)
    due = [
        PostRef(n, f"t3_{n}", "aww", START + timedelta(minutes=minutes))
        for n, (minutes, _) in enumerate(posts)
    ]
    listed = {f"t3_{n}": ScoreRead(1, START) for n, (_, known) in enumerate(posts) if known}
    window = timedelta(minutes=gather)
    answers = await scores(client, clock, gather=window, listed=listed).read(due)
    assert set(answers) == {post.post_id for post in due}
    final = {post.source_id for post in due if post.horizon_at <= START}
    for names in client.asked:
        assert len(names) <= 100
        assert final & set(names), "no request without a final score"
    for post in due:
        answer = answers[post.post_id]
        if isinstance(answer, ReadLater):
            assert answer.until > START
            assert answer.until <= max(post.horizon_at, START) + max(window, timedelta(minutes=1))


async def test_a_deleted_post_is_withdrawn_and_a_removed_one_when_it_is_too_late(
    bot: Bot, reddit: FakeReddit
) -> None:
    kept, removed, deleted = (reddit.post("aww") for _ in range(3))
    await bot.tick()
    reddit.remove(removed["name"])
    reddit.delete(deleted["name"])
    bot.clock.forward(24 * 3600)
    await bot.tick()
    assert len(await bot.all(Label)) == 1
    states = {post.source_id: post.state for post in await bot.all(Post)}
    assert states == {
        kept["name"]: PostState.SETTLING,
        removed["name"]: PostState.AWAITING_SCORE,
        deleted["name"]: PostState.WITHDRAWN,
    }
    bot.clock.forward(13 * 3600)
    await bot.tick()
    post = await bot.post(removed["name"])
    assert post is not None
    assert post.state is PostState.WITHDRAWN
    assert reddit.comments_on(removed["name"]) == []


async def test_a_post_that_is_approved_after_its_horizon_gets_its_label(
    bot: Bot, reddit: FakeReddit
) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    reddit.remove(shown["name"])
    bot.clock.forward(24 * 3600)
    await bot.tick()
    bot.clock.forward(20 * 60)
    shown.update(removed_by_category=None, selftext="", score=9)
    await bot.tick()
    (label,) = await bot.all(Label)
    assert label.post_id
    assert len(reddit.comments_on(shown["name"])) == 1


async def test_a_subreddit_that_is_private_for_a_day_loses_nothing(
    bot: Bot, reddit: FakeReddit
) -> None:
    place = reddit.subreddit("aww")
    shown = [reddit.post("aww", author=f"a{n}") for n in range(5)]
    await bot.tick()
    place.private = True
    for _ in range(24):
        bot.clock.forward(3600)
        await bot.tick()
    assert {post.state for post in await bot.all(Post)} == {PostState.AWAITING_SCORE}
    assert all(len(reddit.comments_on(post["name"])) == 1 for post in shown)
    place.private = False
    bot.clock.forward(3600)
    await bot.tick()
    assert len(await bot.all(Label)) == 5
    new = reddit.post("aww")
    bot.clock.forward(60)
    await bot.tick()
    assert await bot.post(new["name"]) is not None


async def test_readings_of_a_post_along_its_way(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    moments = sorted({0, 5, 10, 15, *range(30, 24 * 60 + 31, 30), 65, 365, 24 * 60 + 5})
    for minutes, following in zip(moments, [*moments[1:], 24 * 60 + 60], strict=True):
        shown["score"] = minutes
        shown["num_comments"] = minutes // 10
        await bot.tick()
        bot.clock.forward((following - minutes) * 60)
    read = {each.reading: (each.score, each.comments) for each in await bot.all(Snapshot)}
    assert set(read) == {600, 3600, 21600, 86400}
    assert read[86400] == (1440, 144)
    # Each within a few minutes of its time, and none of the early ones cost a request.
    for reading, (score, _) in read.items():
        assert reading <= score * 60 <= reading + 600
    assert bot.reddit.scores.requests == 1
