"""Lemmy as a platform, guesses by comment, and what moderators ask for in a message.

What a column may hold is a CHECK. On SQLite its text is changed in place, as
https://www.sqlite.org/lang_altertable.html (section 7) describes for changes that touch no row: a
copy of the largest tables would take minutes and lose the triggers of the search index.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_OF_PLATFORMS = (
    "audit_entries", "authors", "communities", "digests", "imageless_posts", "inbox_items",
    "posts", "watched_groups",
)  # fmt: skip
_PLATFORMS = "platform IN ('discord', 'reddit', 'web')"
_WITH_LEMMY = "platform IN ('discord', 'reddit', 'web', 'lemmy')"
_KINDS = "kind IN ('predict', 'optout', 'optin')"
_MORE = (
    "guess", "help", "status", "pause", "resume", "watch", "unwatch", "import", "leaderboard",
)  # fmt: skip
_MORE_KINDS = f"{_KINDS[:-1]}, {', '.join(repr(kind) for kind in _MORE)})"


def upgrade() -> None:
    for table in _OF_PLATFORMS:
        _change(table, f"ck_{table}_platform", _PLATFORMS, _WITH_LEMMY)
    _change("inbox_items", "ck_inbox_items_inbox_kind", _KINDS, _MORE_KINDS)


def downgrade() -> None:
    items = sa.table("inbox_items", sa.column("kind", sa.String))
    op.execute(items.delete().where(items.c.kind.in_(_MORE)))
    _change("inbox_items", "ck_inbox_items_inbox_kind", _MORE_KINDS, _KINDS)
    connection = op.get_bind()
    for table in reversed(_OF_PLATFORMS):
        rows = sa.table(table, sa.column("platform", sa.String))
        left = sa.select(sa.func.count()).select_from(rows).where(rows.c.platform == "lemmy")
        if connection.scalar(left):
            raise RuntimeError(
                f"An earlier Peoria does not know Lemmy, and there are rows of it in {table}."
            )
        _change(table, f"ck_{table}_platform", _WITH_LEMMY, _PLATFORMS)


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
