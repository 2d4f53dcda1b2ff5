"""The audit log has entries of the command line, which is no platform.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_entries") as entries:
        entries.alter_column("platform", existing_type=sa.String(16), nullable=True)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM audit_entries WHERE platform IS NULL"))
    with op.batch_alter_table("audit_entries") as entries:
        entries.alter_column("platform", existing_type=sa.String(16), nullable=False)
