"""What communities are judged by, and every measure of a post at its horizon.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = "ix_labels_community_matured"
_BEFORE = [
    "community_id", "matured_at", "score", "bucket", "percentile_low", "percentile_high",
]  # fmt: skip


def upgrade() -> None:
    for table in ("communities", "labels"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column("measure", sa.String(16), nullable=False, server_default="score")
            )
            batch.create_check_constraint(
                op.f(f"ck_{table}_measure"), "measure IN ('score', 'comments', 'favourites')"
            )
    op.add_column("posts", sa.Column("views", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(_INDEX, "labels")
    op.create_index(_INDEX, "labels", [*_BEFORE, "measure"])
    op.create_table(
        "post_measures",
        sa.Column("post_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("community_id", _KEY, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("comments", sa.Integer()),
        sa.Column("upvote_ratio", sa.Double()),
        sa.Column("reactors", sa.Integer()),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_post_measures_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_post_measures_community_id")
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_measures")),
    )
    op.create_index("ix_post_measures_community_id", "post_measures", ["community_id"])


def downgrade() -> None:
    op.drop_table("post_measures")
    op.drop_index(_INDEX, "labels")
    op.create_index(_INDEX, "labels", _BEFORE)
    op.drop_column("posts", "views")
    for table in ("labels", "communities"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_measure"), type_="check")
            batch.drop_column("measure")
