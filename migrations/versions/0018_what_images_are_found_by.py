"""Genre, expression and number of faces of an image in columns, so that posts are found by them.

Revision ID: 0018
Revises: 0017
"""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

#: Images that are filled in one go: what they hold is in memory meanwhile.
_AT_ONCE = 500
#: As `models.attributes` named an expression when this was written.
_NAMED = 0.5

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "genre": sa.String(40),
    "expression": sa.String(16),
    "faces": sa.Integer(),
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("images", sa.Column(name, kind))
    _fill(op.get_bind())
    for name in _COLUMNS:
        op.create_index(f"ix_images_{name}", "images", [name])


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_index(f"ix_images_{name}", "images")
        op.drop_column("images", name)


def _fill(connection: sa.Connection) -> None:
    images = sa.table(
        "images",
        sa.column("id"),
        sa.column("attributes", sa.JSON(none_as_null=True)),
        *(sa.column(name) for name in _COLUMNS),
    )
    fill = (
        sa.update(images)
        .where(images.c.id == sa.bindparam("of"))
        .values({name: sa.bindparam(f"new_{name}") for name in _COLUMNS})
    )
    last = 0
    while True:
        rows = connection.execute(
            sa.select(images.c.id, images.c.attributes)
            .where(images.c.id > last, images.c.attributes.is_not(None))
            .order_by(images.c.id)
            .limit(_AT_ONCE)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        connection.execute(fill, [{"of": row.id} | _columns(row.attributes) for row in rows])


def _columns(attributes: dict[str, Any]) -> dict[str, Any]:
    genre, faces = attributes["genre"], attributes["faces"]
    named: Counter[str] = Counter()
    for face in faces or ():
        expressions = face["expressions"] or {"": 0.0}
        best = max(expressions, key=expressions.__getitem__)
        if expressions[best] >= _NAMED:
            named[best] += 1
    return {
        "new_genre": genre and genre["name"],
        "new_expression": named.most_common(1)[0][0] if named else None,
        "new_faces": None if faces is None else len(faces),
    }
