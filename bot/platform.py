"""What a platform is to the rest of Peoria: a few words in, a few words out.

An adapter turns its platform's events into `IncomingPost`, shows predictions and outcomes, and
reads scores. Nothing else knows which platform it is on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from bot.cards import Card, Outcome
from storage import types


@dataclass(frozen=True, slots=True)
class CommunityRef:
    """A community as its platform knows it. The rest is what a new one starts with."""

    source_id: str
    name: str
    horizon_seconds: int = 24 * 3600
    low_up_to: int | None = None
    medium_up_to: int | None = None


@dataclass(frozen=True, slots=True)
class IncomingPost:
    """A post as it arrives.

    Attributes:
        source_id: the platform's id, unique there; the same post may arrive any number of times.
        author: the platform's id of the author, or None where there is none to know. It is
            hashed before it is stored.
        images: addresses to download from (``https://…``), or the bytes themselves.
        posted_at: aware.
    """

    community: CommunityRef
    source_id: str
    author: str | None
    title: str
    posted_at: datetime
    images: Sequence[str | bytes] = field(repr=False)
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PostRef:
    """A stored post, as a platform needs it to find it again."""

    post_id: int
    source_id: str
    community_source_id: str
    horizon_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreRead:
    """A score, and the moment it is of."""

    score: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """The post was deleted or removed: it gets no label."""


Reading: TypeAlias = ScoreRead | Gone


class PlatformUnavailable(Exception):
    """The platform cannot be reached just now; whatever was asked is asked again later."""


class Platform(Protocol):
    """One adapter. Every method may be called again for the same post, and must then do no harm."""

    name: types.Platform

    async def start(self) -> None:
        """Begin to listen. Returns when the platform is ready.

        Raises:
            PlatformRefused: it cannot run at all (a port in use, a token that is wrong).
        """

    async def stop(self) -> None:
        """Stop listening and let go of everything."""

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Show a prediction under its post and return the reply's id on the platform.

        Args:
            post: the post to reply to.
            card: what to say.
            sent_before: the reply may have been sent already by a process that died before it
                could note it; look for it before sending another.

        Raises:
            PlatformUnavailable: try again later.
        """

    async def settle(self, post: PostRef, reply_id: str, outcome: Outcome) -> None:
        """Show the outcome in the reply.

        Raises:
            PlatformUnavailable: try again later.
        """

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read the scores of ``posts`` in as few requests as the platform allows.

        Returns a reading for each ``post_id`` that could be read; others are asked for later.

        Raises:
            PlatformUnavailable: try again later.
        """


class PlatformRefused(Exception):
    """The platform cannot run at all; the message says what to do."""
