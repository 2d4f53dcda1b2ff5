"""Pictures are read by processes of their own: one that ends such a process costs itself alone.

Decoders and networks may have faults that no refusal catches. In the process of the bot, a picture
that meets one would end the bot, and again after each restart, as its post would still be waiting.
"""

import asyncio
import hashlib
import io
import logging
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Final, Protocol, TypeVar

from PIL import Image

from bot.runtime.subprocesses import python_module
from bot.runtime.supervisor import ServiceReport, tell
from bot.serving.picture_answers import Answer, PictureFault, Untrue, read_answer
from bot.serving.picture_frames import Asked, Places
from models.apart.answering import Abandoned, AnsweringProcess, Ended, Read
from models.backbone import BackboneUnusable
from models.decoding import ImageRefused, ImageUnread

log = logging.getLogger(__name__)

T = TypeVar("T")

COMMAND = python_module("bot.serving.picture_process")

#: A picture that ends so many processes is refused.
DEATHS: Final = 2
#: One that takes longer ends the process as well, seconds. The slowest that is within the limits
#: takes a few on a busy machine.
SECONDS: Final = 30.0
#: The longest that the start of a process may take, seconds.
_START_SECONDS: Final = 120.0
#: Waits before another start where a process ends before it has read anything, seconds.
FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
#: Questions that are put to a process at the same time: while it works on one the next is there
#: already, as a thread of a busy bot takes longer to put one than the process to answer it.
_AT_EACH: Final = 2
#: Pictures that are remembered to have ended processes, while this one runs.
_REMEMBERED: Final = 1_000

_NAME: Final = "The reading of pictures"


class EndsProcesses(ImageRefused):
    """A picture that ended every process which read it."""

    def __init__(self) -> None:
        super().__init__(
            "too_complex",
            "This image cannot be read: reading it broke off twice. Save it again as a plain JPEG"
            " or PNG and try that.",
        )


class CannotStart(Exception):
    """No process can read pictures now; the message is a sentence."""


class PoolReport(ServiceReport, Protocol):
    """Where it is told how the processes are doing (`bot.service_states.Report`)."""

    async def closed(self) -> None:
        """They are not wanted any more."""


class PicturePool:
    """Processes that read pictures, each one picture at a time; started when they are needed.

    A picture that ends two of them is refused from then on. Those that wait meanwhile are read by
    the next process, and one that ends while it reads nothing is nobody's fault.

    Args:
        places: what the processes are told.
        processes: how many.
        report: is told how they are doing.
        command: starts one.
        seconds: the longest that one picture may take.
        first_wait: before another start where a process ended before it had read anything, seconds;
            it doubles.
    """

    def __init__(
        self,
        places: Places,
        *,
        processes: int = 1,
        report: PoolReport | None = None,
        command: Sequence[str] = COMMAND,
        seconds: float = SECONDS,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._places = places
        self._processes = processes
        self._report = report
        self._command = command
        self._seconds = seconds
        self._first_wait = first_wait
        self._executor = ThreadPoolExecutor(_AT_EACH * processes, thread_name_prefix="pictures")
        self._seats = [_Seat() for _ in range(processes)]
        self._starting = threading.Lock()
        self._running: set[AnsweringProcess] = set()
        self._is_closed = False
        self._wait = 0.0
        #: By the monotonic clock: before it no process is started.
        self._not_before = 0.0
        self._why = ""
        self._poison: OrderedDict[bytes, None] = OrderedDict()
        self._calls = 0
        #: What the report was told last: whether they run; None: nothing yet.
        self._told: bool | None = None

    @property
    def is_idle(self) -> bool:
        """Whether a process has nothing to do."""
        return self._calls < self._processes

    async def warm_up(self, backbone: str) -> None:
        """Start the processes, and have each load a backbone.

        Raises:
            ImageUnread: none can be started.
            BackboneUnusable: the backbone is missing or damaged.
        """
        trial = Asked("embed_undescribed", _trial(), backbone)
        await asyncio.gather(*(self.ask(trial, lambda _: None) for _ in range(self._processes)))
        await self._tell(None)

    async def ask(self, asked: Asked, take: Callable[[Answer], T]) -> T:
        """What ``take`` makes of the answer to a question.

        Raises:
            ImageUnread: no process can read it just now.
            ImageRefused: it cannot be used, or ends processes (`EndsProcesses`).
            BackboneUnusable: the backbone is missing or damaged.
            PictureFault: something else went wrong.
        """
        loop = asyncio.get_running_loop()
        self._calls += 1
        try:
            found = await loop.run_in_executor(self._executor, self._ask, asked, take)
        except CannotStart as error:
            await self._tell(str(error))
            raise ImageUnread from error
        finally:
            self._calls -= 1
        if self._told is False:
            await self._tell(None)
        return found

    async def close(self) -> None:
        """End the processes; what they are asked is not answered."""
        with self._starting:
            self._is_closed = True
            for process in self._running:
                process.kill()
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        for process in self._running:
            process.end()
        if self._report is not None and self._told is not None:
            await tell(_NAME, self._report.closed())

    def _ask(self, asked: Asked, take: Callable[[Answer], T]) -> T:
        """On a thread of the pool."""
        if self._is_poison(asked.data):
            raise EndsProcesses
        with self._starting:
            seat = min(self._seats, key=lambda each: each.under_way)
            seat.under_way += 1
        try:
            return self._ask_at(seat, asked, take)
        finally:
            with self._starting:
                seat.under_way -= 1

    def _ask_at(self, seat: "_Seat", asked: Asked, take: Callable[[Answer], T]) -> T:
        deaths = 0
        while deaths < DEATHS:
            process = self._process(seat, asked)
            try:
                return process.ask(
                    asked.pieces(),
                    lambda read: take(self._read(asked, read)),
                    seconds=self._seconds,
                )
            except Abandoned:
                continue
            except Ended as error:
                process.end()
                if self._is_closed:
                    raise ImageUnread from error
                deaths += 1
                log.warning(
                    "The process that reads pictures %s at picture %s (%s bytes).",
                    _how(process, error), _name(asked.data).hex()[:12], len(asked.data),
                )  # fmt: skip
        if not asked.data:
            # No picture is to blame for that.
            raise CannotStart(f"The process that reads pictures ends when asked its {asked.work}.")
        with self._starting:
            self._poison[_name(asked.data)] = None
            if len(self._poison) > _REMEMBERED:
                self._poison.popitem(last=False)
        raise EndsProcesses

    def _is_poison(self, data: bytes) -> bool:
        with self._starting:
            return bool(self._poison) and _name(data) in self._poison

    def _process(self, seat: "_Seat", asked: Asked) -> AnsweringProcess:
        """A process that has shown that it can read a picture.

        Raises:
            CannotStart: it ends before it has.
        """
        with seat.starting:
            if seat.process is None or not seat.process.is_there:
                seat.process = self._start(asked, seat.process)
            return seat.process

    def _start(self, asked: Asked, before: AnsweringProcess | None) -> AnsweringProcess:
        if before is not None:
            before.end()
        with self._starting:
            if before is not None:
                self._running.discard(before)
            if self._is_closed:
                raise ImageUnread
            if time.monotonic() < self._not_before:
                raise CannotStart(self._why)
            process = AnsweringProcess(self._command)
            self._running.add(process)
        try:
            self._try(process, asked)
        except Ended as error:
            process.end()
            with self._starting:
                self._running.discard(process)
                if self._is_closed:
                    raise ImageUnread from error
                self._wait = min(max(self._first_wait, self._wait * 2), _LONGEST_WAIT)
                self._not_before = time.monotonic() + self._wait
                self._why = (
                    f"The process that reads pictures {_how(process, error)} before it had read"
                    " one; it is started again and again."
                )
                log.warning("%s The next start is in %g s.", self._why, self._wait)
            raise CannotStart(self._why) from error
        self._wait = 0.0
        return process

    def _try(self, process: AnsweringProcess, asked: Asked) -> None:
        """Tell a process where things are, and see that it reads a picture that harms nobody.

        So a backbone that ends every process is no fault of the pictures.
        """
        trial = Asked("pixels", _trial(), size=1)
        if asked.backbone is not None:
            trial = Asked("embed_undescribed", _trial(), asked.backbone)
        pieces = [*self._places.pieces(), *trial.pieces()]
        # What it says of itself it says again where somebody waits for it.
        with suppress(ImageRefused, BackboneUnusable, PictureFault):
            process.ask(pieces, partial(self._read, trial), seconds=_START_SECONDS)

    def _read(self, asked: Asked, read: Read) -> Answer:
        return read_answer(asked, read, most_pixels=self._places.limits.max_pixels)

    async def _tell(self, why: str | None) -> None:
        """Tell how they are doing: why they do not run, or (None) that they do."""
        self._told = why is None
        if self._report is not None:
            telling = (
                self._report.running() if why is None else self._report.waiting(why, expected=False)
            )
            await tell(_NAME, telling)


class _Seat:
    """Where one process after another is."""

    def __init__(self) -> None:
        self.starting = threading.Lock()
        self.process: AnsweringProcess | None = None
        #: Questions that were put to it or wait for it.
        self.under_way = 0


@cache
def _trial() -> bytes:
    """A picture that harms nobody."""
    file = io.BytesIO()
    Image.new("RGB", (2, 2)).save(file, "PNG")
    return file.getvalue()


def _name(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _how(process: AnsweringProcess, error: Ended) -> str:
    """How a process came to its end, in words."""
    if isinstance(error, Untrue):
        return "gave an answer that cannot be one"
    if process.is_late:
        return "took too long and was ended"
    status = process.status
    if status is not None and status < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
