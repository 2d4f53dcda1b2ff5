"""How the parts of a running Peoria are doing, for those who ask from outside.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATES = ("running", "waiting", "stopped")


def upgrade() -> None:
    op.create_table(
        "services",
        sa.Column("name", sa.String(64), primary_key=True),
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
    )
    op.add_column("replies", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("replies", sa.Column("retry_at", UtcDateTime()))
    op.add_column("replies", sa.Column("fault", sa.Text()))


def downgrade() -> None:
    op.drop_column("replies", "fault")
    op.drop_column("replies", "retry_at")
    op.drop_column("replies", "tries")
    op.drop_table("services")
