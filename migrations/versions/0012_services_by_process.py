"""How the parts of each process are doing: several processes may share a database.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATES = ("running", "waiting", "stopped")


def _columns() -> list[sa.Column]:
    return [
        sa.Column(
            "state",
            sa.Enum(
                *_STATES, name="service_state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("error_at", UtcDateTime()),
        sa.Column("clock_ahead", sa.Double()),
    ]


def upgrade() -> None:
    # What the rows say is of a process that has ended: every part says anew how it is doing.
    op.drop_table("services")
    op.create_table(
        "services",
        sa.Column("process", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        *_columns(),
        sa.Column("alive_at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("services")
    op.create_table("services", sa.Column("name", sa.String(64), primary_key=True), *_columns())
