"""Sums that say what they should, and boards that are read quickly from a million posts.

Days count who was answered, and who was kept from it by chance alone. Before, whatever was not in
the silent share counted as spoken, answered or not; the sums are worked out anew from what became
of each reply. People's guesses are summed by community, from their standings. PostgreSQL gets
indexes in the order of the boards.

Revision ID: 0003
Revises: 0002
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from math import log1p
from typing import TypeAlias

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Labels that are read at a time.
_CHUNK = 10_000

_labels = sa.table(
    "labels",
    sa.column("post_id", sa.BigInteger),
    sa.column("community_id", sa.BigInteger),
    sa.column("score", sa.Double),
    sa.column("matured_at", UtcDateTime()),
)
_posts = sa.table(
    "posts",
    sa.column("id", sa.BigInteger),
    sa.column("origin", sa.String),
    sa.column("silent", sa.Boolean),
)
_replies = sa.table(
    "replies",
    sa.column("post_id", sa.BigInteger),
    sa.column("state", sa.String),
    sa.column("reason", sa.Text),
)
_days = sa.table(
    "daily_labels",
    sa.column("day", sa.Date),
    sa.column("community_id", sa.BigInteger),
    *(
        sa.column(f"{side}_{what}")
        for side in ("spoken", "silent")
        for what in ("n", "sum", "squared")
    ),
)


_Indexes: TypeAlias = Sequence[tuple[str, list[str | sa.TextClause], list[str]]]

#: PostgreSQL's: name, columns, and what stands beside them in the index.
_BEFORE: _Indexes = (
    ("ix_labels_matured_at", ["matured_at", "score"], []),
    ("ix_labels_community_score", ["community_id", "score"], []),
    ("ix_labels_score", ["score"], []),
)
_AFTER: _Indexes = (
    ("ix_labels_matured_at", ["matured_at", "score"], ["post_id"]),
    (
        "ix_labels_community_best",
        ["community_id", sa.text("score DESC"), "post_id", "matured_at"],
        [],
    ),
    ("ix_labels_best", [sa.text("score DESC"), "post_id", "matured_at"], []),
)


def upgrade() -> None:
    op.add_column("daily_labels", sa.Column("n", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE daily_labels SET n = spoken_n + silent_n")
    _sum_anew(
        spoken=_replies.c.state.in_(["sent", "settled"]),
        silent=_posts.c.silent
        & (_replies.c.reason == "It is in the share that is predicted without a word."),
    )
    op.create_table(
        "community_guesses",
        sa.Column("season", sa.String(length=16), nullable=False),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("expected_hits", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_community_guesses_community_id"),
        ),
        sa.PrimaryKeyConstraint("season", "community_id", name=op.f("pk_community_guesses")),
    )
    op.execute(
        "INSERT INTO community_guesses (season, community_id, n, hits, expected_hits)"
        " SELECT season, community_id, sum(n), sum(hits), sum(expected_hits) FROM standings"
        " WHERE kind = 'person' AND community_id <> 0 GROUP BY season, community_id"
    )
    _exchange_indexes(_BEFORE, _AFTER)


def downgrade() -> None:
    _exchange_indexes(_AFTER, _BEFORE)
    op.drop_table("community_guesses")
    _sum_anew(spoken=~_posts.c.silent, silent=_posts.c.silent)
    op.drop_column("daily_labels", "n")


def _exchange_indexes(old: _Indexes, new: _Indexes) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, _, _ in old:
        op.drop_index(name, "labels")
    for name, columns, beside in new:
        op.create_index(name, "labels", columns, postgresql_include=beside or None)


def _sum_anew(*, spoken: sa.ColumnElement[bool], silent: sa.ColumnElement[bool]) -> None:
    """Sum log(1 + max(score, 0)) by day and community, of posts that are one or the other."""
    connection = op.get_bind()
    query = (
        sa.select(
            _labels, sa.func.coalesce(spoken, sa.false()), sa.func.coalesce(silent, sa.false())
        )
        .join(_posts, _posts.c.id == _labels.c.post_id)
        .outerjoin(_replies, _replies.c.post_id == _labels.c.post_id)
        .where(_posts.c.origin == "live")
        .order_by(_labels.c.post_id)
        .limit(_CHUNK)
    )
    sums: defaultdict[tuple[date, int], list[float]] = defaultdict(lambda: [0] * 6)
    last = 0
    while rows := connection.execute(query.where(_labels.c.post_id > last)).all():
        for last, community_id, score, matured_at, is_spoken, is_silent in rows:  # noqa: B007
            value = log1p(max(score, 0.0))
            day = sums[matured_at.date(), community_id]
            for place, counts in ((0, is_spoken), (3, not is_spoken and is_silent)):
                if counts:
                    day[place] += 1
                    day[place + 1] += value
                    day[place + 2] += value**2
    if sums:
        names = [column.name for column in _days.c][2:]
        connection.execute(
            _days.update()
            .where(
                _days.c.day == sa.bindparam("of_day"),
                _days.c.community_id == sa.bindparam("of_community"),
            )
            .values({name: sa.bindparam(f"new_{name}") for name in names}),
            [
                {"of_day": day, "of_community": community_id}
                | {f"new_{name}": value for name, value in zip(names, values, strict=True)}
                for (day, community_id), values in sums.items()
            ],
        )
