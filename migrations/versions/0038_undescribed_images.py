"""Images whose attributes were not read are found without looking at all others.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_UNDESCRIBED = sa.text("attributes IS NULL AND dropped_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_images_undescribed",
        "images",
        ["id"],
        sqlite_where=_UNDESCRIBED,
        postgresql_where=_UNDESCRIBED,
    )


def downgrade() -> None:
    op.drop_index("ix_images_undescribed", "images")
