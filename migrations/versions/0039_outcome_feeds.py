"""Outcomes told in a channel of a server, or to a person.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import UtcDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outcome_feeds",
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
        sa.Column("server", sa.String(128)),
        sa.Column("channel", sa.String(128)),
        sa.Column("author_id", Key),
        sa.Column("locale", sa.String(16)),
        sa.Column("told_until", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_until", UtcDateTime()),
        sa.Column("begun_at", UtcDateTime()),
        sa.Column("begun_until", UtcDateTime()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text()),
        sa.Column("season", sa.String(16)),
        sa.Column("winner_role", sa.String(128)),
        sa.Column("winner_id", Key),
        sa.CheckConstraint(
            "(server IS NULL) <> (author_id IS NULL)", name=op.f("ck_outcome_feeds_one_reader")
        ),
        sa.CheckConstraint(
            "(server IS NULL) = (channel IS NULL)", name=op.f("ck_outcome_feeds_channel_of_server")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["authors.id"],
            name=op.f("fk_outcome_feeds_author_id_authors"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["winner_id"],
            ["authors.id"],
            name=op.f("fk_outcome_feeds_winner_id_authors"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_feeds")),
        sa.UniqueConstraint("platform", "server", name=op.f("uq_outcome_feeds_platform_server")),
        sa.UniqueConstraint("author_id", name=op.f("uq_outcome_feeds_author_id")),
    )
    op.create_index("ix_outcome_feeds_due", "outcome_feeds", ["due_at"])


def downgrade() -> None:
    op.drop_table("outcome_feeds")
