"""What speaking does: days count who was answered, and who was kept from it by chance alone.

Before, whatever was not in the silent share counted as spoken, answered or not. The sums are worked
out anew from what became of each reply.

Revision ID: 0003
Revises: 0002
"""

from collections import defaultdict
from datetime import date
from math import log1p

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


def upgrade() -> None:
    op.add_column("daily_labels", sa.Column("n", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE daily_labels SET n = spoken_n + silent_n")
    _sum_anew(
        spoken=_replies.c.state.in_(["sent", "settled"]),
        silent=_posts.c.silent
        & (_replies.c.reason == "It is in the share that is predicted without a word."),
    )


def downgrade() -> None:
    _sum_anew(spoken=~_posts.c.silent, silent=_posts.c.silent)
    op.drop_column("daily_labels", "n")


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
