"""How often a post was out of sight when its score was looked for.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("hidden_looks", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("posts", "hidden_looks")
