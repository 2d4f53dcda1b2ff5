"""How many scores a label was ranked among.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("labels", sa.Column("others", sa.Integer()))


def downgrade() -> None:
    op.drop_column("labels", "others")
