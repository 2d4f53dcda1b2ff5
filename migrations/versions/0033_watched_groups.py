"""Groups of communities of which new ones are watched, too.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched_groups",
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
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("watched_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_groups")),
        sa.UniqueConstraint(
            "platform", "source_id", name=op.f("uq_watched_groups_platform_source_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("watched_groups")
