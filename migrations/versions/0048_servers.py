"""What is set for a whole server: managers, the model version, and whose labels teach whom.

Revision ID: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("id", Key, nullable=False),
        sa.Column(
            "platform",
            sa.Enum(
                "discord",
                "reddit",
                "web",
                "lemmy",
                name="platform",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("manager_roles", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("model_version_id", Key),
        sa.Column("keeps_labels", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=op.f("fk_servers_model_version_id_model_versions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
        sa.UniqueConstraint("platform", "source_id", name=op.f("uq_servers_platform_source_id")),
    )


def downgrade() -> None:
    op.drop_table("servers")
