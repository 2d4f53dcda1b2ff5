"""Connections that the server has ended, as the driver shows them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from storage.engine.database import Database
from storage.engine.faults import may_pass, storage_fault
from tests.fixtures import postgresql

pytestmark = pytest.mark.skipif(
    postgresql.SERVER is None, reason=f"{postgresql.VARIABLE} names no server"
)

_FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
#: What a server says before it ends a connection.
_LAST_WORD = b"E" + (len(_FIELDS) + 4).to_bytes(4, "big") + _FIELDS


class Relay:
    """A way to a server on which its last word comes and the end of the connection does not."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._clients: list[asyncio.StreamWriter] = []
        self._ways: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*self._server)
        self._clients.append(writer)
        for source, target in ((reader, inner_writer), (inner_reader, writer)):
            self._ways.add(asyncio.create_task(_forward(source, target)))

    async def say_the_last_word(self) -> None:
        for writer in self._clients:
            writer.write(_LAST_WORD)
            await writer.drain()
        self._clients.clear()

    async def close(self) -> None:
        for way in self._ways:
            way.cancel()
        await asyncio.wait(self._ways)


async def _forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
    target.close()


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with postgresql.made_database() as url:
        yield url


@pytest.fixture
async def relayed(server_url: str) -> AsyncIterator[tuple[Relay, Database]]:
    direct = make_url(server_url)
    relay = Relay(direct.host or "127.0.0.1", direct.port or 5432)
    async with await asyncio.start_server(relay.connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        far = direct.set(host="127.0.0.1", port=port)
        database = Database(far.render_as_string(hide_password=False))
        yield relay, database
        await database.close()
        await relay.close()


async def test_a_connection_that_ended_unseen_is_another_one_at_the_next_try(
    relayed: tuple[Relay, Database],
) -> None:
    relay, database = relayed
    one = text("SELECT 1")
    assert await database.run_read(lambda session: session.scalar(one)) == 1
    await relay.say_the_last_word()
    assert await database.run_read(lambda session: session.scalar(one)) == 1
    await relay.say_the_last_word()
    assert await database.run_write(lambda session: session.scalar(one)) == 1


async def test_one_that_ends_in_the_middle_is_a_fault_of_the_server(
    relayed: tuple[Relay, Database],
) -> None:
    relay, database = relayed

    async def lose_it() -> None:
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
            await relay.say_the_last_word()
            # Heard by the time that something else was asked on another way.
            await database.run_read(lambda other: other.scalar(text("SELECT 2")))
            await session.execute(text("SELECT 3"))

    with pytest.raises(DBAPIError) as caught:
        await lose_it()
    assert may_pass(caught.value)
    fault = storage_fault(caught.value)
    assert fault is not None
    assert fault.what == "the database cannot be reached"
