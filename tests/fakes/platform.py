"""A platform in memory: what it shows, and when it is away, is up to the test."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.platform import (
    CommunityRef,
    IncomingPost,
    PlatformUnavailable,
    PostHidden,
    PostRef,
    PostRemoved,
    Reading,
    ScoreRead,
    ScoreUnknown,
)
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending, Outcome, OutcomeUnknown, OutcomeWaits
from storage.types import PlatformName

HORIZON = 7200


class FakePlatform:
    name = PlatformName.REDDIT

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.away = False
        #: Scores by the platform's id of the post; a post that is not here is not answered for.
        self.scores: dict[str, int] = {}
        self.gone: set[str] = set()
        #: Posts that are out of sight, and those whose score cannot be told.
        self.hidden: set[str] = set()
        self.untold: set[str] = set()
        #: What people see: (post, reply's id, card), and the outcome shown in each reply.
        self.replies: list[tuple[str, str, Card]] = []
        self.outcomes: dict[str, Outcome] = {}
        #: What each reply says of a score that waits, every time it was changed.
        self.waiting: dict[str, list[OutcomeWaits]] = {}
        #: Cards in whose reply it is said that the outcome came too late.
        self.too_late: dict[str, Card] = {}
        #: Whether each reply was asked for as one that may have been sent before.
        self.sent_before: list[bool] = []
        self.reads: list[list[str]] = []
        #: Posts whose reply was taken away, and what admins were told.
        self.withdrawn: list[str] = []
        self.told_since: list[datetime | None] = []
        self.announced: list[tuple[str, str | None]] = []
        #: Raised by the next replies instead of sending them.
        self.refusals: list[Exception] = []

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        self._answer()
        self.sent_before.append(sent_before)
        if self.refusals:
            raise self.refusals.pop(0)
        if sent_before:
            for source_id, reply_id, _ in self.replies:
                if source_id == post.source_id:
                    return reply_id
        reply_id = f"reply-{len(self.replies)}"
        self.replies.append((post.source_id, reply_id, card))
        return reply_id

    async def find_reply(self, post: PostRef) -> str | None:
        self._answer()
        found = [reply_id for source_id, reply_id, _ in self.replies if source_id == post.source_id]
        return found[0] if found else None

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        self._answer()
        self.withdrawn.append(post.source_id)
        self.replies = [each for each in self.replies if each[0] != post.source_id]

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        self._answer()
        self.announced.append((text, community_source_id))
        self.told_since.append(told_since)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        self._answer()
        match outcome:
            case OutcomeUnknown():
                self.too_late[reply_id] = outcome.card
            case OutcomeWaits():
                self.waiting.setdefault(reply_id, []).append(outcome)
            case Outcome():
                self.outcomes[reply_id] = outcome

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        self._answer()
        self.reads.append([post.source_id for post in posts])
        readings: dict[int, Reading] = {}
        for post in posts:
            if post.source_id in self.gone:
                readings[post.post_id] = PostRemoved()
            elif post.source_id in self.hidden:
                readings[post.post_id] = PostHidden()
            elif post.source_id in self.untold:
                readings[post.post_id] = ScoreUnknown()
            elif post.source_id in self.scores:
                readings[post.post_id] = ScoreRead(self.scores[post.source_id], self._clock())
        return readings

    def _answer(self) -> None:
        if self.away:
            raise PlatformUnavailable("it is away")


def incoming(
    source_id: str,
    *images: str | bytes,
    posted_at: datetime,
    author: str | None = "ann",
    title: str = "A title",
    horizon: int = HORIZON,
) -> IncomingPost:
    """A post as it arrives from r/test."""
    return IncomingPost(
        community=CommunityRef("test", "r/test", horizon_seconds=horizon),
        source_id=source_id,
        author=author,
        title=title,
        posted_at=posted_at,
        images=images,
    )
