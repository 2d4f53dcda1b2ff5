"""An import knows the page that it reads, apart from the post that it came to there.

Revision ID: 0056
Revises: 0055
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("history_imports", sa.Column("page", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("history_imports", "page")
