"""Communities and their recent scores."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.errors import ExpectedError
from storage.tables import Author, Community, Label
from storage.types import Measure, PlatformName

#: Built once: building a statement takes longer than what it asks for.
_COMMUNITY = select(Community).where(
    Community.platform == bindparam("platform"), Community.source_id == bindparam("source_id")
)
_AUTHOR = select(Author).where(
    Author.platform == bindparam("platform"), Author.hash == bindparam("person")
)


def find_community(session: Session, platform: PlatformName, source_id: str) -> Community | None:
    """The community with the platform's id ``source_id``, if it was ever seen."""
    keys = {"platform": platform, "source_id": source_id}
    found: Community | None = session.scalar(_COMMUNITY, keys)
    return found


class UnknownCommunity(ExpectedError):
    """There is no such community; the message names those there are."""


def find_named_community(session: Session, name: str) -> Community:
    """The community that people call ``name``: its name, or its id on its platform.

    Raises:
        UnknownCommunity: there is none of that name, or several.
    """
    plain = name.removeprefix("/").removeprefix("r/").casefold()
    matches = func.lower(Community.name).in_([name.casefold(), plain]) | (
        func.lower(Community.source_id) == plain
    )
    found = session.scalars(select(Community).where(matches).limit(2)).all()
    if len(found) == 1:
        return found[0]
    names = ", ".join(session.scalars(select(Community.name).order_by(Community.name)))
    if not names:
        raise UnknownCommunity(
            f"There is no community called {name!r}. Known: none yet. A community comes to be when"
            " posts are imported (`main.py import FILE`) or watched (`main.py run`); without"
            " --community all are taken together."
        )
    raise UnknownCommunity(
        f"There {'are several communities' if found else 'is no community'} called {name!r}."
        f" Known: {names}. Name one of these, or leave --community out."
    )


def find_the_community(session: Session, name: str | None) -> Community:
    """The community that people call ``name``, or the only one there is where they say none.

    Raises:
        UnknownCommunity: there is none of that name, or several.
    """
    if name is not None:
        return find_named_community(session, name)
    found = session.scalars(select(Community).order_by(Community.name)).all()
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownCommunity(
            "There is no community yet. One comes to be when posts are imported (`main.py import"
            " FILE`) or watched (`main.py run`)."
        )
    names = ", ".join(each.name for each in found)
    raise UnknownCommunity(f"There are several communities; say --community with one of: {names}.")


def all_communities(session: Session) -> list[Community]:
    """Every community, the oldest first."""
    return list(session.scalars(select(Community).order_by(Community.id)))


def find_author(session: Session, platform: PlatformName, person: str) -> Author | None:
    """The author with the keyed hash ``person``, if anything is stored about them."""
    found: Author | None = session.scalar(_AUTHOR, {"platform": platform, "person": person})
    return found


def find_or_add_author(session: Session, platform: PlatformName, person: str) -> Author:
    """The author with the keyed hash ``person``. Needs a write session."""
    author = find_author(session, platform, person)
    if author is None:
        author = Author(platform=platform, hash=person)
        session.add(author)
        session.flush()
    return author


_LABELS, _COMMUNITIES = table_of(Label), table_of(Community)

_RECENT = (
    select(_LABELS.c.score)
    .where(
        _LABELS.c.community_id == bindparam("community_id"),
        _LABELS.c.matured_at <= bindparam("before"),
        _LABELS.c.measure == bindparam("measure"),
    )
    .order_by(_LABELS.c.matured_at.desc(), _LABELS.c.post_id.desc())
    .limit(bindparam("most", type_=Integer))
)
_RECENT_EVERYWHERE = (
    select(_LABELS.c.score)
    .join(_COMMUNITIES, _COMMUNITIES.c.id == _LABELS.c.community_id)
    .where(
        _COMMUNITIES.c.platform == bindparam("platform"),
        _LABELS.c.matured_at <= bindparam("before"),
        _LABELS.c.measure == bindparam("measure"),
    )
    .order_by(_LABELS.c.matured_at.desc())
    .limit(bindparam("most", type_=Integer))
)


def recent_scores(
    session: Session,
    community_id: int,
    *,
    before: datetime,
    limit: int,
    measure: Measure = Measure.SCORE,
) -> Sequence[float]:
    """Scores of the community's newest labels by a measure, matured by ``before``, newest first."""
    keys = {
        "community_id": community_id, "before": before, "most": limit, "measure": measure,
    }  # fmt: skip
    return session.scalars(_RECENT, keys).all()


def platform_scores(
    session: Session,
    platform: PlatformName,
    *,
    before: datetime,
    limit: int,
    measure: Measure = Measure.SCORE,
) -> Sequence[float]:
    """Scores of the newest labels of a whole platform by a measure, matured by ``before``."""
    keys = {"platform": platform, "before": before, "most": limit, "measure": measure}
    return session.scalars(_RECENT_EVERYWHERE, keys).all()
