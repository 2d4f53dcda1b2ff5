"""What people say of genres: who may, what counts, and what is left when somebody is forgotten."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.people.erasure import forget_person
from bot.people.export import export_person
from bot.posts.genres import (
    MOST_OWN,
    NO_SUCH_POST,
    NOT_YOURS,
    OPTED_OUT,
    GenreRefused,
    check_own_genres,
    correct_genre,
    correct_genre_as_operator,
    genres_of,
    read_genre,
)
from models.attributes.genre import GENRE_NAMES, GENRES
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Author, Community, GenreCorrection, Post, PostImage
from storage.types import OWN_GENRES, PlatformName, PostRefusal, PostState
from tests.fixtures.rows import LATER, MOMENT, one_post, row

ANN, BOB, CLEO = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
async def stored(database: Database) -> Database:
    async with database.write() as session:
        for each in one_post():
            if isinstance(each, Community):
                each.options = {OWN_GENRES: ["cat picture"]}
            if isinstance(each, PostImage):
                each.image_id = 1
            session.add(each)
            await session.flush()
        session.add(row(Author, id=2, hash=CLEO, opted_out_at=MOMENT))
        session.add(row(Post, id=2, source_id="p2"))
    return database


async def say(database: Database, genre: str, **changes: Any) -> str | None:
    """Say something of post 1 as its author; return the genre that counts then."""
    said = {
        "post_id": 1, "platform": PlatformName.REDDIT, "person": ANN, "looks_after": False,
        "genre": genre, "now": LATER,
    } | changes  # fmt: skip
    async with database.write() as session:
        await session.run_sync(correct_genre, **said)
    async with database.read() as session:
        return (await session.get_one(Post, 1)).genre


async def test_the_newest_word_counts_and_each_has_one(stored: Database) -> None:
    assert await say(stored, "rage_comic") == "rage_comic"
    assert await say(stored, "Top text / bottom text") == "top_text_bottom_text"
    assert await say(stored, "cat picture", person=BOB, looks_after=True) == "cat picture"
    async with stored.write() as session:
        await session.run_sync(correct_genre_as_operator, 1, "political", MOMENT)
        await session.run_sync(correct_genre_as_operator, 1, "viral video", LATER)
    async with stored.read() as session:
        said = await session.execute(
            select(Author.hash, GenreCorrection.genre).outerjoin_from(GenreCorrection, Author)
        )
    assert {each.hash: each.genre for each in said} == {
        None: "viral_video", ANN: "top_text_bottom_text", BOB: "cat picture",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"person": BOB}, NOT_YOURS),
        ({"person": CLEO, "looks_after": True}, OPTED_OUT),
        ({"post_id": 9}, NO_SUCH_POST),
        ({"post_id": 2}, NO_SUCH_POST),
        ({"platform": PlatformName.WEB}, NO_SUCH_POST),
        ({"genre": "dog picture"}, "There is no genre called 'dog picture' here. Known: "),
        ({"genre": ""}, "There is no genre called ''"),
    ],
)
async def test_what_may_not_be_said_is_refused(
    stored: Database, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(GenreRefused) as refused:
        await say(stored, **({"genre": "political"} | changes))
    assert str(refused.value).startswith(sentence)
    async with stored.read() as session:
        assert (await session.get_one(Post, 1)).genre is None


async def test_a_refused_post_has_no_genre(stored: Database) -> None:
    async with stored.write() as session:
        post = await session.get_one(Post, 1)
        post.state, post.refusal_code, post.due_at = PostState.REFUSED, PostRefusal.NO_IMAGE, None
    with pytest.raises(GenreRefused, match="no such post"):
        await say(stored, "political")


async def test_words_are_exported_and_forgotten(stored: Database, tmp_path: Path) -> None:
    await say(stored, "political")
    await say(stored, "cat picture", person=BOB, looks_after=True)
    found = await export_person(stored, platform=PlatformName.REDDIT, person=BOB)
    assert found is not None
    assert found["genre_corrections"] == [
        {"post": "p1", "genre": "cat picture", "corrected_at": LATER.isoformat()}
    ]
    await forget_person(
        stored, platform=PlatformName.REDDIT, person=BOB, images=ImageStore(tmp_path), now=LATER
    )
    async with stored.read() as session:
        # What was said before counts again.
        assert (await session.get_one(Post, 1)).genre == "political"
        said = await session.run_sync(lambda sync: sync.query(GenreCorrection).all())
    assert [each.genre for each in said] == ["political"]


@pytest.mark.parametrize(
    "names",
    [
        ["<b>"], [""], ["a" * 41], ["@everyone"], ["two\nlines"], ["rage comic"], ["Rage_Comic"],
        ["not sure"], ["cats", "CATS"], [f"genre {n}" for n in range(MOST_OWN + 1)],
        ["cat\u200bs"], ["*cats*"],
    ],
)  # fmt: skip
def test_own_genres_that_cannot_be(names: list[str]) -> None:
    with pytest.raises(GenreRefused):
        check_own_genres(names)


@given(st.lists(st.text(max_size=50), max_size=3))
def test_own_genres_that_are_taken_can_be_read_again(names: list[str]) -> None:
    try:
        found = check_own_genres(names)
    except GenreRefused:
        return
    community = row(Community, options={OWN_GENRES: found})
    assert genres_of(community) == (*GENRES, *found)
    for name in (*found, *GENRES, *GENRE_NAMES.values()):
        assert read_genre(f" {name.upper()} ", community) in genres_of(community)
