"""People who chose that others may see their page.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("authors", sa.Column("shown_at", UtcDateTime()))


def downgrade() -> None:
    op.drop_column("authors", "shown_at")
