"""One write for all who write something of one kind at the same time."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.guard import Guard, guards
from storage.engine.scopes import Scope, Scopes

K = TypeVar("K")
V = TypeVar("V")

#: What is written at once, at most: the first of it waits for the last.
MOST = 32


def _one_for_all(_: object) -> Hashable:
    return None


@dataclass(eq=False, slots=True)
class _Item(Generic[K, V]):
    """Something to be written, under what it is written, and the future of what came of it."""

    what: K
    line: Hashable
    guards: tuple[Guard, ...]
    context: Context
    written: asyncio.Future[V]
    #: The write that it is in; None: it waits for one.
    under_way: asyncio.Task[None] | None = None


class SharedWrite(Generic[K, V]):
    """Writes at once for one who comes, and meanwhile gathers those who come next for one write.

    Together are written those that the same guards hold for, in the order in which they came. Where
    that fails nothing of it is kept, and each is written alone: what is wrong with one takes no
    other along.

    Args:
        database: where it is written.
        write: writes some things and says what came of each, in their order; as
            `Database.run_write` asks for it.
        alone_in: what nobody else writes in while one of them is written
            (`storage.engine.scopes`).
        line: where writers write side by side, only those go together of whom it says the same,
            and others are written meanwhile: who waits for another process's write holds up
            nobody else. Where all take turns anyway, as on SQLite, it is not asked.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Sequence[K], Session], Sequence[V]],
        *,
        alone_in: Callable[[K], Scopes],
        line: Callable[[K], Hashable] = _one_for_all,
    ) -> None:
        self._database = database
        self._write = write
        self._alone_in = alone_in
        self._line = _one_for_all if database.takes_turns else line
        self._waiting: list[_Item[K, V]] = []
        #: What is being written now, by its line.
        self._together: dict[Hashable, Sequence[_Item[K, V]]] = {}

    async def write(self, what: K) -> V:
        """Write something; return what came of it, once that is committed.

        A task that is cancelled while it is written does not learn whether it was kept.

        Raises:
            Exception: what writing it alone raises.
        """
        loop = asyncio.get_running_loop()
        line = self._line(what)
        mine = _Item[K, V](what, line, guards(), copy_context(), loop.create_future())
        self._waiting.append(mine)
        if line not in self._together:
            # Those who were told something together come together.
            loop.call_soon(self._begin, line)
        try:
            return await mine.written
        except asyncio.CancelledError:
            if mine.under_way is None:
                self._waiting.remove(mine)
            else:
                if all(each.written.done() for each in self._together.get(line, ())):
                    mine.under_way.cancel()
                # It goes on for the others; nobody is to close the database under it.
                await asyncio.wait({mine.under_way})
            raise

    def _begin(self, line: Hashable) -> None:
        """Begin to write what waits in a line, as far as it goes together with the first of it."""
        waiting = [each for each in self._waiting if each.line == line]
        if line in self._together or not waiting:
            return
        first = waiting[0]
        together = [each for each in waiting if each.guards == first.guards][:MOST]
        # In a task of its own: it matters to all of them that it ends.
        under_way = asyncio.get_running_loop().create_task(
            self._write_all(together), context=first.context
        )
        for each in together:
            each.under_way = under_way
        self._waiting = [each for each in self._waiting if each.under_way is None]
        self._together[line] = together
        under_way.add_done_callback(lambda _: self._go_on(line))

    def _go_on(self, line: Hashable) -> None:
        del self._together[line]
        self._begin(line)

    async def _write_all(self, together: Sequence[_Item[K, V]]) -> None:
        scopes: dict[Scope, None] = {}
        for each in together:
            scopes |= dict.fromkeys(self._alone_in(each.what))
        work = partial(self._write, [each.what for each in together])
        try:
            results = await self._database.run_write(work, alone_in=tuple(scopes))
        except Exception as error:  # noqa: BLE001 - raised where it was asked for
            if len(together) > 1:
                left = [each for each in together if not each.written.done()]
                await asyncio.gather(*(self._write_all([each]) for each in left))
            elif not together[0].written.done():
                together[0].written.set_exception(error)
            return
        for each, result in zip(together, results, strict=True):
            if not each.written.done():
                each.written.set_result(result)
