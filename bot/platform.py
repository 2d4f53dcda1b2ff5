"""What a platform is to the rest of Peoria: a few words in, a few words out.

An adapter turns its platform's events into `IncomingPost`, shows predictions and outcomes, and
reads scores. Nothing else knows which platform it is on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, runtime_checkable

from bot.serving.forecast import Card, Ending
from bot.shared_leases import Division
from storage import types
from storage.errors import ExpectedError
from storage.tables import Post


@dataclass(frozen=True, slots=True)
class CommunityRef:
    """A community as its platform knows it. The rest is what a new one starts with."""

    source_id: str
    name: str
    horizon_seconds: int = 24 * 3600
    low_up_to: int | None = None
    medium_up_to: int | None = None
    guess_seconds: int = 3600
    blind: bool = False


@dataclass(frozen=True, slots=True)
class IncomingPost:
    """A post as it arrives.

    Attributes:
        source_id: the platform's id, unique there; the same post may arrive any number of times.
        author: the platform's id of the author, or None where there is none to know. It is
            hashed before it is stored.
        images: addresses to download from (``https://…``), or the bytes themselves.
        posted_at: aware.
        kept_options: options of its community that hold for this post as they were when it was
            posted.
        options: what only the platform knows how to read of the post.
        passed_on: ``author`` did not make it: the post is nobody's, and is not stored either if
            they want nothing of theirs stored.
    """

    community: CommunityRef
    source_id: str
    author: str | None
    title: str
    posted_at: datetime
    images: Sequence[str | bytes] = field(repr=False)
    link: str | None = None
    kept_options: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class PostRef:
    """A stored post, as a platform needs it to find it again."""

    post_id: int
    source_id: str
    community_source_id: str
    horizon_at: datetime
    #: What the community hears: a reply, or a reaction only.
    mode: types.ReplyMode = types.ReplyMode.REPLY
    #: Whether people guess before they see the prediction.
    blind: bool = False


def post_ref(post: Post) -> PostRef:
    """A stored post (with its community loaded) as its platform needs it."""
    return PostRef(
        post_id=post.id,
        source_id=post.source_id,
        community_source_id=post.community.source_id,
        horizon_at=post.posted_at + timedelta(seconds=post.community.horizon_seconds),
        mode=post.community.reply_mode,
        blind=post.community.blind,
    )


@dataclass(frozen=True, slots=True)
class ScoreRead:
    """A reading: a score, and the moment it is of."""

    score: int
    at: datetime
    #: What Reddit tells besides: number of comments, share of upvotes (0 to 1).
    comments: int | None = None
    upvote_ratio: float | None = None
    #: Different people who voted, whichever way, its author and bots left out; None: not told.
    reactors: int | None = None


@dataclass(frozen=True, slots=True)
class PostRemoved:
    """A reading of a post that was deleted, which is proved: it gets no label."""


@dataclass(frozen=True, slots=True)
class PostHidden:
    """A reading of a post that cannot be seen now (removed, private): it may come back."""


@dataclass(frozen=True, slots=True)
class ScoreUnknown:
    """A reading of a post that is there, and whose score cannot be told now.

    Nobody can vote on it any more, or the platform gave an answer that says nothing of the post.
    """


@dataclass(frozen=True, slots=True)
class ReadLater:
    """No reading now: the score is read together with others, at ``until`` or later."""

    until: datetime


Reading: TypeAlias = ScoreRead | PostRemoved | PostHidden | ScoreUnknown | ReadLater


class PlatformUnavailable(Exception):
    """The platform cannot be reached just now; whatever was asked is asked again later.

    Args:
        retry_after: how long the platform asked to be left alone, where it said so.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestRefused(Exception):
    """The platform will not do what was asked, now or later; the message says why."""


class RequestFailed(Exception):
    """The platform did not do what was asked, and the fault may be ours: a few tries, no more."""


class ReplyDeclined(Exception):
    """The platform will not carry this reply, now or later; the message says why."""


class PostGone(Exception):
    """The post was deleted, which is proved; there is nothing left to answer."""


class Platform(Protocol):
    """One adapter. Every method may be called again for the same post, and must then do no harm."""

    name: types.PlatformName

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
            ReplyDeclined: there will be no reply; the post is followed all the same.
            PostGone: the post is no more; it is withdrawn.
            RequestFailed: the fault may be ours; a few tries.
        """

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Take the reply of a withdrawn post away; no harm if it is gone already.

        Args:
            post: the post that was withdrawn.
            reply_id: None where a reply may have been sent by a process that died before it
                could note its id.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused, RequestFailed: it cannot be taken away.
        """

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Tell the admins something, where they asked to be told; may do nothing.

        Args:
            text: plain, a sentence or a few.
            community_source_id: the community that it is about; None: all of them.
            told_since: it may have been told already, in some places or in all, since this moment:
                look for it before telling it again. None: it was not.

        Raises:
            PlatformUnavailable: try again later.
        """

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Show the outcome in the reply, or what it waits for, or that it came too late to count.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused, RequestFailed: the reply cannot be changed.
        """

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read the scores of ``posts`` in as few requests as the platform allows.

        Returns a reading for each ``post_id`` that could be read; others are asked for later.

        Raises:
            PlatformUnavailable: try again later.
        """


@runtime_checkable
class OneOwner(Protocol):
    """A platform that only one process at a time looks after."""

    @property
    def on_duty(self) -> bool:
        """Whether this process is the one."""

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once another process is the one."""


@runtime_checkable
class SharedOut(Protocol):
    """A platform whose communities processes share among them: each has one owner at a time."""

    @property
    def division(self) -> Division | None:
        """Which communities are this process's, by their source ids; None: all."""

    def guarding_in(self, source_ids: Iterable[str]) -> AbstractContextManager[None]:
        """A block in which nothing is written once one of some communities is another's."""


@runtime_checkable
class FindsReplies(Protocol):
    """A platform that can look for a reply without sending one."""

    async def find_reply(self, post: PostRef) -> str | None:
        """The id of our reply to a post, sent by a try that did not learn of it; None: none is.

        Raises:
            PlatformUnavailable: try again later.
            RequestRefused, RequestFailed: it cannot be known.
        """


class PlatformsHere(dict[types.PlatformName, Platform]):
    """The platforms of this process.

    Attributes:
        left_to_others: platforms that other processes look after: their posts are not ours.
    """

    def __init__(self, left_to_others: Collection[types.PlatformName] = ()) -> None:
        super().__init__()
        self.left_to_others = frozenset(left_to_others)


@runtime_checkable
class SignsIn(Platform, Protocol):
    """A platform with credentials, which may be changed while Peoria runs."""

    def credentials(self) -> object:
        """What it would sign in with now; only to be compared. None: nothing that can be used."""


class PlatformRefused(ExpectedError):
    """The platform cannot run at all; the message says what to do."""
