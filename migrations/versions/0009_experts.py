"""Experts: what each said of a post, what a community's labels say of them, and what is at risk.

Predictions that were made before stay without experts: they are scored as ever, and teach nothing.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WAITS = sa.text("state IN ('predicted', 'awaiting_score')")


def upgrade() -> None:
    op.add_column("predictions", sa.Column("experts", sa.JSON()))
    op.add_column("predictions", sa.Column("weights", sa.JSON()))
    op.add_column("predictions", sa.Column("share", sa.Double()))
    op.add_column("predictions", sa.Column("waiting", sa.Integer()))
    op.add_column("posts", sa.Column("reserved", sa.Double(), nullable=False, server_default="0"))
    op.create_index(
        "ix_posts_reserved",
        "posts",
        ["community_id", "reserved"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )
    op.create_table(
        "expert_accounts",
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                  autoincrement=False, nullable=False),
        sa.Column("log_weights", sa.JSON(), nullable=False),
        sa.Column("regret", sa.Double(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], ondelete="CASCADE",
            name=op.f("fk_expert_accounts_community_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_expert_accounts")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("expert_accounts")
    op.drop_index("ix_posts_reserved", "posts")
    op.drop_column("posts", "reserved")
    for column in ("waiting", "share", "weights", "experts"):
        op.drop_column("predictions", column)
