"""What people say of the genre of a picture.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLE = "genre_corrections"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", _KEY, nullable=False),
        sa.Column("post_id", _KEY, nullable=False),
        sa.Column("author_id", _KEY),
        sa.Column("genre", sa.String(40), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_genre_corrections_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_genre_corrections_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genre_corrections")),
    )
    op.create_index("ix_genre_corrections_author_id", _TABLE, ["author_id"])
    for name, columns, rows in (
        ("person", ["post_id", "author_id"], "author_id IS NOT NULL"),
        ("operator", ["post_id"], "author_id IS NULL"),
    ):
        op.create_index(
            f"ix_genre_corrections_{name}", _TABLE, columns, unique=True,
            sqlite_where=sa.text(rows), postgresql_where=sa.text(rows),
        )  # fmt: skip
    op.add_column("posts", sa.Column("genre", sa.String(40)))
    op.create_index("ix_posts_genre", "posts", ["genre"])


def downgrade() -> None:
    op.drop_index("ix_posts_genre", "posts")
    op.drop_column("posts", "genre")
    op.drop_table(_TABLE)
