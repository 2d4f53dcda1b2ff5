"""What people decide of what is theirs: another title, a post deleted, a page that others see."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people.erasure import waiting_uploads
from bot.texts.translate import mark
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, person_scope
from storage.queries.communities import find_author
from storage.tables import Guess, Image, Peek, Post, PostImage, Vote
from storage.types import UNLABELLED, PlatformName

NOT_YOURS = mark("This is not a post of yours.")
VOTED_ON = mark(
    "Somebody has voted or guessed on it, and the title is a part of what they"
    " judged. You can delete the post and make a new one."
)
SETTLED = mark("Its score is final: the title is a part of what was judged.")


class NotPossible(Exception):
    """It cannot be done; the message says why."""


async def edit_title(
    database: Database, *, post_id: int, platform: PlatformName, person: str, title: str
) -> None:
    """Give a post another title, as long as nobody else had a part in it.

    Its prediction stays: it was made of the title before.

    Raises:
        NotPossible: it is not theirs, or others voted, guessed or looked already.
    """
    async with database.write(alone_in=ITS_ROWS) as session:
        # A vote, a guess or a look that comes in meanwhile points at the post, and waits for it.
        await session.get(Post, post_id, with_for_update=True)
        post = await _own_post(session, post_id, platform, person)
        if post.state not in UNLABELLED:
            raise NotPossible(SETTLED)
        taken_part = [
            exists(select(each.post_id).where(each.post_id == post_id))
            for each in (Vote, Guess, Peek)
        ]
        if any((await session.execute(select(*taken_part))).one()):
            raise NotPossible(VOTED_ON)
        post.title = title


async def empty_post(
    database: Database, *, post_id: int, platform: PlatformName, person: str, now: datetime
) -> list[str]:
    """Take title, picture and page of a post away; the SHA-256 of image files to delete then.

    A label that it has stays, with the points of those who guessed: others were measured by it. A
    post without one is withdrawn by the caller (`bot.posts.pipeline`): it never gets one. The
    image is deleted unless another post has the same one.

    Raises:
        NotPossible: it is not theirs.
    """
    async with database.write() as session:
        await _own_post(session, post_id, platform, person)
        return await empty_of_words(session, post_id, now)


async def empty_of_words(session: AsyncSession, post_id: int, now: datetime) -> list[str]:
    """`empty_post` of anybody's post, in a write session of the caller's."""
    post = await session.get_one(Post, post_id)
    post.title, post.link, post.hidden_at = "", None, post.hidden_at or now
    of_others = select(PostImage.image_id).where(
        PostImage.post_id != post_id, PostImage.image_id.is_not(None)
    )
    only_here = select(PostImage.image_id).where(
        PostImage.post_id == post_id, PostImage.image_id.is_not(None)
    )
    images = await session.scalars(
        select(Image).where(Image.id.in_(only_here), Image.id.not_in(of_others))
    )
    dropped = []
    for image in images:
        image.text = None if image.text is None else ""
        image.dropped_at = image.dropped_at or now
        dropped.append(image.sha256)
    dropped += await waiting_uploads(session, select(Post.id).where(Post.id == post_id))
    # The clean-up keeps what a place still waits for.
    await session.execute(update(PostImage).where(PostImage.post_id == post_id).values(source=""))
    return dropped


async def show_person(
    database: Database, *, platform: PlatformName, person: str, at: datetime | None
) -> None:
    """Let others see a person's page from a moment on, or (None) not any more.

    Of who did nothing yet there is no page.
    """
    async with database.write(alone_in=[person_scope(platform, person)]) as session:
        author = await session.run_sync(find_author, platform, person)
        if author is not None and author.opted_out_at is None:
            author.shown_at = at


async def _own_post(
    session: AsyncSession, post_id: int, platform: PlatformName, person: str
) -> Post:
    author = await session.run_sync(find_author, platform, person)
    post = await session.get(Post, post_id)
    if author is None or post is None or post.author_id != author.id or post.hidden_at is not None:
        raise NotPossible(NOT_YOURS)
    return post
