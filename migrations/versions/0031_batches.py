"""Work on all stored images: how far it is, and images that end the processes at work on them.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key
from storage.types import BatchState, UtcDateTime, enum_column

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_jobs",
        sa.Column("id", Key, primary_key=True),
        sa.Column("work", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", enum_column(BatchState, "state"), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("reason", sa.Text()),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("cancel_asked_at", UtcDateTime()),
        sa.CheckConstraint("(finished_at IS NULL) = (state = 'running')", name="ended_has_time"),
        sa.CheckConstraint("done >= 0 AND total >= 0", name="counts_not_negative"),
    )
    op.create_table(
        "quarantined_images",
        sa.Column(
            "image_id",
            Key,
            sa.ForeignKey("images.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("work", sa.String(16), primary_key=True),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("quarantined_images")
    op.drop_table("batch_jobs")
