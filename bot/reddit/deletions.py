"""Posts that were deleted on Reddit, or whose account was: nothing of them is kept here."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.core import Core
from bot.people.deletion_rounds import DeletionRounds
from bot.reddit.client import PAGE, RedditClient
from bot.reddit.items import is_deleted
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often some posts are looked at.
EVERY = timedelta(minutes=10)


class Deletions:
    """Looks at every stored post once a day, a hundred a request."""

    def __init__(self, client: RedditClient, core: Core) -> None:
        self._client = client
        self._rounds = DeletionRounds(
            core.database,
            core.images,
            PlatformName.REDDIT,
            step=EVERY,
            at_once=PAGE,
            clock=core.clock,
        )

    async def follow(self) -> int:
        """Look at the posts whose turn it is; return how many were deleted.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        count = 0
        for posts in await self._rounds.due():
            items = await self._client.info([source_id for _, source_id in posts])
            # Of posts in a private subreddit Reddit tells nothing; of deleted ones it does.
            gone = [
                post_id
                for post_id, source_id in posts
                if source_id in items and is_forgotten(items[source_id])
            ]
            await self._rounds.note([post_id for post_id, _ in posts], gone)
            count += len(gone)
        if count:
            log.info("%s posts were deleted on Reddit: nothing of them is kept.", count)
        return count


def is_forgotten(item: Mapping[str, Any]) -> bool:
    """Whether its author deleted it, or their account: Reddit says so, and leaves nothing out."""
    return is_deleted(item) or item.get("author") == "[deleted]"
