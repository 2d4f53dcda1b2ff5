"""Records are the same when serving and when training, and know nothing that came later."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people.consent import opt_in, opt_out
from bot.people.erasure import forget_person
from models.author_record import LOOK_BACK, AuthorRecord
from models.pace import Pace
from models.records import Records, moment_of, read_ledgers, records_of
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Author, Base, Community, ImagelessPost, Label, Post
from storage.types import Bucket, PlatformName, PostOrigin, PostRefusal, PostState

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HORIZONS = {1: 24 * 3600, 2: 3600}
#: People by number; the last one opted out.
PEOPLE, OPTED_OUT = (1, 2, 3), 3


@dataclass(frozen=True)
class Made:
    """A post to be stored; times in hours after `START`."""

    community: int = 1
    author: int | None = 1
    posted: int = 0
    #: How much later than it was posted it was seen; negative: dated in the future.
    seen_after: int = 0
    #: Percentile of its label, hundredths; None: no label.
    percent: int | None = None
    #: How much later than at the horizon of today its label matured (the horizon was longer).
    late: int = 0
    state: PostState = PostState.AWAITING_SCORE
    origin: PostOrigin = PostOrigin.LIVE
    has_image: bool = True


made_posts = st.lists(
    st.builds(
        Made,
        community=st.sampled_from([1, 1, 1, 2]),
        author=st.sampled_from([None, 1, 1, 2, OPTED_OUT]),
        posted=st.integers(0, 60),
        seen_after=st.sampled_from([0, 0, 1, -30, 1000]),
        percent=st.none() | st.integers(0, 99),
        late=st.sampled_from([0, 0, 0, 12]),
        state=st.sampled_from(
            [PostState.AWAITING_SCORE, PostState.WITHDRAWN, PostState.REFUSED, PostState.SEEN]
        ),
        origin=st.sampled_from(list(PostOrigin)),
        has_image=st.sampled_from([True, True, False]),
    ),
    min_size=1,
    max_size=14,
)


class Stored:
    """A database that tests fill and ask, from functions that are not coroutines."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{folder / 'records.db'}")
        self.run = runner.run
        self.posts: Sequence[Made] = ()
        runner.run(self._create())

    async def _create(self) -> None:
        async with self.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    def fill(self, posts: Sequence[Made]) -> None:
        """Store posts in place of all that were there; their ids count from 1."""
        self.posts = posts
        self.run(self._fill(posts))

    async def _fill(self, posts: Sequence[Made]) -> None:
        async with self.database.write() as session:
            for table in (Label, Post, ImagelessPost, Author, Community):
                await session.execute(delete(table))
            await _insert(
                session,
                Community,
                [
                    {
                        "id": key, "platform": PlatformName.WEB, "source_id": f"c{key}",
                        "name": f"c{key}", "horizon_seconds": seconds, "created_at": START,
                        "options": {},
                    }
                    for key, seconds in HORIZONS.items()
                ],
            )  # fmt: skip
            await _insert(
                session,
                Author,
                [
                    {
                        "id": key, "platform": PlatformName.WEB, "hash": f"{key:064x}",
                        "opted_out_at": START if key == OPTED_OUT else None,
                    }
                    for key in PEOPLE
                ],
            )  # fmt: skip
            await add_posts(session, posts, first=1)

    def moment(self, post_id: int) -> datetime:
        post = self.posts[post_id - 1]
        posted_at = START + post.posted * HOUR
        return moment_of(posted_at, posted_at + post.seen_after * HOUR)

    def served(self, post_id: int) -> Records:
        """The records of a post as a prediction reads them."""

        async def ask() -> Records:
            post = self.posts[post_id - 1]
            async with self.database.read() as session:
                return await session.run_sync(
                    records_of, post_id=post_id, community_id=post.community,
                    author_id=post.author, moment=self.moment(post_id),
                    horizon_seconds=HORIZONS[post.community],
                )  # fmt: skip

        return self.run(ask())

    def trained_on(self) -> list[Records]:
        """The records of all posts as training reads them."""

        async def ask() -> list[Records]:
            async with self.database.read() as session:
                ledgers = await read_ledgers(session)
            return [
                ledgers.at(post.community, post.author, self.moment(number))
                for number, post in enumerate(self.posts, 1)
            ]

        return self.run(ask())


async def _insert(session: AsyncSession, entity: type[Base], rows: list[dict[str, object]]) -> None:
    if rows:
        await session.execute(insert(table_of(entity)), rows)


async def add_posts(session: AsyncSession, posts: Sequence[Made], *, first: int) -> None:
    """Store posts with ids from ``first`` on."""
    rows, labels, imageless = [], [], []
    for number, post in enumerate(posts, first):
        posted_at = START + post.posted * HOUR
        matured_at = posted_at + timedelta(seconds=HORIZONS[post.community]) + post.late * HOUR
        if not post.has_image:
            low = None if post.percent is None else post.percent / 100
            imageless.append(
                {
                    "id": number, "community_id": post.community, "platform": PlatformName.WEB,
                    "source_id": f"p{number}", "author_id": post.author, "posted_at": posted_at,
                    "seen_at": posted_at + post.seen_after * HOUR,
                    "matured_at": None if low is None else matured_at,
                    "percentile_low": low, "percentile_high": None if low is None else low + 0.01,
                }
            )  # fmt: skip
            continue
        rows.append(
            {
                "id": number, "community_id": post.community, "platform": PlatformName.WEB,
                "source_id": f"p{number}", "author_id": post.author, "origin": post.origin,
                "title": "", "posted_at": posted_at, "seen_at": posted_at + post.seen_after * HOUR,
                "predicted_at": posted_at, "state": post.state, "due_at": None, "tries": 0,
                "silent": False,
                "refusal_code": PostRefusal.NO_IMAGE if post.state == PostState.REFUSED else None,
            }
        )  # fmt: skip
        if post.percent is not None:
            labels.append(
                {
                    "post_id": number, "community_id": post.community, "score": 1.0,
                    "percentile_low": post.percent / 100,
                    "percentile_high": (post.percent + 1) / 100,
                    "bucket": Bucket.LOW, "matured_at": matured_at,
                    "written_at": matured_at + HOUR,
                }
            )  # fmt: skip
    await _insert(session, Post, rows)
    await _insert(session, Label, labels)
    await _insert(session, ImagelessPost, imageless)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    with asyncio.Runner() as runner:
        made = Stored(tmp_path, runner)
        yield made
        runner.run(made.database.close())


with_database = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@with_database
@given(posts=made_posts)
def test_serving_and_training_read_equal_records(stored: Stored, posts: list[Made]) -> None:
    stored.fill(posts)
    trained_on = stored.trained_on()
    for number in range(1, len(posts) + 1):
        assert stored.served(number) == trained_on[number - 1]


@with_database
@given(
    posts=made_posts,
    chosen=st.integers(0, 13),
    more=made_posts,
    turned=st.integers(0, 99),
    state=st.sampled_from([PostState.WITHDRAWN, PostState.SETTLING]),
)
def test_whatever_happens_later_changes_no_record(
    stored: Stored, posts: list[Made], chosen: int, more: list[Made], turned: int, state: PostState
) -> None:
    stored.fill(posts)
    post_id = chosen % len(posts) + 1
    moment, before = stored.moment(post_id), stored.served(post_id)
    later = [each for each in more if START + each.posted * HOUR >= moment]

    async def change() -> None:
        async with stored.database.write() as session:
            # Labels that matured later turn around, every post moves on, and new ones appear.
            await session.execute(
                update(Label)
                .where(Label.matured_at > moment)
                .values(percentile_low=turned / 100, percentile_high=(turned + 1) / 100)
            )
            await session.execute(update(Post).values(state=state, refusal_code=None))
            await add_posts(session, later, first=len(posts) + 1)

    stored.run(change())
    assert stored.served(post_id) == before
    assert stored.trained_on()[post_id - 1] == before

    async def drop() -> None:
        async with stored.database.write() as session:
            await session.execute(delete(Label).where(Label.matured_at > moment))
            await session.execute(delete(Post).where(Post.posted_at >= moment, Post.id != post_id))

    stored.run(drop())
    assert stored.served(post_id) == before


def both(stored: Stored, posts: Sequence[Made]) -> AuthorRecord:
    """The author's record at the last of some posts, which serving and training agree on."""
    stored.fill(posts)
    served = stored.served(len(posts)).author
    assert served == stored.trained_on()[-1].author
    return served


def test_a_post_counts_from_the_moment_after_it_was_posted(stored: Stored) -> None:
    posts = [Made(posted=3), Made(posted=5), Made(posted=5)]
    assert both(stored, posts).posts == 1
    assert both(stored, [*posts, Made(posted=6)]).posts == 3


def test_a_label_counts_from_the_moment_it_matured(stored: Stored) -> None:
    early = Made(posted=0, percent=80)
    assert both(stored, [early, Made(posted=23)]).n == 0
    assert both(stored, [early, Made(posted=23)]).waiting == 1
    assert both(stored, [early, Made(posted=24)]).n == 1
    assert both(stored, [early, Made(posted=24)]).waiting == 0


@pytest.mark.parametrize("state", [PostState.WITHDRAWN, PostState.REFUSED])
def test_what_became_of_a_post_plays_no_part(stored: Stored, state: PostState) -> None:
    # It was not known when the next one appeared.
    ended = both(stored, [Made(posted=0, state=state), Made(posted=5)])
    assert (ended.posts, ended.waiting, ended.n) == (1, 1, 0)
    assert both(stored, [Made(posted=0, state=state), Made(posted=50)]).waiting == 0


def test_imported_posts_count_as_if_they_had_been_watched(stored: Stored) -> None:
    imported = Made(posted=0, seen_after=9000, percent=70, origin=PostOrigin.IMPORTED)
    live = Made(posted=0, percent=70)
    assert both(stored, [imported, Made(posted=40)]) == both(stored, [live, Made(posted=40)])


def test_what_was_published_without_an_image_counts_like_a_post(stored: Stored) -> None:
    posts = [
        Made(posted=0, percent=90), Made(posted=1, percent=20), Made(posted=30), Made(posted=31),
        Made(posted=40),
    ]  # fmt: skip
    with_images = both(stored, posts)
    community = stored.served(len(posts)).community
    assert both(stored, [*(replace(p, has_image=False) for p in posts[:-1]), posts[-1]]) == (
        with_images
    )
    assert stored.served(len(posts)).community == community
    assert stored.trained_on()[-1].community == community
    assert (community.n, community.pace.hours) == (2, (9.0, 10.0))


def test_of_posts_with_and_without_image_together_the_newest_are_looked_at(stored: Stored) -> None:
    old = [Made(posted=0, percent=99, has_image=False)] * 3
    many = [Made(posted=0, percent=10)] * (LOOK_BACK - 2)
    found = both(stored, [*old, *many, Made(posted=40)])
    # Of one time, those with an image are looked at first.
    assert (found.posts, found.n, found.best) == (LOOK_BACK, LOOK_BACK, 0.995)
    assert both(stored, [*old, *many, *many[:2], Made(posted=40)]).best == 0.105


def test_a_post_dated_in_the_future_knows_no_more_than_when_it_was_seen(stored: Stored) -> None:
    past = Made(posted=0, percent=90)
    now = both(stored, [past, Made(posted=10)])
    ahead = both(stored, [past, Made(posted=500, seen_after=-490)])
    assert ahead == now
    # And it counts for others only when its time has come.
    future = Made(posted=500, seen_after=-490)
    assert both(stored, [future, Made(posted=12)]) == AuthorRecord.empty()
    assert both(stored, [future, Made(posted=501)]).posts == 1


def test_nobody_is_known_by_a_missing_author(stored: Stored) -> None:
    posts = [Made(author=None, posted=0, percent=90), Made(author=None, posted=40)]
    assert both(stored, posts) == AuthorRecord.empty()


def test_a_record_is_of_one_community(stored: Stored) -> None:
    posts = [Made(community=2, posted=0, percent=90), Made(posted=40)]
    assert both(stored, posts) == AuthorRecord.empty()


def test_the_pace_counts_what_came_before_whatever_became_of_it(stored: Stored) -> None:
    refused = Made(author=None, posted=3, state=PostState.REFUSED)
    posts = [Made(posted=0), Made(community=2, posted=2), refused, Made(posted=5), Made(posted=5)]
    stored.fill(posts)
    # Neither the other community's post counts, nor the one of the same time.
    assert stored.served(5).community.pace == Pace((2.0, 5.0))
    assert stored.trained_on()[4].community.pace == Pace((2.0, 5.0))
    assert stored.served(1).community.pace == Pace()


def test_only_the_newest_posts_are_looked_at(stored: Stored) -> None:
    old = [Made(posted=0, percent=99)] * 3
    many = [Made(posted=1, percent=10)] * LOOK_BACK
    found = both(stored, [*old, *many, Made(posted=40)])
    assert (found.posts, found.n, found.best) == (LOOK_BACK, LOOK_BACK, 0.105)


def test_who_posts_more_than_is_looked_at_is_still_known_by_what_is_final(stored: Stored) -> None:
    final, many = Made(posted=0, percent=90), [Made(posted=30)] * (LOOK_BACK + 1)
    found = both(stored, [final, *many, Made(posted=40)])
    assert (found.n, found.waiting, found.posts) == (1, LOOK_BACK, LOOK_BACK + 1)


def test_the_record_goes_with_an_opt_out_and_comes_back_with_an_opt_in(stored: Stored) -> None:
    posts = [Made(posted=0, percent=90), Made(posted=40)]
    before = both(stored, posts)
    assert before.n == 1
    who = {"platform": PlatformName.WEB, "person": f"{1:064x}"}
    stored.run(opt_out(stored.database, now=START, **who))
    assert stored.served(2).author == AuthorRecord.empty()
    assert stored.trained_on()[1].author == AuthorRecord.empty()
    stored.run(opt_in(stored.database, **who))
    assert stored.served(2).author == before


def test_the_record_goes_with_an_erased_person(stored: Stored, tmp_path: Path) -> None:
    assert both(stored, [Made(posted=0, percent=90), Made(posted=40)]).n == 1
    stored.run(
        forget_person(
            stored.database, platform=PlatformName.WEB, person=f"{1:064x}",
            images=ImageStore(tmp_path / "images"), now=START,
        )
    )  # fmt: skip
    # The posts are there, and nothing says whose they were: also not for who still holds the key.
    assert stored.served(2).author == AuthorRecord.empty()
    stored.posts = [replace(post, author=None) for post in stored.posts]
    assert stored.served(2).author == AuthorRecord.empty()
    assert stored.trained_on()[1].author == AuthorRecord.empty()
    assert stored.served(2).community.n == 1
