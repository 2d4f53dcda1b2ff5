"""The record of a community is read from an index alone.

It is asked for with every post, and counts every label that the community has.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME = "ix_labels_community_matured"
_BEFORE = ["community_id", "matured_at", "score", "bucket"]
_AFTER = [*_BEFORE, "percentile_low", "percentile_high"]


def upgrade() -> None:
    op.drop_index(_NAME, "labels")
    op.create_index(_NAME, "labels", _AFTER)


def downgrade() -> None:
    op.drop_index(_NAME, "labels")
    op.create_index(_NAME, "labels", _BEFORE)
