"""The genre of a community's own that its head tells.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("told_genre", sa.String(40)))
    op.add_column("posts", sa.Column("told_genre_by", sa.String(16)))


def downgrade() -> None:
    op.drop_column("posts", "told_genre_by")
    op.drop_column("posts", "told_genre")
