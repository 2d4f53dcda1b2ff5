"""How often the page of each post is opened: each visitor counts once while Peoria runs."""

from collections import Counter, OrderedDict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.web.visitors import Visitor
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import Post

#: Views are written together, this long after the first of them at the soonest.
_EVERY: Final = timedelta(seconds=5)
#: Views that are remembered so as not to be counted again, the newest; a few megabytes.
_REMEMBERED: Final = 50_000

_POSTS = table_of(Post)
_ADD = (
    update(_POSTS)
    .where(_POSTS.c.id == bindparam("post"))
    .values(views=_POSTS.c.views + bindparam("more"))
)


class ViewCounts:
    """Counts views in memory and writes them down now and then.

    A process that is killed loses the last few: a view decides nothing.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._waiting = Counter[int]()
        self._since: datetime | None = None

    async def note(self, visitor: Visitor, post_id: int) -> None:
        """Count that a visitor opened the page of a post that is there.

        Whoever comes without a cookie is not counted: they could come any number of times.
        """
        key = (visitor.hash, post_id)
        if visitor.is_new or key in self._seen:
            return
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._waiting[post_id] += 1
        now = self._clock()
        if self._since is None:
            self._since = now
        if now - self._since >= _EVERY:
            await self.write()

    async def write(self) -> None:
        """Write down what was counted since the last time."""
        waiting, self._waiting, self._since = self._waiting, Counter[int](), None
        rows = [{"post": post_id, "more": more} for post_id, more in sorted(waiting.items())]
        if rows:

            def add(session: Session) -> None:
                session.execute(_ADD, rows)

            await self._database.run_write(add, alone_in=ITS_ROWS)
