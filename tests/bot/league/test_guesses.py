import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select

from bot.league.guesses import (
    GuessRefused,
    close_at_score,
    guess_of,
    guess_tally,
    guessing_is_open,
    place_guess,
)
from storage.engine.database import Database
from storage.tables import Author, Guess, Post
from storage.types import Bucket, PlatformName, PostRefusal, PostState
from tests.fixtures.rows import MOMENT, one_post, row

ANN, BOB, CAT = "a" * 64, "b" * 64, "c" * 64
CLOSE = MOMENT + timedelta(hours=1)


@pytest.fixture
async def stored(database: Database) -> Database:
    """A post of Ann's on which guessing closes after an hour."""
    async with database.write() as session:
        session.add_all(one_post())
        await session.flush()
        post = await session.get_one(Post, 1)
        post.guessing_closed_at = CLOSE
    return database


async def change(database: Database, **values: Any) -> None:
    async with database.write() as session:
        post = await session.get_one(Post, 1)
        for name, value in values.items():
            setattr(post, name, value)


async def guess(database: Database, bucket: Bucket = Bucket.HIGH, **changes: Any) -> Guess:
    return await place_guess(
        database,
        **{
            "post_id": 1, "platform": PlatformName.REDDIT, "person": BOB, "bucket": bucket,
            "blind": True, "now": MOMENT, **changes,
        },
    )  # fmt: skip


async def test_a_guess_is_kept(stored: Database) -> None:
    await guess(stored)
    async with stored.read() as session:
        found = await session.run_sync(guess_of, 1, PlatformName.REDDIT, BOB)
        assert found is not None
        assert (found.bucket, found.blind, found.guessed_at) == (Bucket.HIGH, True, MOMENT)
        assert await session.run_sync(guess_of, 1, PlatformName.REDDIT, CAT) is None
        assert await session.run_sync(guess_of, 1, PlatformName.DISCORD, BOB) is None


async def test_a_guess_can_be_changed_and_stays_one(stored: Database) -> None:
    await guess(stored)
    changed = await guess(stored, Bucket.LOW, now=MOMENT + timedelta(minutes=5))
    assert (changed.bucket, changed.guessed_at) == (Bucket.LOW, MOMENT + timedelta(minutes=5))
    async with stored.read() as session:
        assert await session.scalar(select(func.count()).select_from(Guess)) == 1


@pytest.mark.parametrize(
    ("first", "then", "blind"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
async def test_a_changed_guess_is_blind_only_if_it_was_blind_all_along(
    stored: Database, first: bool, then: bool, blind: bool
) -> None:
    await guess(stored, blind=first)
    assert (await guess(stored, blind=then)).blind is blind


async def test_guesses_are_counted_by_bucket(stored: Database) -> None:
    await guess(stored, Bucket.HIGH)
    await guess(stored, Bucket.HIGH, person=CAT)
    async with stored.read() as session:
        assert await guess_tally(session, 1) == {Bucket.LOW: 0, Bucket.MEDIUM: 0, Bucket.HIGH: 2}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"now": CLOSE}, "has closed"),
        ({"now": CLOSE + timedelta(days=9)}, "has closed"),
        ({"person": ANN}, "Your own post"),
        ({"post_id": 99}, "no such post"),
        ({"platform": PlatformName.DISCORD}, "no such post"),
        ({"is_bot": True}, "Bots do not play"),
    ],
)
async def test_a_guess_that_is_refused_says_why(
    stored: Database, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(GuessRefused, match=words):
        await guess(stored, **changes)
    async with stored.read() as session:
        assert await session.scalar(select(func.count()).select_from(Guess)) == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": PostState.WITHDRAWN, "due_at": None}, "nothing to guess"),
        (
            {"state": PostState.REFUSED, "due_at": None, "refusal_code": PostRefusal.NO_IMAGE},
            "nothing to guess",
        ),
        ({"state": PostState.SETTLING, "predicted_at": MOMENT}, "has closed"),
        ({"state": PostState.LABELLED, "predicted_at": MOMENT}, "has closed"),
        ({"guessing_closed_at": None}, "has closed"),
        ({"guessing_closed_at": MOMENT}, "has closed"),
        # The horizon was shortened after the close was set.
        ({"posted_at": MOMENT - timedelta(hours=2)}, "has closed"),
    ],
)
async def test_a_post_that_cannot_be_guessed_on_says_why(
    stored: Database, changes: dict[str, Any], words: str
) -> None:
    await change(stored, **changes)
    with pytest.raises(GuessRefused, match=words):
        await guess(stored)


async def test_people_who_opted_out_do_not_guess(stored: Database) -> None:
    async with stored.write() as session:
        session.add(row(Author, id=2, hash=BOB, opted_out_at=MOMENT))
    with pytest.raises(GuessRefused, match="opted out"):
        await guess(stored)


@pytest.mark.parametrize(
    ("bound", "score", "closed"),
    [(None, 999, False), (10, 9, False), (10, 10, True), (10, 11, True), (0, 0, True)],
)
async def test_a_score_that_gives_the_answer_away_closes_guessing(
    stored: Database, bound: int | None, score: float, closed: bool
) -> None:
    at = MOMENT + timedelta(minutes=10)
    async with stored.write() as session:
        assert await session.run_sync(close_at_score, 1, bound, score, at) is closed
    async with stored.read() as session:
        post = await session.get_one(Post, 1)
    assert post.guessing_closed_at == (at if closed else CLOSE)
    assert guessing_is_open(post, at) is not closed


async def test_a_score_never_opens_guessing_again(stored: Database) -> None:
    async with stored.write() as session:
        assert not await session.run_sync(close_at_score, 1, 10, 50, CLOSE + timedelta(hours=1))
    async with stored.read() as session:
        assert (await session.get_one(Post, 1)).guessing_closed_at == CLOSE


class Guessing(RuleBasedStateMachine):
    """Any order of guesses, passing time, votes and withdrawal, against a plain model of it."""

    #: Set by the test that runs the machine.
    database: Database
    run: Any

    def __init__(self) -> None:
        super().__init__()
        self.now = MOMENT
        self.closes: datetime = CLOSE
        self.over = False
        self.expected: dict[str, tuple[Bucket, bool]] = {}
        self.run(self._clear())

    async def _clear(self) -> None:
        async with self.database.write() as session:
            await session.execute(delete(Post))
            session.add(row(Post, guessing_closed_at=CLOSE))

    @rule(
        person=st.sampled_from([ANN, BOB, CAT]), bucket=st.sampled_from(Bucket), blind=st.booleans()
    )
    def guess(self, person: str, bucket: Bucket, blind: bool) -> None:
        may = not self.over and self.now < self.closes and person != ANN
        try:
            self.run(guess(self.database, bucket, person=person, blind=blind, now=self.now))
        except GuessRefused:
            assert not may
        else:
            assert may
            _, blind_before = self.expected.get(person, (bucket, True))
            self.expected[person] = (bucket, blind and blind_before)

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(score=st.integers(-5, 15))
    def vote(self, score: int) -> None:
        async def look() -> None:
            async with self.database.write() as session:
                await session.run_sync(close_at_score, 1, 10, score, self.now)

        self.run(look())
        if score >= 10:
            self.closes = min(self.closes, self.now)

    @precondition(lambda self: not self.over)
    @rule()
    def withdraw(self) -> None:
        self.run(change(self.database, state=PostState.WITHDRAWN, due_at=None))
        self.over = True

    @invariant()
    def what_is_stored_is_what_was_taken(self) -> None:
        async def stored() -> dict[str, tuple[Bucket, bool]]:
            async with self.database.read() as session:
                query = select(Author.hash, Guess).join(Author, Author.id == Guess.author_id)
                rows = await session.execute(query)
                return {person: (each.bucket, each.blind) for person, each in rows}

        assert self.run(stored()) == self.expected


def test_any_order_of_events(data_dir: Path) -> None:
    with asyncio.Runner() as runner:
        database = Database(f"sqlite+aiosqlite:///{data_dir / 'peoria.db'}")

        async def prepare() -> None:
            async with database.write() as session:
                session.add_all(one_post())

        runner.run(prepare())
        Guessing.database = database
        Guessing.run = staticmethod(runner.run)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Guessing, settings=settings(max_examples=12, stateful_step_count=15, deadline=None)
        )
        runner.run(database.close())
