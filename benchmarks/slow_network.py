"""A network between a program and its database, as far away as one says: a TCP proxy on loopback.

    python -m benchmarks.slow_network PORT DELAY_MS

prints the port on which it listens and forwards to PORT of 127.0.0.1. All bytes arrive half the
delay later, in both directions, so that a question and its answer take DELAY_MS more. It is a
process of its own: what it costs is not in the figures of those who are measured.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from subprocess import PIPE, Popen

#: Bytes that are forwarded at a time.
_CHUNK = 65_536


@contextlib.contextmanager
def far_away(port: int, delay_ms: float) -> Iterator[int]:
    """The port of a proxy to ``port`` of 127.0.0.1, in a process that ends with the block."""
    command = [sys.executable, "-m", __name__, str(port), str(delay_ms)]
    with Popen(command, stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _forward(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float
) -> None:
    loop = asyncio.get_running_loop()
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            if not data:
                target.close()
                return
            target.write(data)

    delivering = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError):
        while data := await source.read(_CHUNK):
            on_the_way.put_nowait((loop.time() + delay, data))
    on_the_way.put_nowait((loop.time() + delay, b""))
    await delivering


async def _serve(port: int, delay: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        for each in (writer, inner_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(
            _forward(reader, inner_writer, delay), _forward(inner_reader, writer, delay)
        )

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 2000))
