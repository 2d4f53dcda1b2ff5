"""Votes on the board that do not count, and people whom its admin shut out.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("votes") as votes:
        votes.add_column(sa.Column("held", sa.String(16)))
        votes.create_check_constraint(op.f("ck_votes_held"), "held IN ('newcomer', 'crowd')")
    op.add_column("authors", sa.Column("banned_at", UtcDateTime()))


def downgrade() -> None:
    op.drop_column("authors", "banned_at")
    with op.batch_alter_table("votes") as votes:
        votes.drop_constraint(op.f("ck_votes_held"), type_="check")
        votes.drop_column("held")
