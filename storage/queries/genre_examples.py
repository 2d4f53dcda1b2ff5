"""Pictures with what people say of their genre, and pictures that nobody spoke of, for learning."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.tables import Embedding, GenreCorrection, Image, Post, PostImage


class GenreExample(NamedTuple):
    """A picture and the genre that counts for it.

    Attributes:
        genre: as `posts.genre` has it.
        vector: its embedding, 1280 float16, little-endian.
        phash: its perceptual hash, 16 hexadecimal digits.
    """

    genre: str
    vector: bytes
    phash: str


def corrected_pictures(
    session: Session, backbone: str, genres: Collection[str], *, limit: int
) -> Sequence[GenreExample]:
    """The newest corrected posts' pictures with the genre that counts now, the newest first.

    Args:
        session: to read with.
        backbone: fingerprint of the one whose embeddings are wanted.
        genres: other genres are left out.
        limit: so many at most.
    """
    newest = (
        select(GenreCorrection.post_id, func.max(GenreCorrection.corrected_at).label("at"))
        .group_by(GenreCorrection.post_id)
        .subquery()
    )
    query = (
        select(Post.genre, Embedding.vector, Image.phash)
        .join(newest, newest.c.post_id == Post.id)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .join(Embedding, Embedding.image_id == Image.id)
        .where(Embedding.backbone == backbone, Post.genre.in_(genres), PostImage.position == 0)
        .order_by(newest.c.at.desc(), Post.id.desc())
        .limit(limit)
    )
    return [
        GenreExample(genre, vector, phash)
        for genre, vector, phash in session.execute(query)
        if genre is not None
    ]


def other_pictures(session: Session, backbone: str, *, limit: int) -> Sequence[bytes]:
    """Embeddings of the newest pictures of posts that nobody corrected."""
    query = (
        select(Embedding.vector)
        .join(PostImage, PostImage.image_id == Embedding.image_id)
        .join(Post, Post.id == PostImage.post_id)
        .where(Embedding.backbone == backbone, Post.genre.is_(None))
        .order_by(Embedding.image_id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def community_pictures(
    session: Session, backbone: str, community_id: int, *, corrected: bool, limit: int
) -> Sequence[GenreExample]:
    """The newest posts' first pictures of one community; ``genre`` is empty where nobody spoke.

    Args:
        session: to read with.
        backbone: fingerprint of the one whose embeddings are wanted.
        community_id: the community.
        corrected: those whose genre people told, or those of which nobody spoke.
        limit: so many at most.
    """
    query = (
        select(Post.genre, Embedding.vector, Image.phash)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .join(Embedding, Embedding.image_id == Image.id)
        .where(
            Embedding.backbone == backbone,
            Post.community_id == community_id,
            Post.genre.is_not(None) if corrected else Post.genre.is_(None),
            PostImage.position == 0,
        )
        .order_by(Post.id.desc())
        .limit(limit)
    )
    return [
        GenreExample(genre or "", vector, phash) for genre, vector, phash in session.execute(query)
    ]


def count_corrections(session: Session, community_id: int | None = None) -> int:
    """How many words of people on genres are stored, of one community or of all."""
    query = select(func.count()).select_from(GenreCorrection)
    if community_id is not None:
        query = query.join(Post, Post.id == GenreCorrection.post_id).where(
            Post.community_id == community_id
        )
    return session.scalars(query).one()
