"""What people can read off an image, beside what the backbone sees in it.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("attributes", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("images", "attributes")
