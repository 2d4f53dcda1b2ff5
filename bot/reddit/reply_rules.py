"""Where and how the bot writes on Reddit: what the settings say, and what follows for a post."""

from dataclasses import dataclass
from datetime import timedelta

from bot.platform import PostRef, ReplyDeclined
from bot.reddit.communities import BANNED_AT
from bot.reddit.items import CONTEST
from bot.reddit.options import GUESSES
from bot.settings import Settings
from bot.subreddits import CHOSEN_AT
from bot.texts.translate import mark
from storage.tables import Community, Post
from storage.types import ReplyMode

SWITCHED_OFF = "Replies on Reddit are switched off (PEORIA_REDDIT_REPLY)."
DENIED = "The bot never writes in this subreddit (PEORIA_REDDIT_DENY)."
IN_CONTEST = mark("The post is in contest mode: nothing that moves votes is written under it.")
BANNED = "The account is banned from this subreddit."


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """Where and how the bot writes.

    Attributes:
        writes: whether it writes at all.
        watched: the subreddits of the settings, in small letters: posts are answered unasked there.
        denied: those where it never does anything, in small letters.
        per_hour: most comments in one subreddit within an hour.
        within: age of a post beyond which it is not answered.
        about: address of the page that says what the bot is; None: the account's profile.
    """

    writes: bool
    watched: frozenset[str]
    denied: frozenset[str]
    per_hour: int
    within: timedelta
    about: str | None

    def is_watched(self, community: Community) -> bool:
        """Whether posts are answered there unasked: it is in the settings, or was chosen."""
        return (
            community.source_id.lower() in self.watched or CHOSEN_AT in community.options
        ) and community.watched

    def reason_not_to_write(self, community: Community) -> str | None:
        """Why nothing may be written in a subreddit, a sentence; None where it may."""
        if not self.writes:
            return SWITCHED_OFF
        if community.source_id.lower() in self.denied:
            return DENIED
        return BANNED if BANNED_AT in community.options else None

    def check_reply(self, community: Community, post: PostRef, *, in_contest: bool) -> None:
        """Do nothing if a post may get a comment that nobody asked for.

        Raises:
            ReplyDeclined: it may not; the message says why.
        """
        reason = self.reason_not_to_write(community)
        if post.mode is ReplyMode.REACT:
            reason = "Reactions were asked for, and Reddit has none."
        elif in_contest:
            reason = IN_CONTEST
        elif post.blind and not community.options.get(GUESSES):
            reason = "It is for guessers first, and nobody can guess in this subreddit."
        elif reason in (None, BANNED) and not self.is_watched(community):
            reason = "It is answered where it was asked for."
        if reason is not None:
            raise ReplyDeclined(reason)


def is_in_contest(post: Post) -> bool:
    """Whether a post was in contest mode, in which nobody is to see how others vote."""
    return bool((post.options or {}).get(CONTEST))


def read_reply_rules(settings: Settings) -> ReplyRules:
    """The rules that the settings make."""
    return ReplyRules(
        writes=settings.reddit_reply == "on",
        watched=frozenset(name.lower() for name in settings.reddit_subreddits),
        denied=_denied(settings),
        per_hour=settings.reddit_replies_per_hour,
        within=timedelta(minutes=settings.reddit_reply_minutes),
        about=settings.reddit_about,
    )


def _denied(settings: Settings) -> frozenset[str]:
    return frozenset(name.lower() for name in settings.reddit_deny)
