"""The facts of a post are the same when serving and when training, and know nothing later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from models.facts import LabelledFacts, facts_of, labelled_facts
from models.features import Features
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.tables import Author, Community, Image, Label, Post, PostImage, Snapshot
from storage.types import Bucket, PlatformName, PostOrigin, PostState

START = datetime(2026, 1, 1, tzinfo=UTC)
POSTS = 30


@pytest.fixture
async def stored(tmp_path: Path) -> Database:
    """Thirty posts, one every six hours, by three people (one unknown), labelled a day later."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'facts.db'}")
    await upgrade(database)
    async with database.write() as session:
        session.add(
            Community(
                id=1,
                platform=PlatformName.REDDIT,
                source_id="memes",
                name="r/memes",
                created_at=START,
            )
        )
        for number in (1, 2):
            session.add(Author(id=number, platform=PlatformName.REDDIT, hash=f"{number:064x}"))
        await session.flush()
        for number in range(1, POSTS + 1):
            posted_at = START + timedelta(hours=6 * number)
            session.add(
                Image(
                    id=number, sha256=f"{number:064x}", format="PNG", bytes=1000 + number,
                    width=300, height=200, phash=f"{number:016x}", stored_at=posted_at,
                    text=None if number % 2 else "some text",
                )
            )  # fmt: skip
            session.add(
                Post(
                    id=number, community_id=1, platform=PlatformName.REDDIT,
                    source_id=f"t3_{number}",
                    author_id=number % 3 or None, origin=PostOrigin.IMPORTED,
                    title=f"post {number}", posted_at=posted_at, seen_at=posted_at,
                    state=PostState.LABELLED, silent=False,
                )
            )  # fmt: skip
        await session.flush()
        for number in range(1, POSTS + 1):
            source = f"https://i.redd.it/{number}.png" if number % 2 else f"sha256:{number:064x}"
            low = (number * 7 % 20) / 21
            session.add(PostImage(post_id=number, position=0, source=source, image_id=number))
            session.add(
                Label(
                    post_id=number, community_id=1, score=float(number * 7 % 20),
                    percentile_low=low, percentile_high=low + 1 / 21, bucket=Bucket.LOW,
                    matured_at=START + timedelta(hours=6 * number + 24), written_at=START,
                )
            )  # fmt: skip
    return database


async def all_facts(database: Database) -> list[LabelledFacts]:
    async with database.read() as session:
        return [post async for post in labelled_facts(session)]


async def test_serving_and_training_see_equal_numbers(stored: Database) -> None:
    trained_on = await all_facts(stored)
    assert len(trained_on) == POSTS
    features = Features()
    for post in trained_on:
        async with stored.read() as session:
            served = await facts_of(session, post.post_id, post.image_id)
        assert served == post.facts
        for group, values in features.of([served]).items():
            np.testing.assert_array_equal(values, features.of([post.facts])[group])
    await stored.close()


async def test_records_count_only_labels_that_had_matured(stored: Database) -> None:
    by_id = {post.post_id: post.facts for post in await all_facts(stored)}
    # Posts 1, 4, 7, … are by the first author; a label matures four posts later.
    assert by_id[4].author.n == 0
    assert by_id[7].author.n == 1
    assert by_id[7].author.mean == pytest.approx((7 + 0.5) / 21, abs=1e-6)
    assert by_id[13].author.n == 3
    assert by_id[13].community.n == 9
    assert by_id[3].author.n == 0
    await stored.close()


async def test_nothing_that_happens_afterwards_changes_the_facts(stored: Database) -> None:
    before = {post.post_id: post.facts for post in await all_facts(stored)}
    chosen = 15
    moment = before[chosen].posted_at
    async with stored.write() as session:
        # The post's own outcome, and whatever matured or was measured later, turns around.
        await session.execute(
            update(Label)
            .where(Label.matured_at > moment)
            .values(score=99_999.0, percentile_low=0.98, percentile_high=0.99)
        )
        session.add(
            Snapshot(
                post_id=chosen, reading=3600, age_seconds=3600.0, score=4000,
                taken_at=moment + timedelta(hours=1),
            )
        )  # fmt: skip
    async with stored.read() as session:
        assert await facts_of(session, chosen, chosen) == before[chosen]
    after = {post.post_id: post.facts for post in await all_facts(stored)}
    assert after[chosen] == before[chosen]
    await stored.close()


async def test_unread_text_is_not_empty_text(stored: Database) -> None:
    by_id = {post.post_id: post.facts for post in await all_facts(stored)}
    assert by_id[1].text_in_image is None
    assert by_id[2].text_in_image == "some text"
    await stored.close()
