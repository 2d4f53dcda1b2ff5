"""Storing a post the moment it is seen, before anything else happens to it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Insert, Row, and_, bindparam, delete, insert, literal, select
from sqlalchemy.orm import Session

from bot.labels.readings import next_reading_at
from bot.option_history import options_at
from bot.people.identity import hash_person
from bot.platform import CommunityRef, IncomingPost
from bot.runtime.clock import Clock
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import Scopes, person_scope, source_scope
from storage.engine.shared_write import SharedWrite
from storage.engine.upsert import insert_if_new
from storage.files.image_store import ImageStore
from storage.files.post_values import MAX_TITLE
from storage.queries.posts import move_post
from storage.tables import Author, Community, ImagelessPost, Post, PostImage
from storage.types import PlatformName, PostOrigin, PostState

#: What stands before the SHA-256 of bytes that are in the image store already.
STORED = "sha256:"

_POSTS, _AUTHORS, _COMMUNITIES = table_of(Post), table_of(Author), table_of(Community)
_IMAGELESS = table_of(ImagelessPost)

_ONE = select(literal(1).label("one")).subquery()
#: All that is known where a post arrives, in one row: the community, the author, the post itself.
_KNOWN = select(
    _COMMUNITIES.c.id.label("community_id"),
    _COMMUNITIES.c.watched,
    _COMMUNITIES.c.horizon_seconds,
    _COMMUNITIES.c.guess_seconds,
    _COMMUNITIES.c.options,
    _COMMUNITIES.c.readings,
    _AUTHORS.c.id.label("author_id"),
    _AUTHORS.c.opted_out_at,
    _POSTS.c.id.label("post_id"),
    _POSTS.c.state,
    _POSTS.c.posted_at,
    _POSTS.c.predicted_at,
    _IMAGELESS.c.id.label("imageless_id"),
).select_from(
    _ONE.outerjoin(
        _COMMUNITIES,
        and_(
            _COMMUNITIES.c.platform == bindparam("platform"),
            _COMMUNITIES.c.source_id == bindparam("community"),
        ),
    )
    .outerjoin(
        _AUTHORS,
        and_(_AUTHORS.c.platform == bindparam("platform"), _AUTHORS.c.hash == bindparam("person")),
    )
    .outerjoin(
        _POSTS,
        and_(_POSTS.c.platform == bindparam("platform"), _POSTS.c.source_id == bindparam("post")),
    )
    .outerjoin(
        _IMAGELESS,
        and_(
            _IMAGELESS.c.platform == bindparam("platform"),
            _IMAGELESS.c.source_id == bindparam("post"),
        ),
    )
)
_INSERT_POSTS = insert(_POSTS).returning(_POSTS.c.id, _POSTS.c.platform, _POSTS.c.source_id)
_INSERT_AUTHOR = insert(_AUTHORS)
_INSERT_IMAGES, _INSERT_IMAGELESS = insert(table_of(PostImage)), insert(_IMAGELESS)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A post that was just seen, where to find its images, and the keys of what is known of it."""

    incoming: IncomingPost
    sources: Sequence[str]
    keys: Mapping[str, Any]

    @property
    def name(self) -> tuple[PlatformName, str]:
        """No other post has it."""
        return self.keys["platform"], self.incoming.source_id


class Ingest:
    """Stores posts as they arrive.

    Args:
        people_key: key of the hashes that stand for people.
        silent_share: share of posts (0 to 1) that are predicted without a reply.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        *,
        people_key: bytes,
        silent_share: float,
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._people_key = people_key
        self._silent_share = silent_share
        self._clock = clock
        self._arrivals: SharedWrite[_Arrival, int | None] = SharedWrite(
            database, self._store, alone_in=lambda each: _scopes(each.keys)
        )

    async def accept(self, platform: PlatformName, incoming: IncomingPost) -> int | None:
        """Store a post; return its id, or None if it is not to be stored.

        One that was withdrawn and is there all the same comes back, while its label can be had.
        """
        files = any(isinstance(image, bytes) for image in incoming.images)
        sources: Sequence[Any] = incoming.images
        if files:
            sources = await self._images.on_thread(self._put, incoming.images)
        arrival = _Arrival(incoming, sources, self._keys(platform, incoming))
        return await self._arrivals.write(arrival)

    def _store(self, arrivals: Sequence[_Arrival], session: Session) -> list[int | None]:
        now = self._clock()
        ids: dict[tuple[PlatformName, str], int | None] = {}
        new: dict[tuple[PlatformName, str], dict[str, Any]] = {}
        images: list[tuple[_Arrival, int, str]] = []
        for each in arrivals:
            if each.name in ids or each.name in new:
                continue
            known = session.execute(_KNOWN, each.keys).one()
            if known.post_id is not None:
                ids[each.name] = _take_back(session, known, now)
                continue
            place = _find_place(session, known, each.keys, each.incoming, now)
            if place is None:
                ids[each.name] = None
                continue
            known, author_id = place
            if known.imageless_id is not None:
                # Its image was late.
                session.execute(delete(_IMAGELESS).where(_IMAGELESS.c.id == known.imageless_id))
            new[each.name] = self._row(each, known, author_id, now)
            images += [(each, position, source) for position, source in enumerate(each.sources)]
        if new:
            for row in session.execute(_INSERT_POSTS, list(new.values())):
                ids[row.platform, row.source_id] = row.id
        if images:
            session.execute(
                _INSERT_IMAGES,
                [
                    {"post_id": ids[each.name], "position": position, "source": source}
                    for each, position, source in images
                ],
            )
        self._put_lost(arrivals)
        return [ids[each.name] for each in arrivals]

    def _row(
        self,
        arrival: _Arrival,
        known: Row[*tuple[Any, ...]],
        author_id: int | None,
        now: datetime,
    ) -> dict[str, Any]:
        incoming, platform = arrival.incoming, arrival.keys["platform"]
        guess_seconds = min(known.guess_seconds, known.horizon_seconds)
        return {
            "community_id": known.community_id,
            "platform": platform,
            "source_id": incoming.source_id,
            "author_id": author_id,
            "origin": PostOrigin.LIVE,
            "title": incoming.title[:MAX_TITLE],
            "link": incoming.link,
            "posted_at": incoming.posted_at,
            "seen_at": now,
            "state": PostState.SEEN,
            "due_at": now,
            "silent": is_silent(platform, incoming.source_id, self._silent_share),
            "guessing_closed_at": incoming.posted_at + timedelta(seconds=guess_seconds),
            "options": _options(incoming, known.options),
        }

    async def note_imageless(self, platform: PlatformName, incoming: IncomingPost) -> bool:
        """Store that something was published without an image; return whether that is new.

        It is neither predicted nor shown: the records of posts are made from it, too. Its images
        are not looked at. Whose posts are not stored, of them this is not either.
        """
        keys = self._keys(platform, incoming)
        now = self._clock()

        def store(session: Session) -> bool:
            known = session.execute(_KNOWN, keys).one()
            if known.post_id is not None or known.imageless_id is not None:
                return False
            place = _find_place(session, known, keys, incoming, now)
            if place is None:
                return False
            known, author_id = place
            session.execute(
                _INSERT_IMAGELESS,
                {
                    "community_id": known.community_id,
                    "platform": platform,
                    "source_id": incoming.source_id,
                    "author_id": author_id,
                    "posted_at": incoming.posted_at,
                    "seen_at": now,
                    "due_at": incoming.posted_at + timedelta(seconds=known.horizon_seconds),
                },
            )
            return True

        return await self._database.run_write(store, alone_in=_scopes(keys))

    def _keys(self, platform: PlatformName, incoming: IncomingPost) -> dict[str, Any]:
        author = incoming.author
        return {
            "platform": platform,
            "community": incoming.community.source_id,
            "person": None if author is None else hash_person(self._people_key, platform, author),
            "post": incoming.source_id,
        }

    def _put(self, images: Sequence[str | bytes]) -> list[str]:
        # The bytes go to disk before the post is stored: a post never points at nothing, and a
        # file that no post points at is deleted by the clean-up.
        return [
            image if isinstance(image, str) else STORED + self._images.put(image)
            for image in images
        ]

    def _put_lost(self, arrivals: Sequence[_Arrival]) -> None:
        # A refused post of the same bytes may have taken the file with it before this one was there
        # to need it. In the write: that is done alone (`bot.posts.refused_files`), before or after.
        if not self._images.drops_at_once:
            return
        for each in arrivals:
            for image, source in zip(each.incoming.images, each.sources, strict=True):
                if isinstance(image, bytes):
                    path = self._images.path(source.removeprefix(STORED))
                    if not path.exists():
                        self._images.put(image)


def _scopes(keys: Mapping[str, Any]) -> Scopes:
    """What may not be there yet: the post, and its author."""
    post = source_scope(keys["platform"], keys["post"])
    person = keys["person"]
    return [post] if person is None else [post, person_scope(keys["platform"], person)]


def _take_back(session: Session, known: Row[*tuple[Any, ...]], now: datetime) -> int | None:
    """A post that is stored; one that was withdrawn goes on where it was, or (None) stays so."""
    if known.state is not PostState.WITHDRAWN:
        return int(known.post_id)
    horizon = timedelta(seconds=known.horizon_seconds)
    if known.opted_out_at is not None or not known.watched or known.posted_at + horizon <= now:
        return None
    if known.predicted_at is None:
        values = {"state": PostState.SEEN, "due_at": now}
    else:
        # Its reply was taken away with it, and stays away.
        due_at = next_reading_at(known.posted_at, known.horizon_seconds, now, known.readings)
        values = {"state": PostState.AWAITING_SCORE, "due_at": due_at}
    move_post(session, known.post_id, PostState.WITHDRAWN, **values, tries=0, hidden_looks=0)
    return int(known.post_id)


def _find_place(
    session: Session,
    known: Row[*tuple[Any, ...]],
    keys: Mapping[str, Any],
    incoming: IncomingPost,
    now: datetime,
) -> tuple[Row[*tuple[Any, ...]], int | None] | None:
    """What is known of a new post's community and the id of its author, each made if it is new.

    None: nothing is to be stored.
    """
    if known.opted_out_at is not None:
        return None
    if known.community_id is None:
        _add_community(session, keys["platform"], incoming.community, now)
        known = session.execute(_KNOWN, keys).one()
    if not known.watched:
        return None
    if incoming.passed_on:
        return known, None
    author_id = known.author_id
    if author_id is None and keys["person"] is not None:
        author_id = _insert(session, _INSERT_AUTHOR, platform=keys["platform"], hash=keys["person"])
    return known, author_id


def _add_community(
    session: Session, platform: PlatformName, ref: CommunityRef, now: datetime
) -> None:
    insert_if_new(
        session,
        Community,
        platform=platform,
        source_id=ref.source_id,
        name=ref.name,
        horizon_seconds=ref.horizon_seconds,
        low_up_to=ref.low_up_to,
        medium_up_to=ref.medium_up_to,
        guess_seconds=ref.guess_seconds,
        blind=ref.blind,
        created_at=now,
    )


def _options(incoming: IncomingPost, community: Mapping[str, Any]) -> dict[str, Any] | None:
    kept = options_at(community, incoming.kept_options, incoming.posted_at)
    return {**kept, **incoming.options} if incoming.kept_options or incoming.options else None


def _insert(session: Session, statement: Insert, **values: Any) -> int:
    result = session.execute(statement, values)
    assert isinstance(result, CursorResult)  # noqa: S101 - what an INSERT gives
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def is_silent(platform: PlatformName, source_id: str, share: float) -> bool:
    """Whether a post is in the silent share: by hash, so that the answer never changes."""
    digest = hashlib.sha256(f"silent:{platform.value}:{source_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64
