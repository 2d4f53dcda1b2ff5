"""Webhooks, and what they are still to be told.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", Key, primary_key=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("fault", sa.Text()),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("id", Key, primary_key=True),
        sa.Column(
            "webhook_id", Key, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["due_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_index("ix_webhook_messages_made", "webhook_messages", ["made_at"])


def downgrade() -> None:
    op.drop_table("webhook_messages")
    op.drop_table("webhooks")
