"""A process that answers questions, and of which nothing is believed."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

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
    """The process ended, or was ended because it took too long, before it had answered."""


class Abandoned(Exception):
    """The process ended at a question before this one, which it had not begun with."""


class AnsweringProcess:
    """A child process that answers one question after another.

    It is told no secrets. One that takes too long for an answer is killed. Several threads may ask:
    the next question is there already when an answer is taken, and as they are answered in their
    order it is known which one ended it.

    Args:
        command: starts it; it reads questions from its standard input and writes answers to its
            standard output.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - this Python and a module of ours
            command, env=untold(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **_OUT_OF_REACH
        )
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._turns = threading.Condition()
        #: How many questions were put, and how many of them are done with.
        self._asked = self._done = 0
        self._is_broken = False
        #: By the monotonic clock; None: no answer is waited for.
        self._until: float | None = None
        #: What the last question may take, seconds.
        self._longest = 0.0
        #: Whether it was killed for taking too long.
        self.is_late = False
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    @property
    def is_there(self) -> bool:
        """Whether it can be asked: one that ended while nobody asked anything can not."""
        return not (self._is_broken or self.is_late) and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """The status that it ended with, negative for a signal; None: it runs."""
        return self._process.poll()

    def ask(self, asked: Sequence[bytes], read: Callable[[Read], T], *, seconds: float) -> T:
        """What it answers.

        Args:
            asked: the question, in pieces.
            read: reads the answer, all of it; or raises `Ended` where it cannot be one.
            seconds: the longest that it may take.

        Raises:
            Ended: it ended before it had answered. A later question needs another process.
            Abandoned: it ended at another thread's question.
        """
        with self._writing:
            with self._turns:
                turn = self._asked
                self._asked += 1
                self._longest = seconds
                if turn == self._done:
                    self._until = time.monotonic() + seconds
            self._write(asked)
        with self._turns:
            self._turns.wait_for(lambda: self._is_broken or self._done == turn)
            if self._is_broken:
                raise Abandoned
            self._until = time.monotonic() + seconds
        is_broken = True
        try:
            found = read(self._read)
            is_broken = False
        except Ended:
            raise
        except Exception:
            # What was answered in whole.
            is_broken = False
            raise
        finally:
            with self._turns:
                self._done += 1
                self._is_broken = is_broken
                # The next one may not even be read: its thread is still writing it then.
                is_asked = self._asked > self._done
                self._until = time.monotonic() + self._longest if is_asked else None
                self._turns.notify_all()
        return found

    def kill(self) -> None:
        """End it, from any thread; whoever waits for an answer gets `Ended`."""
        self._process.kill()

    def end(self) -> None:
        """End it, and wait until it has."""
        self._ended.set()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            # What it was not told any more cannot be written.
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _write(self, asked: Sequence[bytes]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        # One that has ended answers nothing: that is noticed in this question's turn.
        with suppress(OSError, ValueError):
            for piece in asked:
                self._process.stdin.write(piece)
            self._process.stdin.flush()

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        try:
            found: bytes = self._process.stdout.read(count)
        except ValueError as error:
            # Another thread has ended it.
            raise Ended from error
        if len(found) < count:
            raise Ended
        return found

    def _watch(self) -> None:
        while not self._ended.wait(_TICK):
            with self._turns:
                if self._until is not None and time.monotonic() > self._until:
                    self.is_late = True
                    self._process.kill()
                    return
