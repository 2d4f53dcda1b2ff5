"""Who moderates a subreddit, asked of Reddit and remembered for some minutes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.reddit.client import RedditClient
from bot.runtime.clock import Clock

#: Moderators change seldom; one who was removed is obeyed for this long at most.
KEPT = timedelta(minutes=10)

#: Of somebody who is not among them it is asked once more after this.
ASKED_ANEW = timedelta(seconds=30)

_ALL = "all"


class Roster:
    """Reads who moderates."""

    def __init__(self, client: RedditClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[datetime, Mapping[str, frozenset[str]]]] = {}

    async def is_moderator(self, subreddit: str, name: str) -> bool:
        """Whether somebody moderates a subreddit.

        Raises:
            PlatformUnavailable, NotAllowed, NotThere: as `RedditClient` does.
        """
        if name.lower() in await self._of(subreddit):
            return True
        # They may have been made one since.
        known = self._known.get(subreddit.lower())
        if known is not None and self._clock() - known[0] >= ASKED_ANEW:
            del self._known[subreddit.lower()]
        return name.lower() in await self._of(subreddit)

    async def we_may(self, subreddit: str, permission: str) -> bool:
        """Whether our own account moderates a subreddit with a permission (``mail``, ``flair``)."""
        mine = (await self._of(subreddit)).get((await self._client.me()).lower(), frozenset())
        return permission in mine or _ALL in mine

    async def _of(self, subreddit: str) -> Mapping[str, frozenset[str]]:
        now = self._clock()
        known = self._known.get(subreddit.lower())
        if known is None or not known[0] <= now < known[0] + KEPT:
            known = now, await self._client.moderators(subreddit)
            self._known[subreddit.lower()] = known
        return known[1]
