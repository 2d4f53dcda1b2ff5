"""Captions that people chose among those that they were offered.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_TABLE = "caption_choices"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", _KEY, nullable=False),
        sa.Column("community_id", _KEY, nullable=False),
        sa.Column("post_id", _KEY),
        sa.Column("author_id", _KEY, nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_caption_choices_community_id_communities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["posts.id"],
            name=op.f("fk_caption_choices_post_id_posts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_caption_choices_author_id_authors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption_choices")),
        sa.UniqueConstraint("post_id", name=op.f("uq_caption_choices_post_id")),
    )
    op.create_index("ix_caption_choices_community_id", _TABLE, ["community_id"])
    op.create_index("ix_caption_choices_author_id", _TABLE, ["author_id"])


def downgrade() -> None:
    op.drop_table(_TABLE)
