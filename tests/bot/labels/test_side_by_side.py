"""Several processes at the same work on one database: each thing happens once, sums are exact."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.labels.collect import LabelCollector
from bot.league.guesses import GuessRefused, place_guess
from bot.league.rebuild import rebuild
from bot.league.seasons import season_of
from bot.people.erasure import forget_person
from bot.platform import CommunityRef, PostRef
from bot.posts.ingest import Ingest
from bot.posts.settle import Settler
from bot.serving.experts import rebuild_accounts
from bot.serving.forecast import Ending
from bot.web.visitors import Visitor
from bot.web.votes import cast_vote
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import person_scope
from storage.files.image_store import ImageStore
from storage.queries.posts import CLAIMED_FOR
from storage.tables import (
    Author,
    Base,
    Community,
    CommunityGuesses,
    DailyLabel,
    DailyScore,
    ExpertAccount,
    Guess,
    Label,
    Post,
    Prediction,
    Standing,
    Vote,
)
from storage.types import Bucket, ForecasterKind, PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, FakePlatform, incoming
from tests.fixtures import images

pytestmark = pytest.mark.usefixtures("one_picture")
PICTURE = images.encode(images.photo(), "PNG")
#: Everything that labels add up.
SUMS: tuple[type[Base], ...] = (
    Standing, CommunityGuesses, DailyLabel, DailyScore, ExpertAccount,
)  # fmt: skip
PEOPLE = tuple(f"{number}".zfill(64) for number in range(3))


@pytest.fixture
async def three(app: App) -> AsyncIterator[list[Database]]:
    """The ways of three processes to the app's database."""
    async with AsyncExitStack() as stack:
        found = [Database(app.core.database.url) for _ in range(3)]
        for database in found:
            stack.push_async_callback(database.close)
        yield found


async def predicted(app: App, clock: FakeClock, posts: int, communities: int = 2) -> list[int]:
    """Posts in several communities that were predicted and replied to."""
    ids = []
    for number in range(posts):
        post = incoming(f"p{number}", PICTURE, posted_at=clock(), author=f"author {number}")
        where = f"c{number % communities}"
        ref = CommunityRef(where, f"r/{where}", horizon_seconds=HORIZON)
        post_id = await app.pipeline.accept(PlatformName.REDDIT, replace(post, community=ref))
        assert post_id is not None
        ids.append(post_id)
    # All at once: of each community, one prediction is stored after the other.
    await asyncio.gather(*(app.pipeline.advance(each) for each in ids))
    return ids


async def guess(database: Database, post_id: int, person: str, now: Any) -> Guess:
    bucket = [*Bucket][(post_id + int(person)) % 3]
    return await place_guess(
        database, post_id=post_id, platform=PlatformName.REDDIT, person=person, bucket=bucket,
        blind=True, now=now,
    )  # fmt: skip


def collector(database: Database, platform: FakePlatform, clock: FakeClock) -> LabelCollector:
    return LabelCollector(database, {PlatformName.REDDIT: platform}, clock=clock)


async def sums(database: Database) -> Mapping[str, list[tuple[Any, ...]]]:
    async with database.read() as session:
        return {
            table.__tablename__: sorted(
                tuple(row) for row in await session.execute(select(*table_of(table).c))
            )
            for table in SUMS
            if table is not ExpertAccount
        } | {
            "expert_accounts": [
                (row.community_id, row.log_weights, row.regret, row.waiting, row.labels)
                for row in await session.scalars(
                    select(ExpertAccount).order_by(ExpertAccount.community_id)
                )
            ]
        }


def approximately(found: Mapping[str, list[tuple[Any, ...]]]) -> Any:
    """The same sums, but for the order in which they were added up."""
    return {
        name: [
            tuple(pytest.approx(v) if isinstance(v, (float, dict)) else v for v in row)
            for row in rows
        ]
        for name, rows in found.items()
    }


async def test_labels_of_many_processes_add_up_exactly(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database]
) -> None:
    posts = await predicted(app, clock, 8)
    await asyncio.gather(
        *(
            guess(three[place % 3], post_id, person, clock())
            for post_id in posts
            for place, person in enumerate(PEOPLE)
        )
    )
    platform.scores |= {f"p{number}": number * 3 % 7 for number in range(8)}
    clock.forward(HORIZON)
    await asyncio.gather(*(collector(each, platform, clock).read_due() for each in three))
    async with three[0].read() as session:
        assert await session.scalar(select(func.count()).select_from(Label)) == 8
        written = (await session.scalars(select(Label.written_at))).all()
        assert len(set(written)) == 8
        unscored = select(func.count()).select_from(Guess).where(Guess.points.is_(None))
        assert await session.scalar(unscored) == 0
        guesses = select(func.sum(Standing.n)).where(
            Standing.kind == ForecasterKind.PERSON, Standing.season == "all",
            Standing.community_id == 0,
        )  # fmt: skip
        assert await session.scalar(guesses) == 24
    grown = await sums(three[0])
    assert sum(row[-1] for row in grown["expert_accounts"]) == 8
    # The theorem's account and every board are what the labels make them, in their order.
    await rebuild(three[1], lambda moment: season_of(moment, "UTC"))
    await rebuild_accounts(three[2])
    assert await sums(three[0]) == approximately(grown)


async def test_what_one_process_has_taken_to_read_others_leave_alone(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database]
) -> None:
    await predicted(app, clock, 6)
    platform.scores |= {f"p{number}": number for number in range(6)}
    clock.forward(HORIZON)
    asked: list[int] = []
    read = platform.read_scores

    async def count(posts: Any) -> Any:
        asked.extend(each.post_id for each in posts)
        return await read(posts)

    platform.read_scores = count  # type: ignore[method-assign]
    await asyncio.gather(*(collector(each, platform, clock).read_due() for each in three))
    assert len(asked) == len(set(asked)) == 6


async def test_what_was_taken_by_a_process_that_died_is_due_again(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database]
) -> None:
    await predicted(app, clock, 1)
    clock.forward(HORIZON)
    dead, alive = (collector(each, platform, clock) for each in three[:2])
    assert len(await dead._due(PostState.AWAITING_SCORE)) == 1
    assert await alive.read_due() == 0
    clock.forward(CLAIMED_FOR.total_seconds())
    assert await alive.read_due() == 1


@pytest.mark.parametrize("labelled", [True, False])
async def test_each_reply_is_changed_by_one_process_and_by_another_after_its_death(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database], labelled: bool
) -> None:
    posts = await predicted(app, clock, 6)
    platform.scores |= {f"p{number}": number for number in range(6)}
    # Of posts that are read far too late there is no outcome, and their replies say so.
    clock.forward(HORIZON if labelled else 3 * HORIZON)
    await collector(three[0], platform, clock).read_due()
    changed: list[int] = []
    settle = platform.settle

    async def note(post: PostRef, reply_id: str, outcome: Ending) -> None:
        changed.append(post.post_id)
        await settle(post, reply_id, outcome)

    platform.settle = note  # type: ignore[method-assign]
    settlers = [Settler(each, {PlatformName.REDDIT: platform}, clock=clock) for each in three]
    dead, *alive = settlers
    assert len(await (dead._due() if labelled else dead._without_outcome())) == 6
    assert [await each.settle_due() for each in alive] == [0, 0]
    clock.forward(CLAIMED_FOR.total_seconds())
    await asyncio.gather(*(each.settle_due() for each in alive))
    assert sorted(changed) == posts
    assert len(platform.outcomes if labelled else platform.too_late) == 6


async def test_predictions_at_once_spend_each_part_of_the_budget_once(
    app: App, clock: FakeClock
) -> None:
    posts = await predicted(app, clock, 6, communities=1)
    async with app.core.database.read() as session:
        waited = await session.scalars(
            select(Prediction.waiting).where(Prediction.post_id.in_(posts))
        )
        # Each counted all that were stored before it.
        assert sorted(each or 0 for each in waited) == [*range(6)]


async def test_a_guess_beside_a_label_is_scored_or_refused(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database]
) -> None:
    posts = await predicted(app, clock, 6)
    async with app.core.database.write() as session:
        for post in await session.scalars(select(Post)):
            post.guessing_closed_at = clock() + timedelta(days=1)
    platform.scores |= {f"p{number}": number for number in range(6)}
    clock.forward(HORIZON)
    # As if it was just in time by another process's clock.
    in_time = clock() - timedelta(seconds=1)

    async def try_to_guess(number: int, post_id: int) -> bool:
        try:
            await guess(three[number % 2], post_id, PEOPLE[number % 3], in_time)
        except GuessRefused:
            return False
        return True

    label = asyncio.create_task(collector(three[2], platform, clock).read_due())
    placed = []
    for number, post_id in enumerate(posts):
        placed.append(await try_to_guess(number, post_id))
    await label
    # A post that somebody was guessing on just when scores were taken is passed over until then.
    await collector(three[2], platform, clock).read_due()
    async with app.core.database.read() as session:
        stored = (await session.scalars(select(Guess))).all()
    assert len(stored) == sum(placed)
    assert all(each.points is not None for each in stored)


async def test_a_post_that_comes_from_two_sides_is_stored_once(
    app: App, clock: FakeClock, three: list[Database], tmp_path: Path
) -> None:
    ways = [
        Ingest(
            database, ImageStore(tmp_path / "images"), people_key=b"key", silent_share=0.0,
            clock=clock,
        )
        for database in three
    ]  # fmt: skip
    found = await asyncio.gather(
        *(
            way.accept(
                PlatformName.REDDIT,
                incoming(f"p{number}", "https://example.org/a.png", posted_at=clock()),
            )
            for number in range(4)
            for way in ways
        )
    )
    async with three[0].read() as session:
        assert await session.scalar(select(func.count()).select_from(Post)) == 4
        assert await session.scalar(select(func.count()).select_from(Author)) == 1
        assert await session.scalar(select(func.count()).select_from(Community)) == 1
    assert len(set(found)) == 4


async def test_votes_at_once_count_once_each_and_close_guessing(
    app: App, clock: FakeClock, three: list[Database]
) -> None:
    async with three[0].write() as session:
        community = Community(
            platform=PlatformName.WEB, source_id="board", name="Board", horizon_seconds=HORIZON,
            created_at=clock(), guess_score=3,
        )  # fmt: skip
        session.add(community)
        await session.flush()
        post = Post(
            community_id=community.id, platform=PlatformName.WEB, source_id="p", title="",
            origin="live", posted_at=clock(), seen_at=clock(), state=PostState.AWAITING_SCORE,
            predicted_at=clock(),
            silent=False, guessing_closed_at=clock() + timedelta(hours=1),
        )  # fmt: skip
        session.add(post)
        await session.flush()
        post_id = post.id

    async def vote(database: Database, person: str, value: int) -> None:
        visitor = Visitor(id=person, hash=person, since=clock())
        async with database.write(alone_in=[person_scope(PlatformName.WEB, person)]) as session:
            await cast_vote(session, clock, post_id, visitor, value, crowds=None)

    clock.forward(60)
    # Everybody twice at the same moment, from two processes.
    await asyncio.gather(
        *(vote(database, person, 1) for person in PEOPLE for database in three[:2])
    )
    async with three[2].read() as session:
        assert await session.scalar(select(func.count()).select_from(Vote)) == 3
        closed = await session.scalar(select(Post.guessing_closed_at))
    assert closed == clock()


async def test_a_person_who_is_forgotten_beside_labels_stays_forgotten(
    app: App, clock: FakeClock, platform: FakePlatform, three: list[Database], tmp_path: Path
) -> None:
    posts = await predicted(app, clock, 6)
    for post_id in posts:
        for person in PEOPLE:
            await guess(three[0], post_id, person, clock())
    platform.scores |= {f"p{number}": number for number in range(6)}
    clock.forward(HORIZON)
    await asyncio.gather(
        collector(three[0], platform, clock).read_due(),
        collector(three[1], platform, clock).read_due(),
        forget_person(
            three[2], platform=PlatformName.REDDIT, person=PEOPLE[0],
            images=ImageStore(tmp_path / "images"), now=clock(),
        ),
    )  # fmt: skip
    async with three[0].read() as session:
        people = set(await session.scalars(select(Author.hash)))
        assert PEOPLE[0] not in people
        known = set(await session.scalars(select(Author.id)))
        players = select(Standing.forecaster_id).where(Standing.kind == ForecasterKind.PERSON)
        assert set(await session.scalars(players)) <= known
    grown = await sums(three[0])
    await rebuild(three[1], lambda moment: season_of(moment, "UTC"))
    assert await sums(three[0]) == approximately(grown)
