"""Posts of the past: interrupted, slowed down, and gone on with."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.core import open_core
from bot.platform import PlatformRefused
from bot.reddit.backfill import MAX_TRIES, Backfill, BackfillReport, Listing
from bot.reddit.items import Rules
from storage.tables import Author, ImagelessPost, Label, Post, PostImage
from storage.types import PostOrigin, PostState
from tests.bot.reddit.conftest import client_of, reddit_settings
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import gallery


class Run:
    """A back-fill of r/aww whose waits move the clock, and what it said meanwhile."""

    def __init__(self, data_dir: Path, reddit: FakeReddit, clock: FakeClock) -> None:
        self.settings = reddit_settings(data_dir, reddit.origin)
        self.clock = clock
        self.waits: list[float] = []
        self.said: list[tuple[str, int, int]] = []
        self.posts: list[Post] = []
        self.labels: list[Label] = []
        self.imageless: list[ImagelessPost] = []
        self.authors: list[Author] = []
        self.images: list[PostImage] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.forward(seconds)

    async def __call__(self, limit: int = 1000) -> BackfillReport:
        client = client_of(self.settings, self.clock)
        client.pace._jitter = lambda: 1.0
        async with open_core(self.settings, clock=self.clock) as core:
            try:
                fill = Backfill(core, client, Rules(timedelta(hours=6)), sleep=self.sleep)
                return await fill.run(
                    "aww",
                    limit=limit,
                    listing=Listing.NEW,
                    on_advance=lambda *told: self.said.append(told),
                )
            finally:
                await client.close()
                async with core.database.read() as session:
                    query = select(Post).order_by(Post.posted_at)
                    self.posts = [*await session.scalars(query)]
                    self.imageless = [*await session.scalars(select(ImagelessPost))]
                    self.labels = [*await session.scalars(select(Label))]
                    self.authors = [*await session.scalars(select(Author))]
                    query_images = select(PostImage).order_by(PostImage.position)
                    self.images = [*await session.scalars(query_images)]


@pytest.fixture
def run(data_dir: Path, reddit: FakeReddit, clock: FakeClock) -> Run:
    return Run(data_dir, reddit, clock)


def past(reddit: FakeReddit, clock: FakeClock, count: int) -> None:
    for number in range(count):
        reddit.post("aww", score=number)
        clock.forward(60)
    clock.forward(25 * 3600)


async def test_it_waits_as_told_and_goes_on(run: Run, reddit: FakeReddit, clock: FakeClock) -> None:
    past(reddit, clock, 150)
    reddit.fail("/new", status=429, headers={"retry-after": "45"})
    reddit.fail("/new", status=503)
    report = await run()
    assert report.imported.imported == report.imported.labelled == 150
    assert run.waits == [46, 5]
    assert run.said[0] == ("Waiting 46 s: Reddit asked for fewer requests", 0, 0)
    assert run.said[-1] == ("Writing labels", 150, 150)
    assert {post.origin for post in run.posts} == {PostOrigin.IMPORTED}
    assert {post.state for post in run.posts} == {PostState.LABELLED}
    assert sorted(label.score for label in run.labels) == [*range(150)]
    assert len(run.authors) == 1


async def test_it_goes_on_where_it_was_stopped(
    run: Run, reddit: FakeReddit, clock: FakeClock
) -> None:
    past(reddit, clock, 120)
    reddit.shuffle = lambda posts: reddit.fail("/new", times=99, status=500) or posts
    with pytest.raises(PlatformRefused, match="goes on from here"):
        await run()
    assert len(run.waits) == MAX_TRIES
    assert len(run.posts) == 100
    assert run.labels == []
    reddit.shuffle = None
    reddit.faults.clear()
    clock.forward(700)
    report = await run()
    assert (report.imported.known, report.imported.imported) == (100, 20)
    assert report.imported.labelled == len(run.labels) == 120


async def test_scores_that_are_not_final_are_left_out(
    run: Run, reddit: FakeReddit, clock: FakeClock
) -> None:
    past(reddit, clock, 3)
    reddit.post("aww", score=5)
    reddit.post("aww", score="many")
    report = await run()
    assert report.imported.imported == 3
    assert report.skipped == {"too young: its score is not final": 1, "no score": 1}


async def test_a_revoked_account_ends_it(run: Run, reddit: FakeReddit) -> None:
    reddit.revoked = True
    with pytest.raises(PlatformRefused, match="PEORIA_REDDIT_PASSWORD"):
        await run()


async def test_what_has_no_image_counts_in_records_once_its_score_is_final(
    run: Run, reddit: FakeReddit, clock: FakeClock
) -> None:
    text = reddit.post("aww", is_self=True, score=1)
    reddit.post("aww", removed_by_category="moderator", is_self=True)
    past(reddit, clock, 3)
    reddit.post("aww", is_self=True)
    report = await run()
    assert (report.imported.imported, report.skipped["text"]) == (3, 2)
    (found,) = run.imageless
    # It came before the three, which score 0, 1 and 2.
    assert (found.source_id, found.percentile_low, found.percentile_high) == (text["name"], 0, 1)
    assert len(run.labels) == 3


async def test_a_gallery_is_stored_with_all_of_its_images_that_are_there(
    run: Run, reddit: FakeReddit, clock: FakeClock
) -> None:
    pictures = gallery(reddit.origin, "gone", "there", "too")
    reddit.post("aww", created_utc=clock().timestamp() - 3 * 86_400, score=9, **pictures)
    reddit.fail("/img/gone", status=404, times=9)
    report = await run()
    assert len(report.imported.new_ids) == 1
    (label,) = run.labels
    assert label.score == 9
    assert [image.position for image in run.images] == [0, 1]
