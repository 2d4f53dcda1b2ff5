"""Finding the posts of a page, quickly whatever is looked for and however many posts there are.

Posts are walked through in the order of an index, from where the page begins, and those that fit
are taken. After `WALKED` posts the walk ends, and the page says where it may go on: so a page costs
the same whether much or nothing fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.people.shown_people import find_shown_person
from bot.visibility import Viewer, in_lists
from bot.web.browse import Browse, Place, Sort
from storage.queries.attributes import LooksLike
from storage.queries.labels import by_its_measure
from storage.queries.search_words import fts5_query, read_terms, tsquery
from storage.tables import Label, ModelVersion, Post, Prediction
from storage.types import PostState

#: Posts of a page.
PAGE = 12
#: Posts that are looked at for one page: a few first, since most of them fit mostly.
_STROLLED, WALKED = 5 * PAGE, 4000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(microseconds=1)
#: By which column of the labels an order goes, and whether the most come first.
_BY_LABEL = {
    Sort.TOP: (Label.score, True),
    Sort.SURPRISING: (Label.log_score, True),
    Sort.BEST: (Label.rps, False),
    Sort.WORST: (Label.rps, True),
}
#: What posts are sorted by.
_Key: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]
_OPEN = (PostState.SEEN, PostState.PREDICTED, PostState.AWAITING_SCORE)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of posts.

    Attributes:
        ids: of the posts, in their order.
        after: where the next page begins; None: there is none.
        walked_on: whether it ended because enough posts were looked at, not because it is full.
    """

    ids: Sequence[int]
    after: Place | None = None
    walked_on: bool = False


def find_posts(
    session: Session,
    browse: Browse,
    viewer: Viewer,
    community_ids: Sequence[int],
    now: datetime,
) -> Found:
    """The posts that fit, of communities that may be shown.

    Args:
        session: a read session.
        browse: what is looked for.
        viewer: who looks.
        community_ids: where. Of several, posts are looked for by words or among the viewer's own;
            otherwise nothing is found.
        now: aware.
    """
    author_id = _author(session, browse, viewer)
    if browse.by and author_id is None:
        return Found(())
    walk = _walk(browse, author_id, community_ids, session.get_bind().dialect.name)
    if walk is None or not community_ids:
        return Found(())
    conditions = [
        Post.community_id.in_(community_ids),
        *([] if author_id is None else [Post.author_id == author_id]),
        in_lists(viewer),
        *_conditions(session, browse, now),
    ]
    if _gathers(browse):
        return _page(session, browse, walk, WALKED, conditions)
    found = _page(session, browse, walk, _STROLLED, conditions)
    return found if found.after else _page(session, browse, walk, WALKED, conditions)


def _page(
    session: Session,
    browse: Browse,
    walk: Select[Any, Any],
    walked: int,
    conditions: Sequence[ColumnElement[bool]],
) -> Found:
    """The first page of what fits among so many posts of a walk."""
    steps = walk.limit(walked).subquery()
    order: list[_Key] = [steps.c.key, steps.c.id]
    where = [*conditions]
    if _gathers(browse):
        # They were gathered by something else than the order asked for.
        by, descending = _BY_LABEL[browse.sort]
        order = [by, Label.post_id]
        query = select(Post.id, by).join(steps, steps.c.id == Post.id)
        query = query.join(Label, Label.post_id == Post.id).where(by.is_not(None), by_its_measure())
        if browse.after is not None:
            where.append(_behind(order, browse.after, descending=descending))
    else:
        descending = browse.sort is not Sort.BEST
        query = select(Post.id, steps.c.key).join(steps, steps.c.id == Post.id)
    query = query.where(*where).order_by(*(each.desc() if descending else each for each in order))
    rows = session.execute(query.limit(PAGE + 1)).all()
    if len(rows) > PAGE:
        return Found([row[0] for row in rows[:PAGE]], place_of(*rows[PAGE - 1]))
    ids = [row[0] for row in rows]
    if _gathers(browse) or walked < WALKED:
        return Found(ids)
    last = session.execute(walk.offset(walked - 1).limit(1)).first()
    return Found(ids, None if last is None else place_of(*last), walked_on=last is not None)


def _author(session: Session, browse: Browse, viewer: Viewer) -> int | None:
    """Whose posts are asked for; None: anybody's, or those of nobody who is shown."""
    if browse.by in ("", "me"):
        return viewer.author_id if browse.by else None
    person = find_shown_person(session, browse.by, asked_by=viewer.author_id)
    return None if person is None else person.id


def _gathers(browse: Browse) -> bool:
    """Whether the posts are walked through in another order than the one asked for."""
    return browse.sort is not Sort.NEW and bool(browse.words or browse.by)


def _walk(
    browse: Browse, author_id: int | None, community_ids: Sequence[int], dialect: str
) -> Select[Any, Any] | None:
    """The posts to look at, in the order of an index; None: there is no way through them."""
    only = community_ids[0] if len(community_ids) == 1 else None
    after = None if _gathers(browse) else browse.after
    if browse.words:
        return _walk_words(browse, only, after, dialect)
    if author_id is not None:
        return _walk_new([Post.author_id == author_id], browse, after)
    if only is None:
        return None
    if browse.sort is Sort.NEW:
        return _walk_new([Post.community_id == only], browse, after)
    by, descending = _BY_LABEL[browse.sort]
    order: list[_Key] = [by, Label.post_id]
    walk = select(Label.post_id.label("id"), by.label("key")).where(
        Label.community_id == only, by.is_not(None), by_its_measure()
    )
    if after is not None:
        walk = walk.where(_behind(order, after, descending=descending))
    return walk.order_by(*(each.desc() if descending else each for each in order))


def _walk_new(
    where: list[ColumnElement[bool]], browse: Browse, after: Place | None
) -> Select[Any, Any]:
    begin, end = browse.span
    if begin is not None:
        where.append(Post.posted_at >= begin)
    if end is not None:
        where.append(Post.posted_at < end)
    walk = select(Post.id.label("id"), Post.posted_at.label("key")).where(*where)
    if after is not None:
        # What one index can be entered by, and what tells ties apart.
        moment = _moment(after.key)
        walk = walk.where(
            Post.posted_at <= moment,
            tuple_(Post.posted_at, Post.id)
            < tuple_(literal(moment, Post.posted_at.type), literal(after.post_id)),
        )
    return walk.order_by(Post.posted_at.desc(), Post.id.desc())


def _walk_words(
    browse: Browse, community_id: int | None, after: Place | None, dialect: str
) -> Select[Any, Any]:
    """Posts with some words, those that were seen last first."""
    terms = read_terms(browse.words)
    found: ColumnElement[int]
    if dialect == "sqlite":
        found = literal_column("post_search.rowid")
        matches = literal_column("post_search").op("MATCH")(fts5_query(terms, community_id))
        walk = select(found.label("id"), found.label("key")).select_from(table("post_search"))
    else:
        found = column("post_id")
        words = func.to_tsquery(literal_column("'simple'"), literal(tsquery(terms), String()))
        matches = column("words").op("@@")(words)
        walk = select(found.label("id"), found.label("key")).select_from(table("post_search"))
    walk = walk.where(matches)
    if after is not None:
        walk = walk.where(found < after.post_id)
    return walk.order_by(found.desc())


def _behind(order: Sequence[_Key], after: Place, *, descending: bool) -> ColumnElement[bool]:
    here, there = tuple_(*order), tuple_(literal(after.key), literal(after.post_id))
    return here < there if descending else here > there


def _conditions(session: Session, browse: Browse, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    begin, end = browse.span
    if begin is not None:
        found.append(Post.posted_at >= begin)
    if end is not None:
        found.append(Post.posted_at < end)
    if browse.open:
        found += [Post.guessing_closed_at > now, Post.state.in_(_OPEN)]
    if browse.version is not None:
        query = select(ModelVersion.id).where(ModelVersion.name == browse.version)
        version_id = session.scalar(query)
        found.append(
            select(Prediction.id)
            .where(Prediction.post_id == Post.id, Prediction.model_version_id == version_id)
            .exists()
        )
    if browse.genre is not None:
        found.append(LooksLike(genre=browse.genre).of_post())
    return found


def place_of(post_id: int, key: Any) -> Place:
    """Where the page behind a post begins.

    Args:
        post_id: of the post.
        key: what it is sorted by: a number, or when it was posted.
    """
    if isinstance(key, datetime):
        return Place(float((key - _EPOCH) // _SECOND), post_id)
    return Place(float(key), post_id)


def _moment(key: float) -> datetime:
    # No post is of before 1970 or after 9999.
    most = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _SECOND
    return _EPOCH + _SECOND * min(max(int(key), 0), most)
