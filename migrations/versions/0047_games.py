"""Duels of two posts, and guesses of scores as numbers.

Revision ID: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duels",
        sa.Column("id", Key, nullable=False),
        sa.Column("community_id", Key, nullable=False),
        sa.Column("first_post_id", Key, nullable=False),
        sa.Column("second_post_id", Key, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "decided",
                "drawn",
                "void",
                name="duel_state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("first_won", sa.Boolean()),
        sa.Column("base_rate", sa.Double()),
        sa.Column("place", sa.String(128), nullable=False),
        sa.Column("source_id", sa.String(128)),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("told_at", UtcDateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime()),
        sa.CheckConstraint("first_post_id < second_post_id", name=op.f("ck_duels_posts_in_order")),
        sa.CheckConstraint(
            "(state = 'decided') = (first_won IS NOT NULL)",
            name=op.f("ck_duels_decided_has_winner"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_duels_community_id_communities")
        ),
        sa.ForeignKeyConstraint(
            ["first_post_id"],
            ["posts.id"],
            name=op.f("fk_duels_first_post_id_posts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_post_id"],
            ["posts.id"],
            name=op.f("fk_duels_second_post_id_posts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duels")),
        sa.UniqueConstraint(
            "first_post_id", "second_post_id", name=op.f("uq_duels_first_post_id_second_post_id")
        ),
    )
    op.create_index(
        "ix_duels_untold",
        "duels",
        ["community_id"],
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )
    op.create_index("ix_duels_decided", "duels", ["community_id", "state", "first_won"])
    op.create_index("ix_duels_second_post", "duels", ["second_post_id"])
    op.create_table(
        "duel_guesses",
        sa.Column("duel_id", Key, nullable=False),
        sa.Column("author_id", Key, autoincrement=False, nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("guessed_at", UtcDateTime(), nullable=False),
        sa.Column("points", sa.Double()),
        sa.ForeignKeyConstraint(
            ["duel_id"],
            ["duels.id"],
            name=op.f("fk_duel_guesses_duel_id_duels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_duel_guesses_author_id_authors")
        ),
        sa.PrimaryKeyConstraint("duel_id", "author_id", name=op.f("pk_duel_guesses")),
    )
    op.create_index(op.f("ix_duel_guesses_author_id"), "duel_guesses", ["author_id"])
    op.create_table(
        "score_guesses",
        sa.Column("post_id", Key, nullable=False),
        sa.Column("author_id", Key, autoincrement=False, nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("guessed_at", UtcDateTime(), nullable=False),
        sa.Column("crps", sa.Double()),
        sa.Column("base_crps", sa.Double()),
        sa.CheckConstraint("low <= high", name=op.f("ck_score_guesses_low_to_high")),
        sa.CheckConstraint(
            "(crps IS NULL) = (base_crps IS NULL)", name=op.f("ck_score_guesses_scored_whole")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["posts.id"],
            name=op.f("fk_score_guesses_post_id_posts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_score_guesses_author_id_authors")
        ),
        sa.PrimaryKeyConstraint("post_id", "author_id", name=op.f("pk_score_guesses")),
    )
    op.create_index(op.f("ix_score_guesses_author_id"), "score_guesses", ["author_id"])


def downgrade() -> None:
    op.drop_table("score_guesses")
    op.drop_table("duel_guesses")
    op.drop_table("duels")
