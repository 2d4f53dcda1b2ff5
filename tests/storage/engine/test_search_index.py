import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.queries.search_words import (
    LEAST_BEGINNING,
    MOST_WORDS,
    Term,
    fts5_query,
    read_terms,
    tsquery,
)
from storage.tables import Author, Community, Image, Post, PostImage
from tests.fixtures.rows import row
from tests.fixtures.schemas import move_to

_OLD_ROWS = (
    """INSERT INTO communities (id, platform, source_id, name, horizon_seconds, created_at)
    VALUES (1, 'web', 'main', 'M', 60, '2026-01-01')""",
    """INSERT INTO posts (id, community_id, platform, source_id, origin, title, posted_at, seen_at,
    state, tries, silent)
    VALUES (1, 1, 'web', 'p', 'live', 'Old cat', '2026-01-01', '2026-01-01', 'seen', 0, false)""",
)


async def found(session: AsyncSession, words: str) -> list[int]:
    terms = read_terms(words)
    if session.get_bind().dialect.name == "sqlite":
        query = "SELECT rowid FROM post_search WHERE post_search MATCH :words ORDER BY rowid"
        rows = await session.execute(text(query), {"words": fts5_query(terms, None)})
    else:
        query = (
            "SELECT post_id FROM post_search WHERE words @@ to_tsquery('simple', :words)"
            " ORDER BY post_id"
        )
        rows = await session.execute(text(query), {"words": tsquery(terms)})
    return [*rows.scalars()]


async def store(session: AsyncSession) -> None:
    """Post 1 with the image 1, that has text, and post 2 without an image."""
    session.add_all([row(Community), row(Author)])
    session.add(row(Image, text="written on it"))
    await session.flush()
    session.add(row(Post, title="A Crème brûlée"))
    session.add(row(Post, id=2, source_id="p2", title="It's a cat"))
    await session.flush()
    session.add(row(PostImage, image_id=1))


async def test_the_index_follows_titles_and_texts(database: Database) -> None:
    async with database.write() as session:
        await store(session)
    async with database.write() as session:
        assert await found(session, "crème") == [1]
        assert await found(session, "CAT") == [2]
        assert await found(session, '"it\'s a"') == [2]
        assert await found(session, "brûlée written") == [1]
        assert await found(session, "wri*") == [1]
        (await session.get_one(Post, 2)).title = "A dog"
        (await session.get_one(Image, 1)).text = "rubbed out"
    async with database.write() as session:
        assert await found(session, "cat") == []
        assert await found(session, "written") == []
        assert await found(session, "dog") == [2]
        assert await found(session, "rubbed") == [1]
        session.add(row(PostImage, post_id=2, image_id=1))
    async with database.write() as session:
        assert await found(session, "rubbed") == [1, 2]
        await session.execute(delete(PostImage).filter_by(post_id=1))
    async with database.write() as session:
        assert await found(session, "rubbed") == [2]
        await session.execute(delete(Post).filter_by(id=2))
    async with database.read() as session:
        assert await found(session, "rubbed") == []
        assert await found(session, "brûlée") == [1]


async def test_what_was_stored_before_is_found(blank: Database) -> None:
    database = blank
    await move_to(database, "0022")
    async with database.write() as session:
        for statement in _OLD_ROWS:
            await session.execute(text(statement))
    await upgrade(database)
    async with database.read() as session:
        assert await found(session, "cat") == [1]


@given(st.text(max_size=300))
def test_any_text_is_a_query_that_sqlite_takes(typed: str) -> None:
    terms = read_terms(typed)
    assert sum(len(each.words) for each in terms) <= MOST_WORDS
    if not terms:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(title, image_text, place)")
    for community_id in (None, 7):
        query = fts5_query(terms, community_id)
        assert connection.execute("SELECT * FROM t WHERE t MATCH ?", (query,)).fetchall() == []
    connection.close()


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("cat dog", [Term(("cat",)), Term(("dog",))]),
        ('"cat dog" a', [Term(("cat", "dog")), Term(("a",))]),
        ("it's", [Term(("it", "s"))]),
        ("begin*", [Term(("begin",), beginning=True)]),
        ("be*"[: LEAST_BEGINNING], [Term(("be",))]),
        ("*", []),
        ("🐱 -- !", []),
        ('unclosed "quote', [Term(("unclosed",)), Term(("quote",))]),
    ],
)  # fmt: skip
def test_words_and_phrases(typed: str, terms: list[Term]) -> None:
    assert read_terms(typed) == terms
