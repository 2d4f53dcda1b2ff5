"""What the tables know of a post that is needed to lay its reply out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, joinedload

from bot.platform import PostGone
from bot.serving.duplicates import Duplicate, find_duplicate
from storage.queries.posts import load_post
from storage.tables import Author, Guess, Image, Post, PostImage, Prediction
from storage.types import Bucket

_IMAGES = select(func.count()).where(PostImage.post_id == Post.id).scalar_subquery()
_REPLY_DATA = (
    select(Post, _IMAGES.label("images"), Image.phash)
    .outerjoin(Prediction, Prediction.post_id == Post.id)
    .outerjoin(Image, Image.id == Prediction.image_id)
    .where(Post.id.in_(bindparam("ids", expanding=True)))
    .order_by(Post.id, Prediction.id)
    .options(joinedload(Post.community), joinedload(Post.reply))
)
#: In one statement, and without its images: many may press buttons at once.
_GUESSED = (
    select(Post)
    .where(Post.id == bindparam("post_id"))
    .options(
        joinedload(Post.community),
        joinedload(Post.label),
        joinedload(Post.reply),
        joinedload(Post.prediction_rows).joinedload(Prediction.model_version),
    )
)


@dataclass(frozen=True, slots=True)
class ReplyData:
    """A post with its community, and what else a reply to it shows.

    Attributes:
        images: how many the post has.
        seen: an earlier post of the image that it was predicted by.
    """

    post: Post
    images: int
    seen: Duplicate | None


class NamedGuess(NamedTuple):
    """A guess, and the keyed hash and the sealed id of who made it."""

    bucket: Bucket
    person: str
    sealed: str | None


def read_reply_data(ids: Sequence[int], session: Session) -> dict[int, ReplyData | None]:
    """What new replies need, by the ids of their posts: many posts may come at once.

    None of a post that is not stored any more.
    """
    found: dict[int, ReplyData | None] = dict.fromkeys(ids)
    for row in session.execute(_REPLY_DATA, {"ids": ids}).all():
        post: Post = row.Post
        # By its first prediction, which is the one that people see.
        if found[post.id] is None:
            seen = None if row.phash is None else _earlier_post(session, post, row.phash)
            found[post.id] = ReplyData(post, row.images, seen)
    return found


def load_guessed_post(session: Session, post_id: int) -> Post | None:
    """A post with its community, predictions, label and reply, and without its images."""
    return session.scalars(_GUESSED, {"post_id": post_id}).unique().one_or_none()


def find_earlier_post(session: Session, post: Post) -> Duplicate | None:
    """An earlier post of the image that a post (with its predictions loaded) was predicted by."""
    if not post.prediction_rows:
        return None
    image = session.get_one(Image, post.prediction_rows[0].image_id)
    return _earlier_post(session, post, image.phash)


def load_stored_post(session: Session, post_id: int) -> Post:
    """A post with everything `storage.queries.posts.load_post` loads.

    Raises:
        PostGone: it is not stored any more.
    """
    post = load_post(session, post_id)
    if post is None:
        raise PostGone("The post is not stored any more.")
    return post


async def read_named_guesses(session: AsyncSession, post_id: int) -> Sequence[NamedGuess]:
    """Guesses on a post by people who did not opt out, the earliest first."""
    rows = await session.execute(
        select(Guess.bucket, Author.hash, Author.sealed_id)
        .join(Author, Author.id == Guess.author_id)
        .where(Guess.post_id == post_id, Author.opted_out_at.is_(None))
        .order_by(Guess.guessed_at, Guess.id)
    )
    return [NamedGuess(*row) for row in rows]


def _earlier_post(session: Session, post: Post, phash: str) -> Duplicate | None:
    return find_duplicate(
        session,
        community_id=post.community_id,
        phash=phash,
        before=post.posted_at,
        without_post=post.id,
    )
