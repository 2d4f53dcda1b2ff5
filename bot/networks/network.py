"""What a network has to tell and to do; all else is the same for each of them.

A room of a network holds a client (its requests and answers), what its answers mean (posts,
messages), and a class with the methods of `Network`. `bot/networks/platform.py` does the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from bot.platform import Reading
from bot.serving.forecast import Card, Ending
from storage.types import Bucket, InboxKind, PlatformName

T = TypeVar("T")

#: Source id of the community of posts whose authors asked us for a prediction; it has no listing.
ASKED = "asked"


class Skip(StrEnum):
    """Why something is no post for us."""

    UNREADABLE = "unreadable"
    TOO_OLD = "too old"
    REMOVED = "removed"
    DELETED = "deleted"
    PINNED = "pinned"
    LOCKED = "locked"
    NSFW = "NSFW"
    NO_IMAGE = "no image"
    #: Its author says in their profile that bots are to leave them alone.
    LEFT_ALONE = "its author wants no bots"
    BOT = "a bot made it"
    ANSWER = "an answer to another post"
    PASSED_ON = "somebody else's post"


#: What is published all the same, and counts in the records of posts.
IMAGELESS = frozenset({Skip.NSFW, Skip.NO_IMAGE})


@dataclass(frozen=True, slots=True)
class SeenPost:
    """A post as a network shows it.

    Attributes:
        source_id: the network's id, as it is stored.
        author: a name that stays the same wherever the post is seen; None where there is none.
        posted_at: aware.
        images: addresses.
        skip: why it is no post for us, whatever its age; None where it is one.
        reading: what is known of its score now; None where that makes no sense.
        is_deleted: whether its author deleted it, which is proved.
        is_pinned: whether it stands above the others, whatever its age.
        may_answer: whether its author lets everybody answer.
        options: as in `IncomingPost`.
    """

    source_id: str
    author: str | None
    title: str
    posted_at: datetime
    images: Sequence[str] = ()
    link: str | None = None
    skip: Skip | None = None
    reading: Reading | None = None
    is_deleted: bool = False
    is_pinned: bool = False
    may_answer: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote to the bot, or under a post.

    Attributes:
        source_id: the network's id, as it is stored.
        kind: what it asks for.
        author: as in `SeenPost`.
        sent_at: when it was written or last edited, aware.
        post: source id of the post that it is about; None: it is about none.
        is_private: only the bot reads it.
        bucket: what is guessed.
    """

    source_id: str
    kind: InboxKind
    author: str
    sent_at: datetime
    post: str | None = None
    is_private: bool = False
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a listing that begins with the newest, and where it goes on.

    Attributes:
        oldest: when its oldest item was made; None: it holds none that tells. Items that stand
            above the others do not count.
        after: where the next page begins; None: there is none.
    """

    items: Sequence[T]
    oldest: datetime | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """What is answered: a post, or a message about it.

    Attributes:
        post: source id of the post.
        message: source id of the message; None: the post itself.
        key: the same for every try of one answer.
    """

    post: str
    message: str | None
    key: str


class Network(Protocol):
    """A network with one account of ours.

    Every coroutine raises `PlatformUnavailable` when the network cannot be asked now,
    `CredentialsRefused` when it does not accept who we are, and `NetworkRefusal` when it is this
    one thing that it refuses.
    """

    name: PlatformName
    #: What people call it.
    title: str
    #: Communities that are watched, by source id, and what each is called.
    watched: Mapping[str, str]
    #: Community of the posts whose authors asked us for a prediction: source id and name. None:
    #: only posts of communities that are watched are answered.
    asked: tuple[str, str] | None
    #: Posts that `look` asks for in one request; requests for scores in one go.
    at_once: int
    requests_at_once: int
    #: Called right before each request that changes something there.
    before_writing: Callable[[], None]

    def credentials(self) -> object:
        """What we would sign in with now; None: what is set is not whole."""

    @property
    def credentials_used(self) -> object:
        """Those of the latest try to sign in."""

    def sign_in_anew(self) -> None:
        """Take the credentials of now."""

    async def introduce(self, *, writes: bool) -> str:
        """Sign in, and say there that we are a bot if we write; return who we are."""

    async def me(self) -> str:
        """Our own name, as that of an author."""

    async def newest(self, community: str, after: str | None) -> Page[SeenPost]:
        """A page of the newest posts of a community that is watched."""

    async def look(self, posts: Sequence[str]) -> Mapping[str, SeenPost | None]:
        """Posts by source id, at most `at_once`; None: the network shows no such post to us.

        What it says nothing of that makes sense is left out.
        """

    async def messages(self, after: str | None) -> Page[Message]:
        """A page of the newest messages that ask for something."""

    async def comments(self, community: str, after: str | None) -> Page[Message] | None:
        """A page of the newest guesses under posts of a community; None: none are to be had."""

    async def shows(self, community: str) -> bool:
        """Whether the network shows a community, so that a post not shown there is gone."""

    async def is_banned(self, community: str) -> bool:
        """Whether we are banned from a community."""

    async def write(self, place: Place, text: str) -> str:
        """Answer once; return the answer's id.

        When it raises `PlatformUnavailable` the answer may be there all the same.
        """

    async def own_answer(self, place: Place, since: datetime) -> str | None:
        """The id of our own answer in a place, written since then; None: there is none."""

    async def edit(self, answer_id: str, text: str) -> None:
        """Change an own answer."""

    async def delete(self, answer_id: str) -> None:
        """Delete an own answer."""

    def prediction_text(self, card: Card, community: str) -> str:
        """A prediction, what it means, and who says so."""

    def settled_text(self, ending: Ending, community: str) -> str:
        """A prediction with what became of it."""

    def plain_text(self, sentence: str) -> str:
        """An answer without a prediction."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """What is taken and what is written on a network.

    Attributes:
        reply: whether nothing is written (``off``), only to those who ask (``asked``), or under
            every post of a watched community (``on``).
        per_hour: most answers in one community within an hour.
        within: age of a post beyond which it is not answered.
        max_age: age beyond which it is not taken.
        horizon: of new communities.
        every: how often communities and messages are read.
        guesses: whether people guess by a comment.
    """

    reply: str
    per_hour: int
    within: timedelta
    max_age: timedelta
    horizon: timedelta
    every: timedelta
    guesses: bool

    @property
    def writes(self) -> bool:
        """Whether anything is written."""
        return self.reply != "off"
