"""What is asked with every new post is read from indexes.

The record of a community counts every label that it has, and near-duplicates are looked for by the
pieces of their hashes: both had read the whole community from its tables.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LABELS = "ix_labels_community_matured"
_BEFORE = ["community_id", "matured_at", "score", "bucket"]
_AFTER = [*_BEFORE, "percentile_low", "percentile_high"]
#: First digit and length.
_PIECES = ((1, 3), (4, 3), (7, 3), (10, 3), (13, 4))


def upgrade() -> None:
    op.drop_index(_LABELS, "labels")
    op.create_index(_LABELS, "labels", _AFTER)
    for first, length in _PIECES:
        piece = sa.text(f"substr(phash, {first}, {length})")
        op.create_index(f"ix_images_phash_{first}", "images", [piece])


def downgrade() -> None:
    for first, _ in _PIECES:
        op.drop_index(f"ix_images_phash_{first}", "images")
    op.drop_index(_LABELS, "labels")
    op.create_index(_LABELS, "labels", _BEFORE)
