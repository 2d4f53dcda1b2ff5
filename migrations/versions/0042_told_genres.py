"""The genre of a community's own that its head tells.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("told_genre", sa.String(40)))
    op.add_column("posts", sa.Column("told_genre_by", sa.String(16)))


def downgrade() -> None:
    op.drop_column("posts", "told_genre_by")
    op.drop_column("posts", "told_genre")
