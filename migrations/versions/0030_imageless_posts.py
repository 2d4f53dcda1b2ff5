"""Publications without an image, which count in records alone.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TABLE = "imageless_posts"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", _KEY, nullable=False),
        sa.Column("community_id", _KEY, nullable=False),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("author_id", _KEY),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("score", sa.Double()),
        sa.Column("matured_at", sa.DateTime(timezone=True)),
        sa.Column("percentile_low", sa.Double()),
        sa.Column("percentile_high", sa.Double()),
        sa.CheckConstraint(
            "platform IN ('discord', 'reddit', 'web')", name=op.f(f"ck_{_TABLE}_platform")
        ),
        sa.CheckConstraint(
            "percentile_low >= 0 AND percentile_low < percentile_high AND percentile_high <= 1",
            name=op.f(f"ck_{_TABLE}_percentile_interval"),
        ),
        sa.CheckConstraint(
            "(matured_at IS NULL) = (percentile_low IS NULL)"
            " AND (percentile_high IS NULL) = (percentile_low IS NULL)",
            name=op.f(f"ck_{_TABLE}_ranked_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "platform"],
            ["communities.id", "communities.platform"],
            name=op.f(f"fk_{_TABLE}_community_id_platform"),
        ),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name=op.f(f"fk_{_TABLE}_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("platform", "source_id", name=op.f(f"uq_{_TABLE}_platform_source_id")),
    )
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index(
        f"ix_{_TABLE}_due", _TABLE, ["due_at"], sqlite_where=is_due, postgresql_where=is_due
    )
    op.create_index(f"ix_{_TABLE}_pace", _TABLE, ["community_id", "posted_at"])
    op.create_index(f"ix_{_TABLE}_author", _TABLE, ["author_id", "community_id", "posted_at"])
    op.create_index(
        f"ix_{_TABLE}_record",
        _TABLE,
        ["community_id", "matured_at", "percentile_low", "percentile_high"],
    )


def downgrade() -> None:
    op.drop_table(_TABLE)
