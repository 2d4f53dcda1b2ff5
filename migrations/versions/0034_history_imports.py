"""Imports of what was posted in a community before it was watched.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_imports",
        sa.Column("id", Key, nullable=False),
        sa.Column("community_id", Key, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("claimed_until", UtcDateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(128)),
        sa.Column("after", sa.String(128)),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("shown_in", sa.JSON(), nullable=False),
        sa.Column("fault", sa.Text()),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_history_imports_community_id_communities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_imports")),
    )
    under_way = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_history_imports_running",
        "history_imports",
        ["community_id"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )


def downgrade() -> None:
    op.drop_table("history_imports")
