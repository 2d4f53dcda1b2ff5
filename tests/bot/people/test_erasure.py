"""Forgetting: one person's rows go, everybody else's stay as they were."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, func, select, text

from bot.app import App
from bot.people.consent import has_opted_out, opt_in, opt_out
from bot.people.erasure import forget_person
from bot.people.export import export_person
from bot.people.identity import hash_person
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import (
    Author,
    Base,
    Community,
    Guess,
    Image,
    ImagelessPost,
    Label,
    Peek,
    Post,
    PostImage,
    Standing,
    Vote,
)
from storage.types import Bucket, ForecasterKind, PlatformName, PostState
from tests.bot.people.two_people import ANN, BOB, everything
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures import images
from tests.fixtures.rows import LATER, MOMENT, row

PICTURE = images.encode(images.photo(), "PNG")


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


async def test_forgetting_deletes_and_empties(filled: Database, store: ImageStore) -> None:
    before = await everything(filled)
    rows = await forget_person(
        filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER
    )
    # An image, two guesses, a view, a vote, a standing, two posts with an image each and
    # two without, the author.
    assert rows == 1 + 2 + 1 + 1 + 1 + 2 + 2 + 2 + 1
    async with filled.read() as session:
        posts = {post.id: post for post in await session.scalars(select(Post))}
        stored = {image.id: image for image in await session.scalars(select(Image))}
        assert (await session.scalars(select(Author.hash))).all() == [BOB]
        places = dict(list(await session.execute(select(PostImage.post_id, PostImage.source))))
    for number in (1, 2):
        assert (posts[number].author_id, posts[number].title, posts[number].link) == (
            None, "", None,
        )  # fmt: skip
        assert places[number] == ""
    assert [posts[number].state for number in (1, 2)] == [PostState.SETTLING, PostState.WITHDRAWN]
    assert (stored[1].dropped_at, stored[1].text) == (LATER, "")
    # The image that Bob posted as well is his, too.
    assert (stored[2].dropped_at, stored[2].text) == (None, "of both")
    after = await everything(filled)
    # What others are measured by stays true.
    for table in ("labels", "communities", "model_versions", "snapshots", "predictions"):
        assert after[table] == before[table]


async def test_who_opted_out_stays_opted_out(filled: Database, store: ImageStore) -> None:
    await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    await forget_person(filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER)
    async with filled.read() as session:
        assert await has_opted_out(session, PlatformName.REDDIT, ANN)
        assert (await session.scalars(select(Post.id).filter_by(author_id=1))).all() == []
    exported = await export_person(filled, platform=PlatformName.REDDIT, person=ANN)
    assert exported is not None
    assert [exported[each] for each in ("posts", "guesses", "peeks", "votes", "standings")] == [
        []
    ] * 5
    # Opting in first leaves nothing at all.
    await opt_in(filled, platform=PlatformName.REDDIT, person=ANN)
    await forget_person(filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER)
    assert await export_person(filled, platform=PlatformName.REDDIT, person=ANN) is None


async def test_there_is_nothing_to_forget_of_a_stranger(
    filled: Database, store: ImageStore
) -> None:
    before = await everything(filled)
    assert (
        await forget_person(
            filled, platform=PlatformName.REDDIT, person="c" * 64, images=store, now=LATER
        )
        == 0
    )
    assert await everything(filled) == before


async def test_files_and_replies_go_too(app: App, platform: FakePlatform, clock: FakeClock) -> None:
    core = app.core
    person = hash_person(core.people_key, PlatformName.REDDIT, "ann")
    post_id = await app.pipeline.accept(
        PlatformName.REDDIT, incoming("one", PICTURE, posted_at=clock())
    )
    waiting = images.encode(images.photo().rotate(90), "PNG")
    assert await app.pipeline.accept(
        PlatformName.REDDIT, incoming("two", waiting, posted_at=clock())
    )
    assert post_id is not None
    await app.pipeline.advance(post_id)
    assert len(list(core.images.files())) == 2
    await forget_person(
        core.database, platform=PlatformName.REDDIT, person=person, images=core.images, now=clock()
    )
    assert list(core.images.files()) == []
    assert await app.jobs.remove_replies() == 1
    assert platform.replies == []
    # The same item, seen again by a listing that repeats itself, is not a new post.
    again = incoming("one", PICTURE, posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, again) == post_id


@st.composite
def worlds(draw: st.DrawFn) -> list[Any]:
    """Some people with some posts, guesses, votes and places, in any states."""
    people, posts = draw(st.integers(1, 3)), draw(st.integers(0, 5))
    persons = st.integers(1, people)
    rows: list[Any] = [row(Community)]
    rows += [row(Author, id=number, hash=f"{number:064x}") for number in range(1, people + 1)]
    rows += [row(Image, id=number, sha256=f"{number:064x}") for number in (1, 2, 3)]
    for number in range(1, posts + 1):
        state = draw(st.sampled_from([each for each in PostState if each != PostState.REFUSED]))
        author = draw(st.none() | persons)
        ended = state in (PostState.SETTLING, PostState.WITHDRAWN)
        rows.append(
            row(
                Post, id=number, source_id=f"p{number}", author_id=author, state=state,
                predicted_at=None if state is PostState.SEEN else MOMENT,
                due_at=None if ended else MOMENT,
            )
        )  # fmt: skip
        image = draw(st.none() | st.integers(1, 3))
        rows.append(row(PostImage, post_id=number, image_id=image))
        if state in (PostState.LABELLED, PostState.SETTLING):
            rows.append(row(Label, post_id=number))
        for who in range(1, people + 1):
            if draw(st.booleans()):
                rows.append(
                    Guess(
                        post_id=number, author_id=who, bucket=Bucket.LOW, guessed_at=MOMENT,
                        blind=draw(st.booleans()), points=draw(st.none() | st.just(-1.0)),
                    )
                )  # fmt: skip
            if draw(st.booleans()):
                rows.append(Vote(post_id=number, author_id=who, value=1, voted_at=MOMENT))
            if draw(st.booleans()):
                rows.append(Peek(post_id=number, author_id=who, peeked_at=MOMENT))
    for number in range(1, draw(st.integers(0, 3)) + 1):
        author = draw(st.none() | persons)
        rows.append(row(ImagelessPost, id=number, source_id=f"i{number}", author_id=author))
    for who in range(1, people + 1):
        if draw(st.booleans()):
            rows.append(
                Standing(
                    season="all", community_id=draw(st.sampled_from([0, 1])),
                    kind=ForecasterKind.PERSON, forecaster_id=who, n=1, hits=0, expected_hits=0.3,
                    points=-1.0, points_squared=1.0, streak=0, best_streak=0, updated_at=MOMENT,
                )
            )  # fmt: skip
    return rows


def columns_that_name_people() -> list[Column[Any]]:
    """Every column that points at a person, also ones that are added one day."""
    found = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column is Author.__table__.c.id for key in column.foreign_keys)
    ]
    assert len(found) >= 4
    return [Author.__table__.c.id, *found]


@settings(max_examples=15)
@given(rows=worlds(), data=st.data())
def test_after_forgetting_nothing_refers_to_the_person(
    first_start: Path, rows: list[Any], data: st.DataObject
) -> None:
    number = data.draw(st.sampled_from([each.id for each in rows if isinstance(each, Author)]))
    person = f"{number:064x}"

    async def check(folder: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{folder / 'peoria.db'}")
        try:
            async with database.write() as session:
                for each in rows:
                    session.add(each)
                    await session.flush()
            before = await everything(database)
            await forget_person(
                database, platform=PlatformName.REDDIT, person=person,
                images=ImageStore(folder / "images"), now=LATER,
            )  # fmt: skip
            after = await everything(database)
            async with database.read() as session:
                assert (await session.execute(text("PRAGMA foreign_key_check"))).all() == []
                for column in columns_that_name_people():
                    left = select(func.count()).where(column == number)
                    assert (await session.scalars(left)).one() == 0, column
                places = select(func.count()).where(Standing.forecaster_id == number)
                assert (await session.scalars(places)).one() == 0
            # The hash itself is nowhere, in whatever column. (Images here share its form.)
            for table_name, lines in after.items():
                if table_name != "images":
                    assert not any(person in line for line in lines)
            # Nobody else's rows changed, and what they are measured by is all there.
            assert after["labels"] == before["labels"]
            for table_name, place in (("guesses", 2), ("votes", 1), ("peeks", 1), ("standings", 3)):
                others = [line for line in before[table_name] if line[place] != str(number)]
                assert after[table_name] == others
            assert len(after["imageless_posts"]) == len(before["imageless_posts"])
            others = [line for line in before["posts"] if line[4] != str(number)]
            assert set(others) <= set(after["posts"])
            assert len(after["posts"]) == len(before["posts"])
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(check(Path(shutil.copytree(first_start, Path(scratch) / "data"))))
