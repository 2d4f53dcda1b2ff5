"""One question: may this prediction be shown to this person now?"""

from datetime import timedelta
from typing import Any

import pytest

from bot.league.secrecy import Reader, Secret, why_secret
from storage.tables import Community, Post, Reply
from storage.types import PostState, ReplySkip, ReplyState
from tests.fixtures.rows import MOMENT, row

NOW = MOMENT + timedelta(minutes=1)


def a_post(*, blind: bool = False, skip: ReplySkip | None = None, **changes: Any) -> Post:
    post: Post = row(
        Post,
        **{
            "state": PostState.AWAITING_SCORE,
            "guessing_closed_at": MOMENT + timedelta(minutes=10),
            **changes,
        },
    )
    post.community = row(Community, blind=blind)
    if skip is not None:
        post.reply = row(Reply, state=ReplyState.SKIPPED, skip_code=skip)
    return post


def why(post: Post, reader: Reader | None = None, *, votes_are_in: bool = False) -> Secret | None:
    return why_secret(post, reader or Reader(), NOW, votes_are_in=votes_are_in)


def test_a_prediction_is_open_unless_something_speaks_against_it() -> None:
    assert why(a_post()) is None
    assert why(a_post(skip=ReplySkip.QUIET_HOURS)) is None


def test_what_was_taken_back_is_shown_to_nobody() -> None:
    assert why(a_post(state=PostState.WITHDRAWN), votes_are_in=True) is Secret.GONE


@pytest.mark.parametrize("asked", [True, False])
def test_the_silent_share_is_secret_until_the_votes_are_in(asked: bool) -> None:
    post = a_post(silent=True)
    assert why(post, Reader(has_seen=True, asked=asked)) is Secret.SILENT_SHARE
    assert why(post, votes_are_in=True) is None


@pytest.mark.parametrize("skip", [ReplySkip.PAUSED, ReplySkip.SILENT_MODE])
def test_where_predictions_are_not_announced_no_page_announces_them(skip: ReplySkip) -> None:
    post = a_post(skip=skip)
    assert why(post) is Secret.UNANNOUNCED
    assert why(post, Reader(is_author=True)) is Secret.UNANNOUNCED
    assert why(post, Reader(asked=True)) is None
    assert why(post, votes_are_in=True) is None


def test_a_blind_prediction_is_for_those_who_have_guessed() -> None:
    post = a_post(blind=True)
    assert why(post) is Secret.GUESS_FIRST
    assert why(post, Reader(asked=True)) is Secret.GUESS_FIRST
    assert why(post, Reader(has_seen=True)) is None
    # The others would read it, too.
    assert why(post, Reader(has_seen=True, alone=False)) is Secret.GUESS_FIRST
    assert why(post, Reader(is_author=True)) is None
    assert why(a_post(blind=True, guessing_closed_at=MOMENT)) is None
