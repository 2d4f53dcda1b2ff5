"""The genres of a community, and what people say of the genre of a post."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.attributes.genre import GENRE_NAMES, GENRES
from storage.queries.communities import find_or_add_author
from storage.tables import Community, GenreCorrection, Post, PostImage
from storage.types import OWN_GENRES, PlatformName, PostState

#: Genres that a community can have of its own, at most.
MOST_OWN: Final = 12
#: A name is letters, digits and a few signs: no markup, and no invisible look-alike of another.
_NAME: Final = re.compile(r"[^\W_](?:[\w /&'-]{0,38}[^\W_])?")

NO_SUCH_POST: Final = "There is no such post, or there is no picture in it."
NOT_YOURS: Final = (
    "Only who made a post, and those who look after the place, can correct its genre."
)
OPTED_OUT: Final = "You have opted out, so nothing that you say is kept. Opt in again first."


class GenreRefused(Exception):
    """A genre that cannot be what was said; the message is for the person who said it."""


def genres_of(community: Community) -> tuple[str, ...]:
    """The names of a community's genres: those that Peoria came with, then its own."""
    return (*GENRES, *own_genres(community))


def own_genres(community: Community) -> tuple[str, ...]:
    """The genres that a community has beside those that Peoria came with."""
    return tuple((community.options or {}).get(OWN_GENRES) or ())


def check_own_genres(names: Sequence[str]) -> list[str]:
    """Names that a community wants to give its own genres, without spaces around them.

    Raises:
        GenreRefused: too many, not storable, or a name that is taken.
    """
    found: list[str] = []
    taken = {_plain(each) for each in (*GENRES, *GENRE_NAMES.values(), "not_sure")}
    for name in (each.strip() for each in names):
        if not _NAME.fullmatch(name):
            raise GenreRefused(
                f"{name[:60]!r} cannot be the name of a genre: use letters, digits, spaces and"
                " /&'-, at most 40 of them."
            )
        if _plain(name) in taken:
            raise GenreRefused(f"There is a genre called {name!r} already.")
        taken.add(_plain(name))
        found.append(name)
    if len(found) > MOST_OWN:
        raise GenreRefused(f"A community has at most {MOST_OWN} genres of its own.")
    return found


def read_genre(text: str, community: Community) -> str:
    """The genre of a community that people mean by ``text``, as it is stored.

    Raises:
        GenreRefused: it has none of that name; the message lists those it has.
    """
    names = {_plain(each): each for each in genres_of(community)}
    names |= {_plain(name): key for key, name in GENRE_NAMES.items()}
    found = names.get(_plain(text))
    if found is None:
        known = ", ".join(GENRE_NAMES.get(each, each) for each in genres_of(community))
        raise GenreRefused(f"There is no genre called {text[:60]!r} here. Known: {known}.")
    return found


def correct_genre(
    session: Session,
    *,
    post_id: int,
    platform: PlatformName,
    person: str,
    looks_after: bool,
    genre: str,
    now: datetime,
) -> None:
    """Note what a person says of the genre of a post; it counts until somebody says otherwise.

    Args:
        session: a write session.
        post_id: the post.
        platform: where the person is.
        person: the keyed hash of their id there.
        looks_after: whether they look after the community: moderators and admins do.
        genre: of the community's genres.
        now: aware.

    Raises:
        GenreRefused: they may not, the post has no picture, or the community has no such genre.
    """
    post = _post(session, post_id)
    if post.platform is not platform:
        raise GenreRefused(NO_SUCH_POST)
    author = find_or_add_author(session, platform, person)
    if author.opted_out_at is not None:
        raise GenreRefused(OPTED_OUT)
    if not looks_after and post.author_id != author.id:
        raise GenreRefused(NOT_YOURS)
    _note(session, post, author.id, genre, now)


def correct_genre_as_operator(session: Session, post_id: int, genre: str, now: datetime) -> None:
    """Note what whoever runs this Peoria says of the genre of a post.

    Raises:
        GenreRefused: the post has no picture, or its community has no such genre.
    """
    _note(session, _post(session, post_id), None, genre, now)


def _post(session: Session, post_id: int) -> Post:
    post = session.get(Post, post_id)
    gone = (PostState.REFUSED, PostState.WITHDRAWN)
    image = select(PostImage.image_id).where(
        PostImage.post_id == post_id, PostImage.image_id.is_not(None)
    )
    if post is None or post.state in gone or session.scalar(image.limit(1)) is None:
        raise GenreRefused(NO_SUCH_POST)
    return post


def _note(session: Session, post: Post, author_id: int | None, genre: str, now: datetime) -> None:
    genre = read_genre(genre, session.get_one(Community, post.community_id))
    said = session.scalar(
        select(GenreCorrection).where(
            GenreCorrection.post_id == post.id,
            GenreCorrection.author_id.is_not_distinct_from(author_id),
        )
    )
    if said is None:
        said = GenreCorrection(post_id=post.id, author_id=author_id)
        session.add(said)
    said.genre, said.corrected_at = genre, now
    post.genre = genre


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()
