"""Migration 0018: what images are found by is filled from the attributes that are stored."""

import pytest
from sqlalchemy import JSON, DateTime, column, insert, table, text

from storage.engine.database import Database
from tests.fixtures.rows import MOMENT
from tests.fixtures.schemas import fill, move_to

_HAPPY = {"happy": 0.7, "sad": 0.3}
_UNSURE = {"happy": 0.4, "sad": 0.4, "fear": 0.2}


def _face(expressions: dict[str, float] | None) -> dict[str, object]:
    return {"box": [0, 0, 1, 1], "sure": 0.9, "expressions": expressions}


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based")
async def test_images_that_were_there_are_found(blank: Database) -> None:
    await fill(blank, "0010")
    await move_to(blank, "0017")
    stored = {
        901: {
            "genre": {"name": "text_post", "probabilities": {}},
            "faces": [_face(_UNSURE), _face(None), _face(_HAPPY)],
        },
        902: {"genre": {"name": None, "probabilities": {}}, "faces": []},
        903: {"genre": None, "faces": None},
    }
    names = ("id", "sha256", "format", "bytes", "width", "height", "phash")
    images = table(
        "images",
        *map(column, names),
        column("stored_at", DateTime(timezone=True)),
        column("attributes", JSON(none_as_null=True)),
    )
    async with blank.write() as session:
        for number, attributes in stored.items():
            values = (number, f"{number:064}", "PNG", 1, 1, 1, "0" * 16)
            row = dict(zip(names, values, strict=True))
            await session.execute(
                insert(images).values(stored_at=MOMENT, attributes=attributes, **row)
            )
    await move_to(blank, "0018")
    async with blank.read() as session:
        rows = await session.execute(
            text("SELECT id, genre, expression, faces FROM images WHERE id > 900 ORDER BY id")
        )
        found = [(row.genre, row.expression, row.faces) for row in rows]
    assert found == [("text_post", "happy", 3), (None, None, 0), (None, None, None)]
    await move_to(blank, "0017")
    await blank.close()
