"""Posts are found by what their image looks like."""

from typing import Any

import pytest
from sqlalchemy import select

from storage.engine.database import Database
from storage.queries.attributes import LooksLike
from storage.tables import Image, Post, PostImage
from tests.fixtures.rows import one_post, row

IMAGES: list[dict[str, Any]] = [
    {"genre": "text_post", "expression": None, "faces": 0},
    {"genre": "rage_comic", "expression": "happy", "faces": 2},
    {"genre": None, "expression": "sad", "faces": 1},
    {},  # its attributes were never read
]


@pytest.fixture
async def stored(database: Database) -> Database:
    async with database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
        for number, columns in enumerate(IMAGES, 2):
            session.add(row(Post, id=number, source_id=f"p{number}"))
            session.add(row(Image, id=number, sha256=f"{number:064}", **columns))
            await session.flush()
            session.add(row(PostImage, post_id=number, image_id=number))
    return database


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        (LooksLike(), [2, 3, 4, 5]),
        (LooksLike(genre="text_post"), [2]),
        (LooksLike(expression="happy"), [3]),
        (LooksLike(least_faces=1), [3, 4]),
        (LooksLike(most_faces=0), [2]),
        (LooksLike(genre="rage_comic", expression="sad"), []),
        (LooksLike(genre="rage_comic", least_faces=2, most_faces=2), [3]),
    ],
)
async def test_posts_are_found_by_their_image(
    stored: Database, looks: LooksLike, found: list[int]
) -> None:
    async with stored.read() as session:
        ids = await session.scalars(select(Post.id).where(looks.of_post()).order_by(Post.id))
        assert ids.all() == found
