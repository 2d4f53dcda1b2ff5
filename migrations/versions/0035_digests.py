"""Digests of servers.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("id", Key, nullable=False),
        sa.Column(
            "platform",
            sa.Enum(
                "discord",
                "reddit",
                "web",
                name="platform",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("server", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("weekday", sa.Integer()),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_until", UtcDateTime()),
        sa.Column("begun_at", UtcDateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(128)),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("fault", sa.Text()),
        sa.CheckConstraint("weekday >= 0 AND weekday < 7", name=op.f("ck_digests_weekday_range")),
        sa.CheckConstraint("minute >= 0 AND minute < 1440", name=op.f("ck_digests_minute_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("platform", "server", name=op.f("uq_digests_platform_server")),
    )
    op.create_index("ix_digests_due", "digests", ["due_at"])


def downgrade() -> None:
    op.drop_table("digests")
