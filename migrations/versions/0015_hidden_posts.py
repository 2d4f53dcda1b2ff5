"""Posts that the board's admin hid.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("hidden_at", UtcDateTime()))


def downgrade() -> None:
    op.drop_column("posts", "hidden_at")
