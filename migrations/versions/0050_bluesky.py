"""Bluesky as a platform.

What a column may hold is a CHECK, whose text is changed in place on SQLite, as in 0037.

Revision ID: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_OF_PLATFORMS = (
    "audit_entries", "authors", "communities", "digests", "imageless_posts", "inbox_items",
    "outcome_feeds", "posts", "servers", "watched_groups",
)  # fmt: skip
_BEFORE = "platform IN ('discord', 'reddit', 'web', 'lemmy', 'mastodon')"
_AFTER = "platform IN ('discord', 'reddit', 'web', 'lemmy', 'mastodon', 'bluesky')"


def upgrade() -> None:
    for table in _OF_PLATFORMS:
        _change(table, f"ck_{table}_platform", _BEFORE, _AFTER)


def downgrade() -> None:
    connection = op.get_bind()
    for table in reversed(_OF_PLATFORMS):
        rows = sa.table(table, sa.column("platform", sa.String))
        left = sa.select(sa.func.count()).select_from(rows).where(rows.c.platform == "bluesky")
        if connection.scalar(left):
            raise RuntimeError(
                f"An earlier Peoria does not know Bluesky, and there are rows of it in {table}."
            )
        _change(table, f"ck_{table}_platform", _AFTER, _BEFORE)


def _change(table: str, name: str, before: str, after: str) -> None:
    """Let a column hold other values than before; every row holds one of them."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, after)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        changed = connection.exec_driver_sql(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
            " WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0",
            (f"{name} CHECK ({before})", f"{name} CHECK ({after})", table, f"{name} CHECK"),
        )
        if changed.rowcount != 1:
            raise RuntimeError(f"The table {table} has no constraint {name}.")
        # Other connections read the schema anew.
        connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    finally:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")
