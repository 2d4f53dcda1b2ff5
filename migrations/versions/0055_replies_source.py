"""Replies are found by the platform's id: of every answer, reaction and vote under one.

Revision ID: 0055
Revises: 0050
"""

from alembic import op

revision = "0055"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_replies_source", "replies", ["source_id"])


def downgrade() -> None:
    op.drop_index("ix_replies_source", "replies")
