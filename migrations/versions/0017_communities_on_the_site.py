"""Whether a community is shown on the board's site.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("communities", sa.Column("on_site", sa.Boolean()))


def downgrade() -> None:
    op.drop_column("communities", "on_site")
