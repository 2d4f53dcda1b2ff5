"""The label's transaction: everything scored once, and sums that hold each label once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.labels.write import write_label
from bot.league.rebuild import rebuild
from bot.league.seasons import season_of
from storage.engine.database import Database
from storage.queries.posts import load_post
from storage.queries.standings import drop_standings
from storage.tables import (
    Author,
    Community,
    CommunityGuesses,
    DailyLabel,
    DailyScore,
    Guess,
    Image,
    Label,
    ModelVersion,
    Post,
    Prediction,
    Reply,
    Standing,
)
from storage.types import Bucket, ForecasterKind, PostOrigin, PostState, ReplySkip, ReplyState
from tests.fixtures.rows import MOMENT, row

HORIZON = timedelta(seconds=7200)
ZONE = "America/Chicago"
SUMS = (Standing, CommunityGuesses, DailyScore, DailyLabel)


class History(NamedTuple):
    """A post that gets its label: how it was forecast, and what became of it."""

    community: int
    #: Minutes after the post before it, and between the horizon and the label.
    gap: int
    late: int
    score: int
    #: Whether people were answered; None: neither answered nor kept silent by chance alone.
    spoken: bool | None
    guesses: dict[int, tuple[Bucket, bool]]
    models: dict[int, int]


HISTORIES = st.lists(
    st.builds(
        History,
        community=st.integers(1, 2),
        gap=st.integers(0, 20_000),
        late=st.integers(0, 3),
        score=st.integers(-2, 5),
        spoken=st.sampled_from([True, False, None]),
        guesses=st.dictionaries(
            st.integers(1, 3), st.tuples(st.sampled_from(Bucket), st.booleans())
        ),
        models=st.dictionaries(st.integers(100, 101), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=12,
)


def sure_of(number: int) -> dict[str, Any]:
    """A prediction that puts half of its mass on one bin."""
    bins = [0.5 / 9] * 10
    bins[number] = 0.5
    low, high = sum(bins[:3]) + bins[3] / 3, bins[6] * 2 / 3 + sum(bins[7:])
    return {"bins": bins, "p_low": low, "p_medium": 1 - low - high, "p_high": high}


def reply(number: int, spoken: bool | None) -> Reply:
    """What was said of a post, or why nothing was."""
    if spoken:
        return row(Reply, post_id=number, state=ReplyState.SENT, source_id=f"r{number}")
    code = ReplySkip.QUIET_HOURS if spoken is None else ReplySkip.SILENT_SHARE
    return row(Reply, post_id=number, state=ReplyState.SKIPPED, skip_code=code)


async def store(database: Database, histories: Sequence[History]) -> None:
    posted_at = MOMENT
    async with database.write() as session:
        for number, history in enumerate(histories, start=1):
            posted_at += timedelta(minutes=history.gap)
            session.add(
                row(
                    Post, id=number, source_id=f"p{number}", community_id=history.community,
                    author_id=None, posted_at=posted_at, silent=history.spoken is False,
                    state=PostState.AWAITING_SCORE, predicted_at=posted_at,
                )
            )  # fmt: skip
            await session.flush()
            session.add(reply(number, history.spoken))
            for model, sure in history.models.items():
                session.add(
                    row(
                        Prediction, id=None, post_id=number, model_version_id=model,
                        made_at=posted_at, **sure_of(sure),
                    )
                )  # fmt: skip
            for person, (bucket, blind) in history.guesses.items():
                session.add(
                    Guess(
                        post_id=number, author_id=person, bucket=bucket, guessed_at=posted_at,
                        blind=blind,
                    )
                )  # fmt: skip


async def label(database: Database, number: int, history: History, now: datetime) -> None:
    async with database.write() as session:
        post = await session.run_sync(load_post, number)
        assert post is not None
        await session.run_sync(write_label, post, history.score, now=now, season_time_zone=ZONE)


async def label_all(database: Database, histories: Sequence[History]) -> None:
    now = MOMENT
    for number, history in enumerate(histories, start=1):
        # Minutes that are 0: several labels at one moment, and a clock that stands still.
        now += timedelta(minutes=history.gap + history.late)
        await label(database, number, history, now + HORIZON)


async def forecasters(database: Database) -> None:
    async with database.write() as session:
        for each in (
            row(Community), row(Community, id=2, source_id="other"),
            *(row(Author, id=each, hash=f"{each:064}") for each in (1, 2, 3)),
            row(Image), row(ModelVersion, id=100, name="v100"),
            row(ModelVersion, id=101, name="v101"),
        ):  # fmt: skip
            session.add(each)
            await session.flush()


async def sums(database: Database, table: Any) -> dict[Any, dict[str, Any]]:
    keys = [column.name for column in table.__table__.primary_key]
    async with database.read() as session:
        return {
            tuple(str(getattr(each, key)) for key in keys): {
                column.name: getattr(each, column.name)
                for column in table.__table__.columns
                if column.name not in keys
            }
            for each in await session.scalars(select(table))
        }


async def rebuilt(database: Database) -> int:
    return await rebuild(database, lambda moment: season_of(moment, ZONE))


def test_sums_that_grew_are_the_sums_worked_out_anew(data_dir: Path) -> None:
    with asyncio.Runner() as runner:
        database = Database(f"sqlite+aiosqlite:///{data_dir / 'peoria.db'}")
        runner.run(forecasters(database))

        async def compare(histories: list[History]) -> None:
            async with database.write() as session:
                for table in (Post, *SUMS):
                    await session.execute(delete(table))
            await store(database, histories)
            await label_all(database, histories)
            grown = [await sums(database, table) for table in SUMS]
            assert await rebuilt(database) == len(histories)
            for before, table in zip(grown, SUMS, strict=True):
                after = await sums(database, table)
                assert after.keys() == before.keys()
                for key, values in after.items():
                    moment = values.pop("updated_at", None)
                    assert before[key].pop("updated_at", None) == moment
                    assert before[key] == pytest.approx(values)

        @settings(max_examples=12)
        @given(HISTORIES)
        def every_history(histories: list[History]) -> None:
            runner.run(compare(histories))

        every_history()
        runner.run(database.close())


@pytest.fixture
async def league(database: Database) -> Database:
    """Two communities, three people and two models."""
    await forecasters(database)
    return database


def told(score: int, guesses: dict[int, Bucket], **changes: Any) -> History:
    history = History(
        1, 1, 0, score, spoken=True, guesses={who: (what, True) for who, what in guesses.items()},
        models={100: 5},
    )  # fmt: skip
    return history._replace(**changes)


async def play(database: Database, *histories: History) -> None:
    await store(database, histories)
    await label_all(database, histories)


async def standing(database: Database, forecaster: int, **key: Any) -> Standing | None:
    kind = ForecasterKind.PERSON if forecaster < 100 else ForecasterKind.MODEL
    wanted = {"season": "all", "community_id": 0, "kind": kind, **key}
    async with database.read() as session:
        found: Standing | None = await session.get(
            Standing, {**wanted, "forecaster_id": forecaster}
        )
        return found


async def test_streaks_go_by_the_order_in_which_labels_were_written(league: Database) -> None:
    # The first label has nothing to be compared with: medium. Then ever higher ones: high.
    right, wrong = Bucket.HIGH, Bucket.LOW
    guesses = [wrong, right, right, right, wrong, right]
    await play(league, *(told(n, {1: guess}) for n, guess in enumerate(guesses)))
    found = await standing(league, 1)
    assert found is not None
    assert (found.n, found.hits, found.streak, found.best_streak) == (6, 4, 1, 3)


async def test_labels_of_one_moment_still_come_one_after_another(league: Database) -> None:
    await play(league, *(told(n, {1: Bucket.HIGH}, gap=0) for n in range(4)))
    async with league.read() as session:
        moments = list(await session.scalars(select(Label.written_at).order_by(Label.post_id)))
    assert moments == sorted(set(moments))
    assert moments[-1] - moments[0] < timedelta(seconds=1)


async def test_a_clock_that_was_set_back_does_not_change_the_order(league: Database) -> None:
    histories = [told(n, {}) for n in range(2)]
    await store(league, histories)
    await label(league, 1, histories[0], MOMENT + timedelta(days=1))
    await label(league, 2, histories[1], MOMENT + timedelta(hours=3))
    async with league.read() as session:
        first, second = await session.scalars(select(Label.written_at).order_by(Label.post_id))
    assert first < second


async def test_a_clock_that_was_wrong_once_does_not_stick(league: Database) -> None:
    histories = [told(n, {}) for n in range(5)]
    await store(league, histories)
    year = timedelta(days=365)
    when = [MOMENT, MOMENT + year, MOMENT + year, MOMENT + timedelta(hours=1), MOMENT + year / 2]
    for number, (history, now) in enumerate(zip(histories, when, strict=True), start=1):
        await label(league, number, history, now)
    async with league.read() as session:
        moments = list(await session.scalars(select(Label.written_at).order_by(Label.post_id)))
    assert moments == sorted(set(moments)), "the order is kept"
    assert moments[2] < moments[3] == when[3]
    assert moments[4] == when[4]


async def test_a_guess_counts_in_its_community_and_everywhere_in_its_season_and_for_all_time(
    league: Database,
) -> None:
    # Two hours before the horizon it is still February in Chicago: the label decides.
    begin = datetime.fromisoformat("2026-03-01T05:00+00:00")
    await store(league, [told(1, {1: Bucket.MEDIUM})])
    async with league.write() as session:
        (await session.get_one(Post, 1)).posted_at = begin
        (await session.scalars(select(Guess))).one().guessed_at = begin
        (await session.scalars(select(Prediction))).one().made_at = begin
    await label(league, 1, told(1, {}), begin + HORIZON)
    for season in ("2026-03", "all"):
        for community in (0, 1):
            found = await standing(league, 1, season=season, community_id=community)
            assert found is not None
            assert (found.n, found.points, found.blind_n) == (1, pytest.approx(2), 1)
    assert await standing(league, 1, season="2026-02") is None
    assert await standing(league, 1, community_id=2) is None


async def test_a_guess_that_was_not_blind_is_not_compared_with_the_bot(league: Database) -> None:
    await play(league, told(1, {})._replace(guesses={1: (Bucket.MEDIUM, False)}))
    found = await standing(league, 1)
    assert found is not None
    assert (found.n, found.hits, found.blind_n, found.blind_points) == (1, 1, 0, 0)


async def test_blind_guesses_stand_beside_the_bot_on_the_same_posts(league: Database) -> None:
    await play(
        league,
        # The first label is medium, and so says the model that came first; then high.
        told(1, {1: Bucket.LOW}, models={100: 5, 101: 9}),
        told(2, {1: Bucket.HIGH}, models={100: 5}),
        told(3, {}, models={100: 9}),
        # Not foreseen by the bot: nothing to compare with.
        told(4, {1: Bucket.HIGH}, models={}),
    )
    found = await standing(league, 1)
    assert found is not None
    assert (found.n, found.blind_n, found.blind_hits, found.bot_hits) == (3, 2, 1, 1)
    assert found.bot_points == pytest.approx(2 - 1)


async def test_a_model_plays_by_its_most_probable_bucket_and_by_proper_scores(
    league: Database,
) -> None:
    await play(league, told(1, {}, models={100: 5, 101: 9}))
    right, wrong = await standing(league, 100), await standing(league, 101)
    assert right is not None
    assert wrong is not None
    assert (right.points, wrong.points) == (pytest.approx(2), -1)
    assert right.rps_sum < wrong.rps_sum
    assert right.base_rps_sum == wrong.base_rps_sum
    async with league.read() as session:
        in_order = select(DailyScore).order_by(DailyScore.model_version_id)
        days = list(await session.scalars(in_order))
    assert [(each.model_version_id, each.n, each.hits) for each in days] == [
        (100, 1, 1), (101, 1, 0),
    ]  # fmt: skip
    gain = right.base_rps_sum - right.rps_sum
    assert days[0].gain_squared_sum == pytest.approx(gain**2)


async def test_labels_are_counted_by_whether_people_were_answered(league: Database) -> None:
    await play(league, told(0, {}), told(0, {}, spoken=False), told(-4, {}))
    (day,) = (await sums(league, DailyLabel)).values()
    assert (day["n"], day["spoken_n"], day["silent_n"]) == (3, 2, 1)
    assert (day["spoken_sum"], day["silent_sum"]) == (0, 0)


async def test_posts_that_were_not_answered_for_another_reason_are_in_no_comparison(
    league: Database,
) -> None:
    """They would hide what speaking does: nobody heard of them, and chance did not choose them."""
    await play(league, told(9, {}, spoken=None), told(3, {}), told(1, {}, spoken=False))
    (day,) = (await sums(league, DailyLabel)).values()
    assert (day["n"], day["spoken_n"], day["silent_n"]) == (3, 1, 1)
    assert (day["spoken_sum"], day["silent_sum"]) == pytest.approx((log(4), log(2)))


async def test_a_post_in_the_silent_share_that_nobody_wanted_to_hear_of_is_in_no_comparison(
    league: Database,
) -> None:
    await store(league, [told(3, {}, spoken=False)])
    async with league.write() as session:
        (await session.get_one(Reply, 1)).skip_code = ReplySkip.QUIET_HOURS
    await label(league, 1, told(3, {}), MOMENT + HORIZON)
    (day,) = (await sums(league, DailyLabel)).values()
    assert (day["n"], day["spoken_n"], day["silent_n"]) == (1, 0, 0)


async def test_an_answer_counts_as_one_when_the_outcome_is_shown_in_it(league: Database) -> None:
    await play(league, told(3, {}))
    async with league.write() as session:
        (await session.get_one(Reply, 1)).state = ReplyState.SETTLED
    await rebuilt(league)
    (day,) = (await sums(league, DailyLabel)).values()
    assert (day["n"], day["spoken_n"], day["silent_n"]) == (1, 1, 0)


async def test_guesses_are_summed_by_community_and_go_with_who_made_them(league: Database) -> None:
    # The first label has nothing to be compared with: medium.
    await play(
        league,
        told(1, {1: Bucket.MEDIUM, 2: Bucket.LOW}),
        told(1, {1: Bucket.MEDIUM}, community=2),
    )
    found = await sums(league, CommunityGuesses)
    assert {key: (each["n"], each["hits"]) for key, each in found.items()} == {
        ("all", "1"): (2, 1), ("2026-03", "1"): (2, 1),
        ("all", "2"): (1, 1), ("2026-03", "2"): (1, 1),
    }  # fmt: skip
    async with league.write() as session:
        await session.run_sync(drop_standings, 1)
    found = await sums(league, CommunityGuesses)
    assert (found["all", "1"]["n"], found["all", "1"]["hits"]) == (1, 0)
    assert found["all", "1"]["expected_hits"] == pytest.approx(1 / 3)
    assert {community for _, community in found} == {"1"}
    assert await standing(league, 1) is None
    assert await standing(league, 2) is not None


async def test_imported_posts_are_in_no_comparison(league: Database) -> None:
    await play(league, told(3, {}, models={}))
    async with league.write() as session:
        (await session.get_one(Post, 1)).origin = PostOrigin.IMPORTED
    assert await rebuilt(league) == 0
    assert await sums(league, DailyLabel) == {}


async def test_a_guess_made_when_the_votes_were_in_does_not_count(league: Database) -> None:
    """It cannot be placed so late; but a horizon can be shortened after a guess."""
    await store(league, [told(1, {1: Bucket.MEDIUM})])
    async with league.write() as session:
        guess = (await session.scalars(select(Guess))).one()
        guess.guessed_at = MOMENT + timedelta(days=1)
    await label(league, 1, told(1, {}), MOMENT + timedelta(days=1))
    assert await standing(league, 1) is None


def then(database: Database, happen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``happen`` happen once, right after the next read session has ended."""
    read = database.read

    @asynccontextmanager
    async def read_once() -> AsyncIterator[AsyncSession]:
        async with read() as session:
            yield session
        monkeypatch.setattr(database, "read", read)
        await happen()

    monkeypatch.setattr(database, "read", read_once)


async def test_who_is_forgotten_during_a_rebuild_stays_forgotten(
    league: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play(league, told(1, {1: Bucket.MEDIUM, 2: Bucket.MEDIUM}))

    async def forget() -> None:
        async with league.write() as session:
            await session.execute(delete(Guess).where(Guess.author_id == 1))

    then(league, forget, monkeypatch)
    await rebuilt(league)
    assert await standing(league, 1) is None
    assert await standing(league, 2) is not None


async def test_labels_that_came_during_a_rebuild_are_in_it_once(
    league: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = [told(n, {1: Bucket.HIGH}) for n in range(3)]
    await store(league, histories)
    await label(league, 1, histories[0], MOMENT + timedelta(hours=3))

    async def go_on() -> None:
        for number in (2, 3):
            await label(league, number, histories[number - 1], MOMENT + timedelta(hours=4))

    then(league, go_on, monkeypatch)
    assert await rebuilt(league) == 3
    found = await standing(league, 1)
    assert found is not None
    assert found.n == 3


async def test_rebuilding_nothing_is_nothing(database: Database) -> None:
    assert await rebuilt(database) == 0
