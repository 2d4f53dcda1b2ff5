"""A process that talks like `bot.cluster.process` and knows no Ray: ``… MODE ADDRESS``.

Modes: ``refuses`` to connect; ``silent``: never answers; ``works``: gives each batch back reversed;
``dies``: ends over the first batch, with the words of a lost head; ``full``: its store is full.
"""

import asyncio
import os
import sys

from bot.cluster.messages import Answer, packed, read_message


def say(answer: Answer) -> None:
    sys.stdout.buffer.write(packed(answer))
    sys.stdout.buffer.flush()


async def main(mode: str) -> None:
    if mode == "refuses":
        say(Answer(0, why_not="There is no Ray cluster at nowhere:1."))
        return
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    if mode != "silent":
        say(Answer(0))
    while (request := await read_message(reader)) is not None:
        if request.name == "prepare":
            say(Answer(request.number, 2))
        elif mode == "dies":
            sys.stderr.write("Failed to connect to GCS within 20 seconds.\n")
            sys.stderr.flush()
            os._exit(1)
        elif mode == "full":
            say(Answer(request.number, why_not="Ray's object store is full."))
        else:
            say(Answer(request.number, request.arguments[-1][::-1]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
