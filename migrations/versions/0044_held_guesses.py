"""Guesses that are held back, who takes part from where, and newcomers of every process.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "participants",
        sa.Column("post_id", Key, nullable=False),
        sa.Column("household", sa.String(64), nullable=False),
        sa.Column("author_id", Key, nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["posts.id"],
            name=op.f("fk_participants_post_id_posts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["authors.id"],
            name=op.f("fk_participants_author_id_authors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("post_id", "household", "author_id", name=op.f("pk_participants")),
    )
    op.create_index("ix_participants_ends", "participants", ["ends_at"])
    op.add_column(
        "newcomers", sa.Column("writer", sa.String(32), nullable=False, server_default="")
    )
    op.create_index("ix_newcomers_came_at", "newcomers", ["came_at"])
    with op.batch_alter_table("guesses") as guesses:
        guesses.add_column(sa.Column("held", sa.String(16)))
        guesses.create_check_constraint(op.f("ck_guesses_held"), "held IN ('newcomer', 'crowd')")


def downgrade() -> None:
    with op.batch_alter_table("guesses") as guesses:
        guesses.drop_constraint(op.f("ck_guesses_held"), type_="check")
        guesses.drop_column("held")
    op.drop_index("ix_newcomers_came_at", "newcomers")
    op.drop_column("newcomers", "writer")
    op.drop_table("participants")
