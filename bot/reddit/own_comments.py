"""The bot's own comments, found again by what they answer."""

from datetime import datetime, timedelta

from bot.reddit.client import RedditClient
from bot.reddit.items import time_of

#: Reddit's listings end here, whatever it says of a next page.
MAX_PAGES = 10
#: The clocks of Reddit and of this machine may differ by so much.
CLOCKS = timedelta(minutes=2)


class OwnComments:
    """Looks for a comment before it is sent again."""

    def __init__(self, client: RedditClient) -> None:
        self._client = client
        #: Things that have no comment of ours, as far as nothing was sent since.
        self._unanswered: set[str] = set()

    def note_unanswered(self, parent: str) -> None:
        """Remember that a thing has no comment of ours."""
        self._unanswered.add(parent)

    def note_sending(self, parent: str) -> None:
        """A comment on a thing is about to be sent: from here on there may be one."""
        self._unanswered.discard(parent)

    async def find(self, parent: str, *, since: datetime) -> str | None:
        """Our own comment on a thing, written since then; None where there is none.

        The list of our own comments is read: a thread's shows not all, and none that a moderator
        took away.
        """
        if parent in self._unanswered:
            return None
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._client.own_comments(after)
            for item in page.items:
                name = item.get("name")
                if item.get("parent_id") == parent and isinstance(name, str):
                    return name
            times = [time for time in map(time_of, page.items) if time is not None]
            after = page.after
            if after is None or (times and min(times) < since - CLOCKS):
                break
        self._unanswered.add(parent)
        return None
