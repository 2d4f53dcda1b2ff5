"""Growth curves of a platform's own posts: learned, judged, and served where they do better."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from bot.labels.shipped_curves import PlatformCurves
from models.growth_curves import GrowthCurves, learned_path
from models.trajectories import Reading, Trajectory
from storage.engine.database import Database
from storage.tables import Author, Base, Community, Label, Post, Snapshot
from storage.types import PlatformName, PostOrigin, PostState
from tests.fixtures.rows import MOMENT, row
from trainer.growth.fit_curves import fit_curve
from trainer.growth.refit import Watched, read_watched, refit_curves, refit_growth

pytest.importorskip("sklearn")

AGE, HORIZON = 3600, 3 * 3600
POSTS = 200


def watched(n: int, growth: float, *, seed: int) -> list[Watched]:
    """Posts whose score grows by a factor, give or take a tenth."""
    rng = np.random.default_rng(seed)
    early = np.exp(rng.normal(3, 1, n)).round()
    finals = (early * growth * np.exp(rng.normal(0, 0.1, n))).round()
    return [
        Watched(Trajectory.of([Reading(AGE, float(score), 3, 0.9)]), float(final))
        for score, final in zip(early, finals, strict=True)
    ]


def curves_for(growth: float) -> GrowthCurves:
    posts = watched(POSTS, growth, seed=1)
    finals = np.array([each.final for each in posts])
    return GrowthCurves(HORIZON, (fit_curve([each.trajectory for each in posts], finals, AGE),))


@pytest.fixture(scope="module")
def doubling() -> GrowthCurves:
    return curves_for(2.0)


def test_curves_of_other_growth_make_room(doubling: GrowthCurves) -> None:
    found, verdict = refit_curves(watched(POSTS, 6.0, seed=2), doubling, seed=1)
    assert verdict.promoted
    assert verdict.after is not None
    assert verdict.before is not None
    assert verdict.after < verdict.before / 2
    assert found is not None
    look = found.final(Trajectory.of([Reading(AGE, 20, 3, 0.9)]), HORIZON)
    assert look is not None
    assert np.sinh(look.median) == pytest.approx(120, rel=0.2)


def test_curves_that_are_as_good_stay(doubling: GrowthCurves) -> None:
    found, verdict = refit_curves(watched(POSTS, 2.0, seed=3), doubling, seed=1)
    assert found is None
    assert not verdict.promoted
    assert "with probability" in verdict.reason


def test_too_few_posts_are_a_sentence(doubling: GrowthCurves) -> None:
    found, verdict = refit_curves(watched(60, 6.0, seed=4), doubling, seed=1)
    assert found is None
    assert verdict.reason.startswith("60 watched posts are too few")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'growth.db'}")
    async with opened.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with opened.write() as session:
        session.add_all([row(Community, horizon_seconds=HORIZON), row(Author)])
        await session.flush()
        for number in range(1, 4):
            posted_at = MOMENT + timedelta(hours=number)
            session.add(
                row(
                    Post, id=number, source_id=f"p{number}", posted_at=posted_at,
                    origin=PostOrigin.IMPORTED if number == 3 else PostOrigin.LIVE,
                    state=PostState.LABELLED, due_at=None, predicted_at=posted_at,
                )
            )  # fmt: skip
            await session.flush()
            session.add(row(Label, post_id=number, score=10.0 * number))
            for age in (600, AGE, HORIZON)[2 if number == 3 else 0 :]:
                session.add(
                    row(
                        Snapshot, post_id=number, reading=age, age_seconds=age + 5.0,
                        score=float(age), comments=1, upvote_ratio=0.8,
                    )
                )  # fmt: skip
    yield opened
    await opened.close()


async def test_posts_are_read_with_what_was_known_before_the_horizon(database: Database) -> None:
    async with database.read() as session:
        found = await read_watched(session, PlatformName.REDDIT, HORIZON)
        community = (await session.scalars(select(Community.id))).one()
        kept = await read_watched(session, PlatformName.REDDIT, HORIZON, without=[community])
    assert kept == [], "its labels teach nobody else"
    # An imported post was only read at its end.
    assert [each.final for each in found] == [10.0, 20.0]
    assert found[0].trajectory.ages.tolist() == [605.0, AGE + 5.0]
    assert found[0].trajectory.upvote_ratios.tolist() == [0.8, 0.8]


async def test_a_run_without_watched_posts_writes_nothing(
    database: Database, tmp_path: Path
) -> None:
    verdicts = await refit_growth(database.url, tmp_path, seed=1)
    assert not verdicts["reddit"]["promoted"]
    assert not (tmp_path / "growth").exists()


def test_learned_curves_serve_as_soon_as_they_are_written(
    doubling: GrowthCurves, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shipped = GrowthCurves(HORIZON, ())
    serving = PlatformCurves(tmp_path, {PlatformName.REDDIT: shipped})
    assert serving[PlatformName.REDDIT] is shipped
    assert serving.get(PlatformName.WEB) is None
    path = learned_path(tmp_path, "reddit")
    path.parent.mkdir()
    doubling.save(path)
    learned = serving[PlatformName.REDDIT]
    assert learned is not shipped
    assert serving[PlatformName.REDDIT] is learned
    assert list(serving) == [PlatformName.REDDIT]
    path.write_bytes(b"damaged")
    assert serving[PlatformName.REDDIT] is shipped
    assert "Those that ship serve." in caplog.text
