"""A process that answers questions, and of which nothing is believed."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

from models.apart.environment import untold

T = TypeVar("T")

#: Ctrl-C in a terminal is for whoever starts it: it would end one that has not yet begun, too.
_OUT_OF_REACH: dict[str, Any] = {"process_group": 0}
if sys.platform == "win32":
    _OUT_OF_REACH = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

#: Reads so many bytes of an answer.
Read: TypeAlias = Callable[[int], bytes]

#: How often it is looked whether an answer takes too long, seconds.
_TICK = 0.5


class Ended(Exception):
    """The process ended, or was ended for taking too long, before it had answered."""


class AnsweringProcess:
    """A child process that answers one question after another, for one thread at a time.

    It is told no secrets. One that takes too long for an answer is killed.

    Args:
        command: starts it; it reads questions from its standard input and writes answers to its
            standard output.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - this Python and a module of ours
            command, env=untold(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **_OUT_OF_REACH
        )
        self._ended = threading.Event()
        self._watched = threading.Lock()
        #: By the monotonic clock; None: no answer is waited for.
        self._until: float | None = None
        #: Whether it was killed for taking too long.
        self.is_late = False
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def is_there(self) -> bool:
        """Whether it can be asked: one that ended while nobody asked anything can not."""
        return not self.is_late and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """The status that it ended with, negative for a signal; None: it runs."""
        return self._process.poll()

    def ask(self, asked: Sequence[bytes], read: Callable[[Read], T], *, seconds: float) -> T:
        """What it answers.

        Args:
            asked: the question, in pieces.
            read: reads the answer.
            seconds: the longest that it may take.

        Raises:
            Ended: it ended before it had answered. A later question needs another process.
        """
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with self._watched:
            self._until = time.monotonic() + seconds
        try:
            for piece in asked:
                self._process.stdin.write(piece)
            self._process.stdin.flush()
            return read(self._read)
        except OSError as error:
            # The other end of the pipe is closed.
            raise Ended from error
        finally:
            with self._watched:
                self._until = None

    def kill(self) -> None:
        """End it, from any thread; whoever waits for an answer gets `Ended`."""
        self._process.kill()

    def end(self) -> None:
        """End it, and wait until it has."""
        self._ended.set()
        self._process.kill()
        self._process.communicate()

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        found: bytes = self._process.stdout.read(count)
        if len(found) < count:
            raise Ended
        return found

    def _watch(self) -> None:
        while not self._ended.wait(_TICK):
            with self._watched:
                if self._until is not None and time.monotonic() > self._until:
                    self.is_late = True
                    self._process.kill()
                    return
