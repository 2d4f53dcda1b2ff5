"""Roles of processes, fencing numbers of leases, and training that waits for who carries it out.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_OF_PROCESSES = {
    "host": sa.String(255),
    "release": sa.String(64),
    "roles": sa.String(200),
    "settings": sa.JSON(),
    "clock_ahead": sa.Double(),
}


def upgrade() -> None:
    # With defaults: a process of the version before goes on writing rows without them.
    op.add_column("leases", sa.Column("fence", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(
        "training_runs",
        sa.Column("is_waiting", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for name, kind in _OF_PROCESSES.items():
        op.add_column("processes", sa.Column(name, kind))
    op.create_table(
        "roles",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("roles")
    for name in _OF_PROCESSES:
        op.drop_column("processes", name)
    # What waits was taken by nobody: to an earlier version it looks like a run that was killed.
    op.drop_column("training_runs", "is_waiting")
    op.drop_column("leases", "fence")
