"""The newest posts of an author are read from an index.

An author's record looks at so many of them and no further, whoever posts however much.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_POSTS = "ix_posts_author"
_BEFORE = ["author_id", "community_id"]
_AFTER = [*_BEFORE, "posted_at"]


def upgrade() -> None:
    op.drop_index(_POSTS, "posts")
    op.create_index(_POSTS, "posts", _AFTER)


def downgrade() -> None:
    op.drop_index(_POSTS, "posts")
    op.create_index(_POSTS, "posts", _BEFORE)
