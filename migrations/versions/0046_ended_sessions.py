"""Sessions that were ended before their time: a copy of their cookie is no good any more.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_ended_sessions")),
    )
    op.create_index("ix_ended_sessions_ends", "ended_sessions", ["ends_at"])


def downgrade() -> None:
    op.drop_table("ended_sessions")
