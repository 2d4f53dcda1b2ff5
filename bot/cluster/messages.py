"""Messages between the bot and the process that holds its connection to Ray: length, then pickle.

Both ends are ours, on one pipe that nobody else can write to.
"""

import asyncio
import pickle
import struct
from dataclasses import dataclass
from typing import Any

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Request:
    """Something to do.

    Attributes:
        number: the answer has the same.
        name: what.
        arguments: of it.
    """

    number: int
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes:
        number: of the request.
        value: what it gave.
        why_not: a sentence where it could not be done; None: it was.
    """

    number: int
    value: Any = None
    why_not: str | None = None


def packed(message: Request | Answer) -> bytes:
    """A message as it is sent."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(content)) + content


async def read_message(stream: asyncio.StreamReader) -> Any:
    """The next message; None where the other end has closed."""
    try:
        (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
        return pickle.loads(await stream.readexactly(length))  # noqa: S301 - our own process
    except asyncio.IncompleteReadError:
        return None
