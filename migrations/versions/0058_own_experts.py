"""A head fitted on one server's labels alone, as an expert more of its communities' mixtures.

Revision ID: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_heads",
        sa.Column("server_id", Key, autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("model_version_id", Key),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["servers.id"],
            name=op.f("fk_own_heads_server_id_servers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=op.f("fk_own_heads_model_version_id_model_versions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_own_heads")),
    )
    op.add_column("expert_accounts", sa.Column("own", sa.Double()))


def downgrade() -> None:
    op.drop_column("expert_accounts", "own")
    op.drop_table("own_heads")
