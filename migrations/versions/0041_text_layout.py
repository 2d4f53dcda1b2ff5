"""Where the text of a picture stands, and which networks read its faces.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("text_layout", sa.JSON(none_as_null=True)))
    op.add_column("images", sa.Column("attributes_by", sa.String(16)))
    op.create_index("ix_images_attributes_by", "images", ["attributes_by"])


def downgrade() -> None:
    op.drop_index("ix_images_attributes_by", "images")
    op.drop_column("images", "attributes_by")
    op.drop_column("images", "text_layout")
