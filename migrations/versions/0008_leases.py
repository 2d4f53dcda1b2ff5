"""Leases; who wrote a message to the bot, and when.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
    )
    op.add_column("inbox_items", sa.Column("person", sa.String(64)))
    op.add_column("inbox_items", sa.Column("sent_at", UtcDateTime()))
    op.create_index("ix_inbox_items_person", "inbox_items", ["person", "recorded_at"])


def downgrade() -> None:
    op.drop_index("ix_inbox_items_person", "inbox_items")
    op.drop_column("inbox_items", "sent_at")
    op.drop_column("inbox_items", "person")
    op.drop_table("leases")
