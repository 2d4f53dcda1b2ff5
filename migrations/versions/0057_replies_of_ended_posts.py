"""Replies whose post ended are marked, so that they are found without looking at all that are open.

Triggers keep the mark: a post ends in many ways, and processes of the release before end posts,
too, while this one is started beside them.

Revision ID: 0057
Revises: 0056
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

# ruff: noqa: S608 - nothing in these statements comes from outside

_ENDED = "IN ('refused', 'withdrawn')"
_OPEN = sa.text("post_ended AND state IN ('pending', 'sent')")

_SQLITE = (
    f"""CREATE TRIGGER reply_post_ended AFTER UPDATE OF state ON posts
        WHEN (old.state {_ENDED}) <> (new.state {_ENDED}) BEGIN
        UPDATE replies SET post_ended = new.state {_ENDED} WHERE post_id = new.id; END""",
    f"""CREATE TRIGGER reply_new AFTER INSERT ON replies
        WHEN EXISTS (SELECT 1 FROM posts WHERE id = new.post_id AND state {_ENDED}) BEGIN
        UPDATE replies SET post_ended = true WHERE post_id = new.post_id; END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION reply_post_ended() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE replies SET post_ended = new.state {_ENDED} WHERE post_id = new.id;
        RETURN NULL; END $$""",
    f"""CREATE TRIGGER reply_post_ended AFTER UPDATE OF state ON posts FOR EACH ROW
        WHEN ((old.state {_ENDED}) <> (new.state {_ENDED}))
        EXECUTE FUNCTION reply_post_ended()""",
    # The post is locked, as by whoever moves it: one that ends at this very moment does so before,
    # and is seen here, or afterwards, and sees the reply.
    f"""CREATE FUNCTION reply_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        new.post_ended := coalesce((SELECT state {_ENDED} FROM posts
            WHERE id = new.post_id FOR NO KEY UPDATE), false);
        RETURN new; END $$""",
    """CREATE TRIGGER reply_new BEFORE INSERT ON replies FOR EACH ROW
        EXECUTE FUNCTION reply_new()""",
)


def upgrade() -> None:
    op.add_column(
        "replies",
        sa.Column("post_ended", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    connection = op.get_bind()
    connection.exec_driver_sql(
        "UPDATE replies SET post_ended = true"
        f" WHERE post_id IN (SELECT id FROM posts WHERE state {_ENDED})"
    )
    op.create_index(
        "ix_replies_ended", "replies", ["recorded_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER reply_post_ended")
        connection.exec_driver_sql("DROP TRIGGER reply_new")
    else:
        for name, table in (("reply_post_ended", "posts"), ("reply_new", "replies")):
            connection.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
            connection.exec_driver_sql(f"DROP FUNCTION {name}()")
    op.drop_index("ix_replies_ended", "replies")
    op.drop_column("replies", "post_ended")
