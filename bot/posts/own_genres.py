"""The genres that a community has of its own, told of its posts."""

import hashlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bot.posts.genres import own_genres
from models.attributes.own_genres import OwnGenreHead
from models.attributes.serving_genres import GENRE_HEADS
from models.attributes.serving_own_genres import ServingOwnGenres
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import community_scope
from storage.tables import Community, Embedding, Post, PostImage

log = logging.getLogger(__name__)

#: Posts whose genre is told at once.
BATCH: Final = 500
#: Of what was asked, characters that are stored with a post.
_NAMED_BY: Final = 16

_POSTS = table_of(Post)
_NOTE = (
    update(_POSTS)
    .where(_POSTS.c.id == bindparam("post"))
    .values(told_genre=bindparam("told"), told_genre_by=bindparam("by"))
)


class OwnGenres:
    """Tells the communities' own genres, of new posts and of those that are stored.

    Args:
        database: has the posts.
        versions_dir: of the model versions; genre heads lie in a folder of their own there.
    """

    def __init__(self, database: Database, versions_dir: Path) -> None:
        self._database = database
        self._serving = ServingOwnGenres(versions_dir / GENRE_HEADS)

    async def tell_next(self) -> int:
        """Ask the heads that serve now of posts that others were asked of; return how many.

        Up to `BATCH` posts of each community. Pictures are not needed, their embeddings are.
        """
        told = 0
        for community_id in self._serving.communities():
            rows = await self._database.run_read(partial(self._tell, community_id))
            if rows:
                await self._database.run_write(
                    partial(_note, rows),
                    alone_in=[community_scope(community_id)],
                )
            told += len(rows)
        return told

    def _tell(self, community_id: int, session: Session) -> list[dict[str, Any]]:
        community = session.get(Community, community_id)
        if community is None:
            return []
        head = self._serving.head(community_id)
        by = None if head is None else _by(head, own_genres(community))
        waiting = _waiting(session, community_id, head, by)
        if not waiting:
            return []
        names: Sequence[str | None] = [None] * len(waiting)
        if head is not None:
            vectors = b"".join(vector for _, vector in waiting)
            embeddings = np.frombuffer(vectors, "<f2").reshape(len(waiting), -1)
            names = _tell(head, community, embeddings.astype(np.float32))
        rows = [
            {"post": post, "told": name, "by": by}
            for (post, _), name in zip(waiting, names, strict=True)
        ]
        # In the order of their ids, as whoever else changes several rows at once.
        return sorted(rows, key=lambda row: row["post"])


def _note(rows: list[dict[str, Any]], session: Session) -> None:
    session.execute(_NOTE, rows)


def _tell(
    head: OwnGenreHead, community: Community, embeddings: NDArray[np.float32]
) -> list[str | None]:
    # What the community no longer calls a genre is none.
    known = own_genres(community)
    return [name if name in known else None for name in head.tell(embeddings)]


def _by(head: OwnGenreHead, known: Sequence[str]) -> str:
    """What is asked: a head, for those of its genres that the community has now."""
    asked = [head.fingerprint, *(name for name in head.names if name in known)]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:_NAMED_BY]


def _waiting(
    session: Session, community_id: int, head: OwnGenreHead | None, by: str | None
) -> list[tuple[int, bytes]]:
    query: Any
    if head is None:
        query = select(Post.id).where(
            Post.community_id == community_id, Post.told_genre_by.is_not(None)
        )
        return [(post, b"") for post in session.scalars(query.order_by(Post.id).limit(BATCH))]
    length = 2 * len(head.weights)
    query = (
        select(Post.id, Embedding.vector)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Embedding, Embedding.image_id == PostImage.image_id)
        .where(
            Post.community_id == community_id,
            Post.told_genre_by.is_distinct_from(by),
            PostImage.position == 0,
            Embedding.backbone == head.backbone,
        )
        .order_by(Post.id.desc())
        .limit(BATCH)
    )
    return [(post, vector) for post, vector in session.execute(query) if len(vector) == length]
