"""The loop closes: league, second looks, how communities want to be spoken to.

Columns are added one by one with their checks: copying a table, as Alembic does to add a check on
SQLite, would empty the tables that point at it.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("season", sa.String(length=16), nullable=False),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "person",
                "model",
                name="forecaster_kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "forecaster_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("expected_hits", sa.Double(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("points_squared", sa.Double(), nullable=False),
        sa.Column("blind_n", sa.Integer(), nullable=False),
        sa.Column("blind_hits", sa.Integer(), nullable=False),
        sa.Column("blind_expected_hits", sa.Double(), nullable=False),
        sa.Column("blind_points", sa.Double(), nullable=False),
        sa.Column("bot_hits", sa.Integer(), nullable=False),
        sa.Column("bot_points", sa.Double(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("best_streak", sa.Integer(), nullable=False),
        sa.Column("log_sum", sa.Double(), nullable=False),
        sa.Column("rps_sum", sa.Double(), nullable=False),
        sa.Column("base_rps_sum", sa.Double(), nullable=False),
        sa.Column("brier_sum", sa.Double(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "n > 0 AND blind_n <= n AND hits <= n", name=op.f("ck_standings_counts_in_order")
        ),
        sa.PrimaryKeyConstraint(
            "season", "community_id", "kind", "forecaster_id", name=op.f("pk_standings")
        ),
    )
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_standings_points",
            [
                "season",
                "community_id",
                "kind",
                "points",
                "n",
                "forecaster_id",
                "hits",
                "expected_hits",
            ],
            unique=False,
        )
        batch_op.create_index("ix_standings_forecaster", ["kind", "forecaster_id"], unique=False)

    op.create_table(
        "daily_labels",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("spoken_n", sa.Integer(), nullable=False),
        sa.Column("spoken_sum", sa.Double(), nullable=False),
        sa.Column("spoken_squared", sa.Double(), nullable=False),
        sa.Column("silent_n", sa.Integer(), nullable=False),
        sa.Column("silent_sum", sa.Double(), nullable=False),
        sa.Column("silent_squared", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_daily_labels_community_id")
        ),
        sa.PrimaryKeyConstraint("day", "community_id", name=op.f("pk_daily_labels")),
    )
    op.create_table(
        "daily_scores",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "model_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("expected_hits", sa.Double(), nullable=False),
        sa.Column("rps_sum", sa.Double(), nullable=False),
        sa.Column("base_rps_sum", sa.Double(), nullable=False),
        sa.Column("gain_squared_sum", sa.Double(), nullable=False),
        sa.Column("log_sum", sa.Double(), nullable=False),
        sa.Column("base_log_sum", sa.Double(), nullable=False),
        sa.Column("brier_sum", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_daily_scores_community_id")
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=op.f("fk_daily_scores_model_version_id"),
        ),
        sa.PrimaryKeyConstraint(
            "day", "community_id", "model_version_id", name=op.f("pk_daily_scores")
        ),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("told", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_notices_community_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notices_waiting",
            ["made_at"],
            unique=False,
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        )

    op.create_table(
        "inbox_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "platform",
            sa.Enum(
                "discord",
                "reddit",
                "web",
                name="platform",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "predict",
                "optout",
                "optin",
                name="inbox_kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("post_source_id", sa.String(length=128), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "sent",
                "settled",
                "skipped",
                name="reply_state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("answer_id", sa.String(length=128), nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'settled') OR answer_id IS NOT NULL",
            name=op.f("ck_inbox_items_answered_has_id"),
        ),
        sa.CheckConstraint(
            "(due_at IS NOT NULL) = (state = 'pending')",
            name=op.f("ck_inbox_items_pending_is_due"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_inbox_items_community_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_items")),
        sa.UniqueConstraint(
            "platform", "source_id", name=op.f("uq_inbox_items_platform_source_id")
        ),
    )
    op.create_index(
        "ix_inbox_items_due",
        "inbox_items",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_inbox_items_answered", "inbox_items", ["community_id", "answered_at"])

    op.create_table(
        "nowcasts",
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("score_p10", sa.Double(), nullable=False),
        sa.Column("score_median", sa.Double(), nullable=False),
        sa.Column("score_p90", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "score_p10 <= score_median AND score_median <= score_p90",
            name=op.f("ck_nowcasts_quantiles_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_nowcasts_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "reading", name=op.f("pk_nowcasts")),
    )
    op.create_table(
        "peeks",
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("peeked_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name=op.f("fk_peeks_author_id")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_peeks_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "author_id", name=op.f("pk_peeks")),
    )
    with op.batch_alter_table("communities", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("watched", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "reply_mode",
                sa.Enum(
                    "reply",
                    "react",
                    "silent",
                    name="reply_mode",
                    native_enum=False,
                    create_constraint=True,
                    length=16,
                ),
                server_default="reply",
                nullable=False,
            )
        )
        batch_op.add_column(
            sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "min_percentile",
                sa.Double(),
                sa.CheckConstraint(
                    "min_percentile >= 0 AND min_percentile <= 1",
                    name=op.f("ck_communities_min_percentile_range"),
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "quiet_until",
                sa.Integer(),
                sa.CheckConstraint(
                    "(quiet_from IS NULL) = (quiet_until IS NULL)",
                    name=op.f("ck_communities_quiet_hours_whole"),
                ),
                sa.CheckConstraint(
                    "quiet_from >= 0 AND quiet_from < 1440 AND quiet_until >= 0 AND quiet_until < 1440",
                    name=op.f("ck_communities_quiet_hours_range"),
                ),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column("time_zone", sa.String(length=64), server_default="UTC", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "replies_per_minute",
                sa.Integer(),
                sa.CheckConstraint(
                    "replies_per_minute > 0",
                    name=op.f("ck_communities_replies_per_minute_positive"),
                ),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "guess_seconds",
                sa.Integer(),
                sa.CheckConstraint(
                    "guess_seconds > 0", name=op.f("ck_communities_guess_seconds_positive")
                ),
                server_default="3600",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("guess_score", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("readings", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("paused_at", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "paused_reason",
                sa.Text(),
                sa.CheckConstraint(
                    "(paused_at IS NULL) = (paused_reason IS NULL)",
                    name=op.f("ck_communities_pause_has_reason"),
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("high_water", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("options", sa.JSON(), server_default="{}", nullable=False))

    op.create_index(
        "ix_authors_opted_out",
        "authors",
        ["id"],
        sqlite_where=sa.text("opted_out_at IS NOT NULL"),
        postgresql_where=sa.text("opted_out_at IS NOT NULL"),
    )
    op.create_index(
        "ix_posts_lost",
        "posts",
        ["community_id", "refusal"],
        sqlite_where=sa.text("state = 'refused' AND predicted_at IS NOT NULL"),
        postgresql_where=sa.text("state = 'refused' AND predicted_at IS NOT NULL"),
    )
    op.drop_index("ix_labels_community_matured", "labels")
    op.drop_index("ix_labels_matured_at", "labels")
    for name, columns in (
        ("ix_labels_community_matured", ["community_id", "matured_at", "score", "bucket"]),
        ("ix_labels_matured_at", ["matured_at", "score"]),
        ("ix_labels_community_score", ["community_id", "score"]),
        ("ix_labels_score", ["score"]),
        ("ix_labels_written_at", ["written_at"]),
    ):
        op.create_index(name, "labels", columns)

    with op.batch_alter_table("guesses", schema=None) as batch_op:
        batch_op.add_column(sa.Column("base_rate", sa.Double(), nullable=True))

    with op.batch_alter_table("model_versions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "dropped_at",
                UtcDateTime(timezone=True),
                sa.CheckConstraint(
                    "NOT is_champion OR dropped_at IS NULL",
                    name=op.f("ck_model_versions_champion_has_files"),
                ),
                nullable=True,
            )
        )

    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("guessing_closed_at", UtcDateTime(timezone=True), nullable=True)
        )

    with op.batch_alter_table("predictions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("base_rate", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("base_rps", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("base_log_score", sa.Double(), nullable=True))

    with op.batch_alter_table("replies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True))

    op.create_index(
        "ix_replies_open",
        "replies",
        ["recorded_at"],
        sqlite_where=sa.text("state IN ('pending', 'sent')"),
        postgresql_where=sa.text("state IN ('pending', 'sent')"),
    )
    op.create_index("ix_replies_recorded", "replies", ["recorded_at"])

    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("comments", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("upvote_ratio", sa.Double(), nullable=True))

    with op.batch_alter_table("training_runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pid_started", sa.Double(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Peoria's migrations go forward only; restore a backup instead.")
