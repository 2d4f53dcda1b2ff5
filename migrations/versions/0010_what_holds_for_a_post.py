"""A post keeps the options it was posted under; people who play can be named after a restart.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("options", sa.JSON(none_as_null=True)))
    op.add_column("authors", sa.Column("sealed_id", sa.String(64)))
    # Posts that wait were posted under what their communities have now, as far as is known.
    op.execute(
        sa.text(
            "UPDATE posts SET options = (SELECT communities.options FROM communities"
            " WHERE communities.id = posts.community_id) WHERE platform = 'discord'"
            " AND state IN ('seen', 'predicted', 'awaiting_score')"
        )
    )


def downgrade() -> None:
    op.drop_column("authors", "sealed_id")
    op.drop_column("posts", "options")
