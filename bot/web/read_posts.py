"""Posts as one person may see them: what pages, the API and feeds are made of, read at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.serving.second_look import SecondLook, read_second_looks
from bot.serving.waiting import read_waits
from bot.visibility import Viewer, Visibility, by_address
from bot.web.guess_view import guesses_on
from bot.web.payouts import read_payouts
from bot.web.post_view import SHOWN_WITH, PostView, view_post
from bot.web.votes import Tally, tallies
from storage.tables import Community, Post, Snapshot
from storage.types import PlatformName


def read_posts(
    session: Session,
    ids: Sequence[int],
    viewer: Viewer,
    *,
    visibility: Visibility,
    now: datetime,
    scores_to_compare: int,
) -> list[tuple[Post, PostView]]:
    """The posts that may be shown to somebody, in the order of their ids.

    Args:
        session: to read with.
        ids: of posts.
        viewer: who looks.
        visibility: what may be shown.
        now: aware.
        scores_to_compare: different scores that a community needs before anything is told.
    """
    query = select(Post).where(Post.id.in_(ids), by_address()).options(*SHOWN_WITH)
    posts = {
        post.id: post for post in session.scalars(query) if visibility.shows(post.community, viewer)
    }
    found = [each for each in ids if each in posts]
    here = [each for each in found if posts[each].platform is PlatformName.WEB]
    votes = tallies(session, here, viewer.author_id) if here else {}
    guesses = guesses_on(session, found, viewer.author_id)
    scores = _newest_scores(session, [*posts.values()])
    open_ = {each.community for each in posts.values() if each.label is None}
    pays = read_payouts(session, open_, now)
    looks = _second_looks(session, [*posts.values()], now)
    unsettled = [each for each in found if posts[each].label is None]
    waits = read_waits(session, unsettled, needed=scores_to_compare) if unsettled else {}
    return [
        (
            posts[post_id],
            view_post(
                posts[post_id],
                votes.get(post_id, Tally()),
                guesses[post_id],
                looks.get(post_id),
                waits.get(post_id),
                author_id=viewer.author_id,
                now=now,
                score_elsewhere=scores.get(post_id),
                payouts=pays.get(posts[post_id].community_id, {}),
            ),
        )
        for post_id in found
    ]


def _second_looks(session: Session, posts: Sequence[Post], now: datetime) -> dict[int, SecondLook]:
    by_community: defaultdict[Community, list[int]] = defaultdict(list)
    for post in posts:
        if post.label is None:
            by_community[post.community].append(post.id)
    found: dict[int, SecondLook] = {}
    for community, ids in by_community.items():
        found |= read_second_looks(session, community, ids, now=now)
    return found


def _newest_scores(session: Session, posts: Sequence[Post]) -> dict[int, float]:
    """The newest scores of those posts that are on other platforms."""
    elsewhere = [post for post in posts if post.platform is not PlatformName.WEB]
    found = {post.id: post.label.score for post in elsewhere if post.label is not None}
    open_ = [post.id for post in elsewhere if post.label is None]
    if open_:
        query = (
            select(Snapshot.post_id, Snapshot.score)
            .where(Snapshot.post_id.in_(open_))
            .order_by(Snapshot.post_id, Snapshot.reading)
        )
        # The newest comes last, and stays.
        found.update((row.post_id, row.score) for row in session.execute(query))
    return found
