"""The one path every post takes, whatever its platform.

    accept → (seen) → predict → (predicted) → reply → (awaiting_score) → bot/labels/collect.py

Each step reads what is stored, does its slow work outside any transaction, and moves the post on
in one short transaction that does nothing unless the post is still where the step found it. A
process killed at any instant therefore loses nothing and repeats nothing that people can see.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy.orm import Session

from bot.duty import by_right_of
from bot.platform import IncomingPost, Platform
from bot.posts.ingest import Ingest
from bot.posts.predict import PredictionInput, Predictor
from bot.posts.reply import Replier
from bot.posts.retry import MAX_TRIES, wait_after
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader
from bot.runtime.log_context import about
from bot.runtime.traffic import Traffic
from bot.serving.champion import ChampionServer
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.engine.shared_read import SharedRead
from storage.files.image_store import ImageStore
from storage.queries.posts import load_new_posts, load_post, load_posts, move_post
from storage.tables import Post
from storage.types import UNLABELLED, PlatformName, PostRefusal, PostState

#: Posts whose images are fetched and embedded at the same time.
AT_ONCE = 32


class Pipeline:
    """Moves posts along their path.

    Args:
        people_key: key of the hashes that stand for people.
        silent_share: share of posts (0 to 1) that are predicted without a reply.
        attributes_at_once: whether a reply waits for the attributes of its post's images.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        serving: ChampionServer,
        downloader: Downloader,
        platforms: Mapping[PlatformName, Platform],
        *,
        people_key: bytes,
        silent_share: float,
        attributes_at_once: bool = False,
        clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ingest = Ingest(
            database, images, people_key=people_key, silent_share=silent_share, clock=clock
        )
        #: The platforms of this process; those that are set up later are added.
        self.platforms = platforms
        self._replier = Replier(database, platforms, clock=clock)
        self._predictor = Predictor(
            database,
            images,
            serving,
            downloader,
            self._replier,
            attributes_at_once=attributes_at_once,
            clock=clock,
        )
        #: Many posts arrive at once where many do: all of them are read together.
        self._found = SharedRead(database, self._find)
        # A tick and the platform that saw a post may advance it at the same moment, and a reply
        # that was sent twice cannot be taken back.
        self._under_way: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._reserved: set[int] = set()
        self._at_once = asyncio.Semaphore(AT_ONCE)
        #: Posts that are on their way to their prediction, or wait for it.
        self.traffic = Traffic()

    async def accept(self, platform: PlatformName, incoming: IncomingPost) -> int | None:
        """Store a post the moment it is seen; return its id, or None if it is not to be stored.

        The same post may be handed in any number of times: it is stored once. Posts of people who
        opted out, and in communities that are watched no more, are not stored.
        """
        return await self._ingest.accept(platform, incoming)

    async def note_imageless(self, platform: PlatformName, incoming: IncomingPost) -> bool:
        """Store what was published without an image, for records alone; return if it is new."""
        return await self._ingest.note_imageless(platform, incoming)

    async def advance(self, post_id: int) -> None:
        """Take every step of a post that can be taken now, up to the reply.

        A step that fails because something outside is away is tried again later; one that
        can never succeed ends the post with a reason. Called for a post that is being advanced
        already, it waits for that and then takes what is left.
        """
        with about("advance a post", post=post_id):
            await self._advance(post_id)

    async def _advance(self, post_id: int) -> None:
        async with self._under_way.setdefault(post_id, asyncio.Lock()):
            # Images are in memory in here only. What a platform makes us wait for is outside:
            # a community whose rate limit is reached takes nobody's place.
            with self.traffic.passing():
                async with self._at_once:
                    found = await self._found.ask(post_id)
                    predicted = None
                    if isinstance(found, PredictionInput):
                        with by_right_of(self.platforms, *_where(found.post)):
                            predicted = await self._predictor.predict(found)
            if isinstance(found, Post):
                with by_right_of(self.platforms, *_where(found)):
                    await self._replier.take_up(found)
            elif found is not None and predicted is not None:
                with by_right_of(self.platforms, *_where(found.post)):
                    await self._replier.answer(found.post, predicted.card, predicted.skip)

    def _find(
        self, ids: Sequence[int], session: Session
    ) -> dict[int, PredictionInput | Post | None]:
        """What a new post is predicted from, or a post that waits for its reply; None: neither."""
        posts = load_new_posts(session, ids).values()
        new = [post for post in posts if post.state is PostState.SEEN]
        predicted = [post.id for post in posts if post.state is PostState.PREDICTED]
        found: dict[int, PredictionInput | Post | None] = dict.fromkeys(ids)
        found.update(self._predictor.read(session, new))
        found.update({post.id: post for post in load_posts(session, predicted)})
        return found

    @contextmanager
    def reserve(self, post_id: int) -> Iterator[None]:
        """Keep ticks from advancing a post that the caller will advance, until the block ends."""
        self._reserved.add(post_id)
        try:
            yield
        finally:
            self._reserved.discard(post_id)

    @property
    def reserved(self) -> frozenset[int]:
        """Posts that somebody is about to advance."""
        return frozenset(self._reserved)

    async def retry_after_fault(self, post_id: int, error: Exception) -> None:
        """Try a post again later whose step failed in a way that nobody expected.

        The fault may lie with us, and be mended, so that this goes on until the post's score is
        final, and for a few tries in any case: one moment in which the database was away ends no
        post. Then a post without a prediction ends, with the fault as its reason, and one with a
        prediction goes without a reply.
        """
        now = self._clock()
        post = await self._database.run_read(lambda session: load_post(session, post_id))
        if post is None:
            return
        ends_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
        reason = f"Something went wrong in Peoria itself: {type(error).__name__}."
        may_be_tried = now < ends_at or post.tries + 1 < MAX_TRIES
        if may_be_tried or post.state not in (PostState.SEEN, PostState.PREDICTED):
            values: dict[str, Any] = {
                "due_at": now + wait_after(post.tries),
                "tries": post.tries + 1,
            }
        elif post.state is PostState.PREDICTED:
            await self._replier.give_up(post, reason)
            return
        else:
            values = {
                "state": PostState.REFUSED,
                "refusal_code": PostRefusal.OTHER,
                "refusal": reason,
                "due_at": None,
            }
        await self._database.run_write(
            lambda session: move_post(session, post_id, post.state, **values), alone_in=ITS_ROWS
        )

    async def withdraw(self, post_id: int) -> None:
        """End a post that was deleted, or whose author opted out: no label, and no reply either.

        A post that has its label keeps it. A reply that cannot be removed now is removed by
        `remove_reply`.
        """
        withdrawn = await self._database.run_write(
            lambda session: move_post(
                session, post_id, UNLABELLED, state=PostState.WITHDRAWN, due_at=None
            ),
            alone_in=ITS_ROWS,
        )
        if not withdrawn:
            return
        # A reply that is being sent just now must be noted before it can be removed.
        async with self._under_way.setdefault(post_id, asyncio.Lock()):
            async with self._database.read() as session:
                post = await session.run_sync(load_post, post_id)
            if post is not None:
                await self.remove_reply(post)

    async def remove_reply(self, post: Post) -> None:
        """Remove the reply of a withdrawn post, if there is one, now or at a later tick."""
        with by_right_of(self.platforms, *_where(post)):
            await self._replier.remove_reply(post)


def _where(post: Post) -> tuple[PlatformName, list[str]]:
    return post.platform, [post.community.source_id]
