"""Final scores that wait for others to be compared with; what a prediction did not look at.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "waiting_scores",
        sa.Column("post_id", key, autoincrement=False, nullable=False),
        sa.Column("community_id", key, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("matured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_missing", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_waiting_scores_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_waiting_scores_community_id")
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_waiting_scores")),
    )
    op.create_index("ix_waiting_scores_community", "waiting_scores", ["community_id", "score"])
    op.add_column("predictions", sa.Column("set_aside", sa.JSON(none_as_null=True)))
    op.add_column(
        "predictions",
        sa.Column("blank", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("predictions", "blank")
    op.drop_column("predictions", "set_aside")
    op.drop_index("ix_waiting_scores_community", "waiting_scores")
    op.drop_table("waiting_scores")
