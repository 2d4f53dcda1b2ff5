"""PostgreSQL, with the guarantees of `Database`: one view for a reader, scopes for a writer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy import Engine, TextClause, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from storage.engine.scopes import BESIDE_ALL, EVERYTHING, Scope, Scopes, is_everything

#: A reader sees what there was at its first statement, as on SQLite.
READ_OPTIONS = {"isolation_level": "REPEATABLE READ"}
#: Each statement of a writer sees what was committed before it, and so all that those wrote for
#: whom the writer waited.
WRITE_OPTIONS = {"isolation_level": "READ COMMITTED"}

#: A deadlock was ended by this one's end, or it could not be put in order with others.
_AGAIN = frozenset({"40P01", "40001"})
#: How often such a transaction is tried.
TRIES = 5

#: Who waits for a writer longer than this (as on SQLite) gives up. It is set in each transaction: a
#: pooler hands a connection's settings to others.
_PATIENCE = (
    "set_config('lock_timeout', '30000', true),"
    # A process that is paused in the middle, or whose machine is lost, must not hold its locks for
    # as long as nobody notices: the server ends its transaction, before the leases end that it has
    # (`bot.leases.PLATFORM_TERM`), so that others can take them then.
    " set_config('idle_in_transaction_session_timeout', '5000', true)"
)
#: How grave an error is that ends its connection.
_LAST_WORDS = frozenset({"FATAL", "PANIC"})
#: How asyncpg begins where a connection is in the middle of something that never ends.
_REFUSES_ALL = "cannot switch to state"
#: "Peoria" as a number: those who write beside others share this lock, who writes alone has it.
_WRITERS = 0x50656F726961
_BESIDE_ALL = text(f"SELECT {_PATIENCE}")
_NO_LIMIT = text("SELECT set_config(:name, '0', true)")
_WAIT = text("SELECT pg_advisory_xact_lock(CAST(:scope AS bigint))")
_ALONE = text(f"SELECT {_PATIENCE}, pg_advisory_xact_lock({_WRITERS})")


class PostgresqlWriters:
    """Whose turn it is to write, of those in this process and in others.

    Those who wait for somebody in this process wait here, without a connection.

    Args:
        at_once: writers of this process at the same time; the other connections are left to those
            who read.
    """

    def __init__(self, at_once: int) -> None:
        self._turns: WeakValueDictionary[Scope, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def turn(self, scopes: Scopes) -> AsyncIterator[None]:
        """Wait until nobody in this process writes in one of some scopes, and there is room."""
        if scopes == BESIDE_ALL:
            yield
            return
        async with AsyncExitStack() as stack:
            for scope in _in_order(scopes):
                await stack.enter_async_context(self._turns.setdefault(scope, asyncio.Lock()))
            await stack.enter_async_context(self._room)
            yield


async def take_scopes(session: AsyncSession, scopes: Scopes) -> None:
    """Wait until nobody in any process writes in one of some scopes; they end with the transaction.

    To be called before anything is read: what is read afterwards holds until the end.
    """
    if scopes == BESIDE_ALL:
        await session.execute(_BESIDE_ALL)
        return
    numbers = [] if is_everything(scopes) else [scope.number for scope in _in_order(scopes)]
    keys = {f"scope_{place}": number for place, number in enumerate(numbers)}
    await session.execute(_ALONE if is_everything(scopes) else _beside(len(numbers)), keys)


def wait_for(session: Session, scope: Scope) -> None:
    """Wait in the middle of a write until nobody else is between here and their end.

    For what comes last in a transaction and is the same for many who write side by side: they wait
    for each other no longer than that takes. On SQLite one writes at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_WAIT, {"scope": scope.number})


async def take_all_for_long(session: AsyncSession) -> None:
    """Wait until nobody writes, however long that takes, and write alone for as long as it takes.

    For migrations: tables may be large, and processes that start meanwhile wait for the first.
    """
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        await session.execute(_NO_LIMIT, {"name": name})
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS})"))


def mark_ended_connections(engine: Engine) -> None:
    """Have a connection that the server has ended known as such by whatever the driver says of it.

    The server's last word may come before the end itself: until then the connection counts as open.
    It gives that word as the answer to what is asked next, and refuses all that is asked after it
    with an error about its own state.
    """

    @event.listens_for(engine, "handle_error")
    def mark(context: ExceptionContext) -> None:
        error = context.original_exception
        last_word = getattr(error.__cause__, "severity_en", None) in _LAST_WORDS
        if context.connection is not None and (last_word or str(error).startswith(_REFUSES_ALL)):
            context.is_disconnect = True


def is_to_repeat(error: DBAPIError) -> bool:
    """Whether a transaction failed because of others only, and may go well the next time."""
    return getattr(error.orig, "sqlstate", None) in _AGAIN


def _in_order(scopes: Scopes) -> list[Scope]:
    """The same order for all who wait, so that no two wait for each other."""
    if is_everything(scopes):
        return [*EVERYTHING]
    return sorted(set(scopes), key=lambda scope: scope.number)


def _beside(count: int) -> TextClause:
    """One statement, whatever is locked: on a network, each costs the way there and back."""
    named = "".join(
        f", pg_advisory_xact_lock(CAST(:scope_{place} AS bigint))" for place in range(count)
    )
    return text(f"SELECT {_PATIENCE}, pg_advisory_xact_lock_shared({_WRITERS}){named}")
