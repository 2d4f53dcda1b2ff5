"""Who changed what about how Peoria behaves.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", Key, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
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
        sa.Column("server", sa.String(128)),
        sa.Column("community_id", Key),
        sa.Column("person", sa.String(64)),
        sa.Column("sealed_id", sa.String(64)),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_audit_entries_community_id_communities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_server", "audit_entries", ["platform", "server", "id"])
    op.create_index("ix_audit_entries_made", "audit_entries", ["made_at"])


def downgrade() -> None:
    op.drop_table("audit_entries")
