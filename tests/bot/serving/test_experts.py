"""The experts' accounts: what labels make of them, by a stated rule for every odd case."""

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from bot.labels.write import write_label
from bot.serving.experts import (
    ask_experts,
    read_standing,
    rebuild_account,
    rebuild_accounts,
    teach,
)
from models.distribution import UNIFORM
from models.experts import EXPERTS, FIRST_OWN, Account
from models.features import PostFacts, Record
from storage.engine.database import Database
from storage.queries.posts import load_post, move_post
from storage.tables import Base, Community, ExpertAccount, Image, ModelVersion, Post, Prediction
from storage.types import PostState
from tests.fixtures.rows import MOMENT, row

HORIZON = timedelta(seconds=7200)


def sure_of(number: int, sure: float = 0.5) -> list[float]:
    bins = [(1 - sure) / 9] * 10
    bins[number] = sure
    return bins


def said(number: int) -> dict[str, list[float]]:
    return {"base": UNIFORM.tolist(), "pooled": sure_of(number), "untitled": sure_of(9 - number)}


class Forecast(NamedTuple):
    """A post with a prediction, and its score."""

    number: int
    score: int
    waiting: int = 0


FORECASTS = st.lists(
    st.builds(
        Forecast, number=st.integers(0, 9), score=st.integers(0, 9), waiting=st.integers(0, 120)
    ),
    min_size=1,
    max_size=5,
)


async def prepare(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with database.write() as session:
        session.add_all(
            [row(Community), row(Image), row(ModelVersion), row(ModelVersion, id=101, name="v2")]
        )


async def add_post(database: Database, number: int, **changes: Any) -> None:
    made_at = MOMENT + timedelta(minutes=number)
    prediction = {
        "bins": sure_of(4, 0.15), "experts": said(4), "share": 0.5, "waiting": 0,
        "weights": {"base": 0.9, "pooled": 0.05, "untitled": 0.05},
    } | changes  # fmt: skip
    async with database.write() as session:
        session.add(
            row(
                Post, id=number, source_id=f"p{number}", author_id=None, posted_at=made_at,
                state=PostState.AWAITING_SCORE, predicted_at=made_at, reserved=0.3,
            )
        )  # fmt: skip
        await session.flush()
        session.add(row(Prediction, id=None, post_id=number, made_at=made_at, **prediction))


async def label(database: Database, number: int, score: float) -> None:
    def write(session: Any) -> None:
        assert move_post(session, number, PostState.AWAITING_SCORE, state=PostState.SETTLING)
        post = load_post(session, number)
        assert post is not None
        write_label(session, post, score, now=MOMENT + HORIZON * 2, season_time_zone="UTC")

    await database.run_write(write)


async def account(database: Database) -> Account:
    return (await database.run_read(lambda session: read_standing(session, 1))).account


@pytest.fixture
async def database(tmp_path: Path) -> Any:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'experts.db'}")
    await prepare(opened)
    yield opened
    await opened.close()


async def test_a_label_moves_the_weights_and_pays_for_what_was_shown(database: Database) -> None:
    await add_post(database, 1)
    low = {"base": [0.1] * 10, "pooled": [0.19] * 5 + [0.01] * 5, "untitled": [0.1] * 10}
    await add_post(database, 2, experts=low, bins=[0.12] * 5 + [0.08] * 5)
    assert await account(database) == Account()
    await label(database, 1, 5.0)
    before = await account(database)
    # The lower half of two.
    await label(database, 2, 1.0)
    after = await account(database)
    assert after.labels == 2
    assert after.weights[1] > before.weights[1] * 1.5
    assert after.regret == pytest.approx(before.regret - np.log(1.2))


async def test_what_waits_is_reserved_until_its_label_or_its_end(database: Database) -> None:
    for number in (1, 2, 3):
        await add_post(database, number)

    def standing() -> Any:
        return database.run_read(lambda session: read_standing(session, 1))

    assert (await standing()).reserved == pytest.approx(0.9)
    await label(database, 1, 5.0)
    assert (await standing()).waiting == 2
    await database.run_write(
        lambda session: move_post(
            session, 2, PostState.AWAITING_SCORE, state=PostState.WITHDRAWN, due_at=None
        )
    )
    now = await standing()
    assert (now.waiting, now.reserved) == (1, pytest.approx(0.3))


async def test_a_prediction_from_before_the_experts_changes_no_weight(database: Database) -> None:
    await add_post(database, 1, experts=None, weights=None, share=None, waiting=None)
    await label(database, 1, 5.0)
    assert await account(database) == Account()


async def test_a_prediction_made_after_the_horizon_changes_no_weight(database: Database) -> None:
    await add_post(database, 2)
    async with database.write() as session:
        prediction = (await session.scalars(select(Prediction))).one()
        prediction.made_at = MOMENT + HORIZON * 1.5
    await label(database, 2, 5.0)
    assert await account(database) == Account()


async def test_of_several_versions_the_one_that_people_saw_counts(database: Database) -> None:
    await add_post(database, 1)
    async with database.write() as session:
        session.add(
            row(
                Prediction, id=None, post_id=1, model_version_id=101, experts=said(0),
                bins=sure_of(0), share=1.0, waiting=0, weights={"base": 1.0},
            )
        )  # fmt: skip
    await label(database, 1, 5.0)
    assert (await account(database)).labels == 1


async def test_a_changed_set_of_experts(database: Database) -> None:
    """One that said nothing neither gains nor loses, one that is gone is left out."""
    for number, score in ((1, 5.0), (2, 9.0)):
        await add_post(
            database, number, experts={"base": UNIFORM.tolist(), "gone": sure_of(1)},
            bins=UNIFORM.tolist(),
        )  # fmt: skip
        await label(database, number, score)
    after = await account(database)
    assert after.weights == pytest.approx(Account().weights)
    async with database.write() as session:
        stored = await session.get_one(ExpertAccount, 1)
        stored.log_weights = {"base": -1.0, "gone": -0.1}
    weights = (await account(database)).weights
    assert weights.sum() == pytest.approx(1)
    assert len(weights) == len(EXPERTS)


TAUGHT = {"base": math.log(0.1), "pooled": math.log(0.8), "untitled": math.log(0.1)}


async def test_a_community_begins_with_what_older_labels_taught(database: Database) -> None:
    await database.run_write(lambda session: teach(session, {"1": TAUGHT, "77": TAUGHT}))
    begun = await account(database)
    assert begun.weights.tolist() == pytest.approx([0.1, 0.8, 0.1])
    # Weights alone: nothing was gained or lost, and nothing may be lost that might not before.
    assert (begun.regret, begun.waiting, begun.labels) == (0.0, 0, 0)
    await add_post(database, 1)
    await label(database, 1, 5.0)
    grown = await account(database)
    assert grown.labels == 1
    assert grown.weights[1] > 0.5
    # Rebuilt, it begins there, too, and the next champion has no say where a forecast was scored.
    await database.run_write(lambda session: rebuild_account(session, 1))
    assert await account(database) == grown
    await database.run_write(lambda session: teach(session, {}))
    assert await account(database) == grown


async def test_the_next_champion_teaches_anew_where_nothing_was_scored(database: Database) -> None:
    await database.run_write(lambda session: teach(session, {"1": TAUGHT}))
    await database.run_write(lambda session: rebuild_account(session, 1))
    assert (await account(database)).weights[1] == pytest.approx(0.8)
    await database.run_write(lambda session: teach(session, {}))
    assert await account(database) == Account()


async def test_a_servers_own_head_learns_where_it_was_asked(database: Database) -> None:
    own = {**said(4), "own": [0.19] * 5 + [0.01] * 5}
    await add_post(database, 1)
    await label(database, 1, 5.0)
    assert (await account(database)).own == FIRST_OWN
    # Both end low, as it said; beside it a process of an older release writes what it knows of.
    for number in (2, 3):
        await add_post(database, number, experts=own)
        await label(database, number, 1.0 - number)
    spoke = await account(database)
    assert spoke.own > 2 * FIRST_OWN
    async with database.write() as session:
        await session.execute(
            text("UPDATE expert_accounts SET labels = labels + 1, regret = 0.5, waiting = 1")
        )
    assert (await account(database)).own == spoke.own
    # While it is not asked its weight stays; worked out anew it is the same.
    await add_post(database, 4)
    await label(database, 4, 9.0)
    grown = await account(database)
    assert grown.own == spoke.own
    await database.run_write(lambda session: rebuild_account(session, 1))
    again = await account(database)
    assert (again.own, again.log_weights) == (grown.own, grown.log_weights)


async def test_two_processes_write_labels(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'two.db'}"
    one, two = Database(url), Database(url)
    await prepare(one)
    for number in range(1, 9):
        await add_post(one, number, experts=said(number % 10), bins=sure_of(number % 10, 0.2))
    await asyncio.gather(
        *(label((one, two)[number % 2], number, float(number)) for number in range(1, 9))
    )
    found = await account(one)
    assert found.labels == 8
    await rebuild_accounts(two)
    assert await account(one) == found
    await one.close()
    await two.close()


@given(FORECASTS, st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None)
def test_rebuilt_accounts_are_the_ones_that_grew(
    tmp_path_factory: pytest.TempPathFactory, forecasts: Sequence[Forecast], chance: Any
) -> None:
    async def play() -> None:
        folder = tmp_path_factory.mktemp("rebuilt")
        database = Database(f"sqlite+aiosqlite:///{folder / 'experts.db'}")
        await prepare(database)
        for number, each in enumerate(forecasts, start=1):
            await add_post(
                database, number, experts=said(each.number), waiting=each.waiting,
                bins=sure_of(each.number, 0.12),
            )  # fmt: skip
        order = list(enumerate(forecasts, start=1))
        chance.shuffle(order)
        for number, each in order:
            await label(database, number, float(each.score))
        grown = await account(database)
        assert await database.run_write(lambda session: rebuild_account(session, 1)) == len(order)
        assert await account(database) == grown
        await database.close()

    asyncio.run(play())


def test_the_second_head_sees_neither_author_nor_title() -> None:
    class Head:
        def predict_with_support(
            self, embedding: np.ndarray, facts: Sequence[PostFacts]
        ) -> tuple[np.ndarray, list[tuple[str, ...]]]:
            assert len(embedding) == len(facts)
            bins = np.zeros((len(facts), 10))
            for number, each in enumerate(facts):
                bins[number, 9 if each.title or each.author.n else 0] = 1
            return bins, [("image",), (), ("text",), ("text",)]

        def predict(self, embedding: np.ndarray, facts: Sequence[PostFacts]) -> np.ndarray:
            return self.predict_with_support(embedding, facts)[0]

    facts = PostFacts("A title", MOMENT, None, Record.empty(), Record.empty())
    head: Any = Head()
    found = ask_experts(head, np.zeros((2, 4), np.float32), [facts, facts])
    assert found.bins.shape == (2, 3, 10)
    assert found.bins[0, 0].tolist() == UNIFORM.tolist()
    assert found.bins[:, 1, 9].tolist() == [1, 1]
    assert found.bins[:, 2, 0].tolist() == [1, 1]
    # What the second head looks at is not told: it never looks at title and author.
    assert found.set_aside == [("image",), ()]
    empty = ask_experts(head, np.zeros((2, 4), np.float32), [facts, facts], blank=[True, False])
    assert (empty.bins[0] == UNIFORM).all()
    assert empty.bins[1].tolist() == found.bins[1].tolist()
    assert empty.set_aside == [(), ()]
    # A server's own head sees both, and comes after the others.
    four = ask_experts(
        head, np.zeros((2, 4), np.float32), [facts, facts], own=head, blank=[True, False]
    )
    assert four.bins[:, :3].tolist() == empty.bins.tolist()
    assert four.bins[0, 3].tolist() == UNIFORM.tolist()
    assert four.bins[1, 3, 9] == 1
