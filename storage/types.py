"""Column types and vocabularies that the tables share."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Dialect, Enum, TypeDecorator

#: Key of `Post.options`: whether its author hid the image, or words, until they are clicked on.
SPOILER = "spoiler"
#: Name of the option of a community that lists the genres it has beside those Peoria came with.
OWN_GENRES = "genres"


class PlatformName(StrEnum):
    """Where a community lives."""

    DISCORD = "discord"
    REDDIT = "reddit"
    WEB = "web"
    LEMMY = "lemmy"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"


class PostState(StrEnum):
    """How far a post has come; each step forward is one short transaction.

    ``REFUSED`` (the image cannot be used) and ``WITHDRAWN`` (deleted, or its author opted out)
    are ends; every other state moves only forward, in the order given here.
    """

    SEEN = "seen"
    PREDICTED = "predicted"
    AWAITING_SCORE = "awaiting_score"
    LABELLED = "labelled"
    SETTLING = "settling"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


#: States of a post whose label is still to come.
UNLABELLED = (PostState.SEEN, PostState.PREDICTED, PostState.AWAITING_SCORE)


class PostOrigin(StrEnum):
    """``LIVE`` posts were seen when they appeared; ``IMPORTED`` ones came with their outcome."""

    LIVE = "live"
    IMPORTED = "imported"


class ReplyMode(StrEnum):
    """What a community hears of a new post: a reply, a reaction only, or nothing at all."""

    REPLY = "reply"
    REACT = "react"
    SILENT = "silent"


class ForecasterKind(StrEnum):
    """Who plays in the league."""

    PERSON = "person"
    MODEL = "model"


class ReplyState(StrEnum):
    """A reply is recorded as ``PENDING`` before it is sent; ``SKIPPED`` means none was wanted."""

    PENDING = "pending"
    SENT = "sent"
    SETTLED = "settled"
    SKIPPED = "skipped"


class PostRefusal(StrEnum):
    """Why a post cannot be used, or gets no label. ``OTHER``: a sentence stands beside it."""

    NO_IMAGE = "no_image"
    #: The image could not be downloaded, however often it was tried.
    IMAGE_UNREACHED = "image_unreached"
    #: The final score could not be read in time, so that nobody knows it.
    SCORE_MISSED = "score_missed"
    OTHER = "other"


class ReplySkip(StrEnum):
    """Why a post was not replied to. ``OTHER``: a sentence stands beside it."""

    #: Chance alone: the post is in the silent share and would have been replied to otherwise.
    SILENT_SHARE = "silent_share"
    #: The community records predictions without replies.
    SILENT_MODE = "silent_mode"
    #: Automatic replies are paused in the community.
    PAUSED = "paused"
    #: The forecast is below the percentile from which the community wants replies.
    LOW_FORECAST = "low_forecast"
    QUIET_HOURS = "quiet_hours"
    #: The community has had as many replies in this minute as it wants.
    RATE_LIMIT = "rate_limit"
    #: The post's platform is not connected to this Peoria.
    NO_PLATFORM = "no_platform"
    WITHDRAWN = "withdrawn"
    OTHER = "other"


class InboxKind(StrEnum):
    """What somebody asks the bot for in a message."""

    PREDICT = "predict"
    OPT_OUT = "optout"
    OPT_IN = "optin"
    #: A guess on the post that it is written under.
    GUESS = "guess"
    # What the moderators of a community ask for.
    HELP = "help"
    STATUS = "status"
    PAUSE = "pause"
    RESUME = "resume"
    WATCH = "watch"
    UNWATCH = "unwatch"
    IMPORT = "import"
    LEADERBOARD = "leaderboard"


#: What only the moderators of a community may ask for.
OF_MODERATORS = frozenset(
    {
        InboxKind.HELP,
        InboxKind.STATUS,
        InboxKind.PAUSE,
        InboxKind.RESUME,
        InboxKind.WATCH,
        InboxKind.UNWATCH,
        InboxKind.IMPORT,
        InboxKind.LEADERBOARD,
    }
)


class Bucket(StrEnum):
    """The three answers that people see and guess."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Measure(StrEnum):
    """What a community is judged by: what a label ranks its post by."""

    #: Net upvotes.
    SCORE = "score"
    #: Comments under the post; Reddit alone counts them.
    COMMENTS = "comments"
    #: Different people who reacted or voted, whichever way; the board and Discord know them.
    FAVOURITES = "favourites"


class ServiceState(StrEnum):
    """How a part that should always run is doing."""

    RUNNING = "running"
    #: It has ended, and is started again after a wait.
    WAITING = "waiting"
    #: It has ended for good: somebody has to do something.
    STOPPED = "stopped"


class RunState(StrEnum):
    """The life of one training run."""

    RUNNING = "running"
    PROMOTED = "promoted"
    KEPT = "kept"
    REFUSED = "refused"
    FAILED = "failed"


class BatchState(StrEnum):
    """The life of one pass over stored images."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Takes and gives aware datetimes, and stores UTC.

    SQLite has no time zones: without this a datetime written aware would be read naive.

    Raises:
        ValueError: a naive datetime was bound.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class VoteHold(StrEnum):
    """Why a vote or a guess on the board does not count."""

    #: The person came to the board after the post was made.
    NEWCOMER = "newcomer"
    #: Too many voted or guessed on the post from one address.
    CROWD = "crowd"


class DuelState(StrEnum):
    """Where a duel of two posts is."""

    OPEN = "open"
    #: One of them had the higher score.
    DECIDED = "decided"
    #: Both had the same.
    DRAWN = "drawn"
    #: One of them got no score.
    VOID = "void"


def enum_column(values: type[StrEnum], name: str) -> Enum:
    """A text column that holds only the values of ``values`` (a CHECK, on every database)."""
    return Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        length=16,
    )
