"""What labels from before the first forecast taught a community's experts.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("expert_accounts", sa.Column("taught", sa.JSON()))


def downgrade() -> None:
    op.drop_column("expert_accounts", "taught")
