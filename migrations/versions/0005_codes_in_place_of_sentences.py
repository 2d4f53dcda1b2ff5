"""Codes in place of sentences: why a post was refused, and why it was not replied to.

Sentences are for people and change with their wording; statistics go by the codes. The states of
a post get the names of what it waits for, and a training run is never queued.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATES = {"replied": "awaiting_score", "scored": "settling"}

_REFUSALS = {
    "no_image": "The post has no image.",
    "image_unreached": "The image could not be downloaded.",
    "score_missed": "Its score could not be read in time: what it was at the horizon is not known.",
}
_SKIPS = {
    "silent_share": "It is in the share that is predicted without a word.",
    "silent_mode": "The community records predictions without a word.",
    "paused": "Automatic replies are paused here.",
    "quiet_hours": "It was posted in the quiet hours.",
    "no_platform": "Its platform is not connected to this Peoria.",
    "withdrawn": "The post was withdrawn.",
}
#: Sentences with a number in them: how they look, and what a step back writes.
_SKIPS_LIKE = {
    "low_forecast": (
        "Only posts that should beat % are answered here.",
        "Only posts that should beat more are answered here.",
    ),
    "rate_limit": (
        "% replies a minute were made already.",
        "Enough replies a minute were made already.",
    ),
}

_POSTS = sa.table(
    "posts",
    sa.column("state", sa.String),
    sa.column("refusal", sa.Text),
    sa.column("refusal_code", sa.String),
)
_REPLIES = sa.table("replies", sa.column("reason", sa.Text), sa.column("skip_code", sa.String))
_RUNS = sa.table(
    "training_runs",
    sa.column("state", sa.String),
    sa.column("started_at"),
    sa.column("finished_at"),
    sa.column("reason", sa.Text),
)

_NEW_POST_CHECKS = {
    "ck_posts_state": (
        "state IN ('seen', 'predicted', 'awaiting_score', 'labelled', 'settling', 'refused',"
        " 'withdrawn')"
    ),
    "ck_posts_predicted_has_time": (
        "origin = 'imported' OR predicted_at IS NOT NULL"
        " OR state NOT IN ('predicted', 'awaiting_score', 'labelled', 'settling')"
    ),
    "ck_posts_refused_has_reason": "(state = 'refused') = (refusal_code IS NOT NULL)",
}
_NEW_CODE_CHECKS = {
    "ck_posts_refusal_code": (
        "refusal_code IN ('no_image', 'image_unreached', 'score_missed', 'other')"
    ),
    "ck_posts_other_refusal_has_sentence": (
        "(refusal IS NOT NULL) = (refusal_code IS NOT NULL AND refusal_code = 'other')"
    ),
}
_OLD_POST_CHECKS = {
    "ck_posts_state": (
        "state IN ('seen', 'predicted', 'replied', 'labelled', 'scored', 'refused', 'withdrawn')"
    ),
    "ck_posts_predicted_has_time": (
        "origin = 'imported' OR predicted_at IS NOT NULL"
        " OR state NOT IN ('predicted', 'replied', 'labelled', 'scored')"
    ),
    "ck_posts_refused_has_reason": "(state = 'refused') = (refusal IS NOT NULL)",
}
_REPLY_CHECKS = {
    "ck_replies_skip_code": (
        "skip_code IN ('silent_share', 'silent_mode', 'paused', 'low_forecast', 'quiet_hours',"
        " 'rate_limit', 'no_platform', 'withdrawn', 'other')"
    ),
    "ck_replies_other_skip_has_sentence": (
        "(reason IS NOT NULL) = (skip_code IS NOT NULL AND skip_code = 'other')"
    ),
}
_NEW_RUN_CHECKS = {
    "ck_training_runs_state": "state IN ('running', 'promoted', 'kept', 'refused', 'failed')",
    "ck_training_runs_ended_has_time": "(finished_at IS NULL) = (state = 'running')",
}
_OLD_RUN_CHECKS = {
    "ck_training_runs_state": (
        "state IN ('queued', 'running', 'promoted', 'kept', 'refused', 'failed')"
    ),
    "ck_training_runs_ended_has_time": "(finished_at IS NULL) = (state IN ('queued', 'running'))",
}


def upgrade() -> None:
    # Nothing reads it any more.
    op.drop_index("ix_posts_lost", "posts")
    # The rows change between the old checks and the new ones, which hold for one of them only.
    with op.batch_alter_table("posts") as posts:
        posts.add_column(sa.Column("refusal_code", sa.String(16), nullable=True))
        for name in _OLD_POST_CHECKS:
            posts.drop_constraint(op.f(name), type_="check")
    _replace_states(_STATES)
    for code, sentence in _REFUSALS.items():
        op.execute(
            _POSTS.update()
            .where(_POSTS.c.refusal == sentence)
            .values(refusal_code=code, refusal=None)
        )
    op.execute(_POSTS.update().where(_POSTS.c.refusal.is_not(None)).values(refusal_code="other"))
    with op.batch_alter_table("posts") as posts:
        for name, check in (_NEW_POST_CHECKS | _NEW_CODE_CHECKS).items():
            posts.create_check_constraint(op.f(name), sa.text(check))

    op.add_column("replies", sa.Column("skip_code", sa.String(16), nullable=True))
    for code, sentence in _SKIPS.items():
        _give_skip_code(code, _REPLIES.c.reason == sentence)
    for code, (like, _) in _SKIPS_LIKE.items():
        _give_skip_code(code, _REPLIES.c.reason.like(like))
    op.execute(_REPLIES.update().where(_REPLIES.c.reason.is_not(None)).values(skip_code="other"))
    with op.batch_alter_table("replies") as replies:
        for name, check in _REPLY_CHECKS.items():
            replies.create_check_constraint(op.f(name), sa.text(check))

    # No version of Peoria ever queued a run; one that somebody else wrote would never end.
    op.execute(
        _RUNS.update()
        .where(_RUNS.c.state == "queued")
        .values(state="failed", finished_at=_RUNS.c.started_at, reason="It was never started.")
    )
    _exchange_checks("training_runs", _OLD_RUN_CHECKS, _NEW_RUN_CHECKS)


def downgrade() -> None:
    _exchange_checks("training_runs", _NEW_RUN_CHECKS, _OLD_RUN_CHECKS)

    with op.batch_alter_table("replies") as replies:
        for name in _REPLY_CHECKS:
            replies.drop_constraint(op.f(name), type_="check")
    for code, sentence in (
        _SKIPS | {code: told for code, (_, told) in _SKIPS_LIKE.items()}
    ).items():
        op.execute(_REPLIES.update().where(_REPLIES.c.skip_code == code).values(reason=sentence))
    with op.batch_alter_table("replies") as replies:
        replies.drop_column("skip_code")

    with op.batch_alter_table("posts") as posts:
        for name in _NEW_POST_CHECKS | _NEW_CODE_CHECKS:
            posts.drop_constraint(op.f(name), type_="check")
    _replace_states({new: old for old, new in _STATES.items()})
    for code, sentence in _REFUSALS.items():
        op.execute(_POSTS.update().where(_POSTS.c.refusal_code == code).values(refusal=sentence))
    with op.batch_alter_table("posts") as posts:
        posts.drop_column("refusal_code")
        for name, check in _OLD_POST_CHECKS.items():
            posts.create_check_constraint(op.f(name), sa.text(check))
    op.create_index(
        "ix_posts_lost",
        "posts",
        ["community_id", "refusal"],
        sqlite_where=sa.text("state = 'refused' AND predicted_at IS NOT NULL"),
        postgresql_where=sa.text("state = 'refused' AND predicted_at IS NOT NULL"),
    )


def _replace_states(names: dict[str, str]) -> None:
    for old, new in names.items():
        op.execute(_POSTS.update().where(_POSTS.c.state == old).values(state=new))


def _give_skip_code(code: str, which: sa.ColumnElement[bool]) -> None:
    op.execute(_REPLIES.update().where(which).values(skip_code=code, reason=None))


def _exchange_checks(table: str, old: dict[str, str], new: dict[str, str]) -> None:
    with op.batch_alter_table(table) as batch:
        for name in old:
            batch.drop_constraint(op.f(name), type_="check")
        for name, check in new.items():
            batch.create_check_constraint(op.f(name), sa.text(check))
