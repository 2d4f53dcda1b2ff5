"""The local board as a platform: its page is where people are, its own tables hold the votes."""

from collections.abc import Mapping, Sequence

from bot.cards import Card, Outcome
from bot.clock import Clock
from bot.pipeline import Pipeline
from bot.platform import PostRef, Reading, ScoreRead
from bot.settings import Settings
from bot.training import Training
from storage.database import Database
from storage.image_store import ImageStore
from storage.types import Platform


class Board:
    """A community on this machine."""

    name = Platform.WEB

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        images: ImageStore,
        pipeline: Pipeline,
        training: Training,
        people_key: bytes,
        clock: Clock,
    ) -> None:
        self._clock = clock

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        return f"card-{post.post_id}"

    async def settle(self, post: PostRef, reply_id: str, outcome: Outcome) -> None:
        return None

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        return {post.post_id: ScoreRead(0, self._clock()) for post in posts}
