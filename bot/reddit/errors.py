"""What can go wrong between us and Reddit."""

from bot.platform import PlatformUnavailable
from bot.reddit.refusal_codes import FINAL

#: The code of what was refused without a code that can be read.
UNKNOWN_REFUSAL = "REFUSED"


class RedditBusy(PlatformUnavailable):
    """Reddit did not answer, or asked to be left alone for a while; ask again later."""


class NotAllowed(Exception):
    """Reddit knows us and refuses this one thing (a private subreddit, a ban)."""


class NotThere(Exception):
    """There is no such subreddit or thing, or none any more."""


class RedditRefusal(Exception):
    """Reddit refused what was posted, with a code of its own (``THREAD_LOCKED``).

    Attributes:
        code: capitals and underscores.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @property
    def is_final(self) -> bool:
        """Whether Reddit would say the same again; otherwise a few more tries are worth it."""
        return self.code in FINAL
