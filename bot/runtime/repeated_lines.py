"""The same log line again and again becomes one line with a count."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

#: What makes two lines the same: logger, level, words without their arguments, kind and place of
#: the error.
_Kind: TypeAlias = tuple[str, int, str, str, str]

#: An attribute of lines with a count: they are about many things, and not about what is just done.
OF_MANY = "of_many"
#: Lines of one kind within a window that are written as they come: one for an error, whose
#: traceback says it all; some for what is told of many things.
_ERRORS, _LINES = 1, 50
#: Length of a window, seconds. It doubles for as long as the line is repeated.
_FIRST_WINDOW, _LONGEST_WINDOW = 60.0, 3600.0
#: Kinds that are remembered at most.
_MOST_KINDS = 2000
#: What of an error stands in a line with a count, characters.
_LONGEST_ERROR = 200


@dataclass(slots=True)
class _Window:
    ends_at: float
    length: float = _FIRST_WINDOW
    written: int = 0
    #: Different lines of the window, as far as they were written.
    lines: set[str] = field(default_factory=set)
    held_back: int = 0
    last: logging.LogRecord | None = None


class FoldRepeats(logging.Handler):
    """Hands records on to another handler, those that repeat as one line with a count.

    Within a window, an error of one kind at one place is written once with its traceback, and a
    line with the same words once; of lines that differ in their arguments alone, the first ones.
    When the window ends, a line says how many more there were. A kind that goes on has longer and
    longer windows; one that paused for a whole window begins anew, with its traceback.

    Args:
        target: writes what is to be written.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self, target: logging.Handler, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._target = target
        self._monotonic = monotonic
        self._windows: dict[_Kind, _Window] = {}
        self._next_look = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        now = self._monotonic()
        self._close_windows(now)
        kind = _kind_of(record)
        window = self._windows.get(kind)
        if window is None:
            if len(self._windows) >= _MOST_KINDS:
                self._close_windows(now, all_of_them=True)
            window = self._windows[kind] = _Window(now + _FIRST_WINDOW)
        line = _words(record)
        most = _ERRORS if record.exc_info else _LINES
        if window.length > _FIRST_WINDOW or window.written >= most or line in window.lines:
            window.held_back += 1
            window.last = _without_frames(record)
            return
        window.written += 1
        window.lines.add(line)
        self._target.handle(record)

    def flush(self) -> None:
        """Say how many lines were held back so far."""
        self.acquire()
        try:
            self._close_windows(self._monotonic(), all_of_them=True)
        finally:
            self.release()
        self._target.flush()

    def close(self) -> None:
        self.flush()
        self._target.close()
        super().close()

    def _close_windows(self, now: float, *, all_of_them: bool = False) -> None:
        if now < self._next_look and not all_of_them:
            return
        self._next_look = now + 1.0
        for kind, window in [*self._windows.items()]:
            if window.ends_at > now and not all_of_them:
                continue
            if window.last is None or all_of_them:
                del self._windows[kind]
            if window.last is not None:
                self._target.handle(_summary(window.last, window.held_back, window.length))
                window.length = min(window.length * 2, _LONGEST_WINDOW)
                window.ends_at = now + window.length
                window.held_back, window.last = 0, None


def _kind_of(record: logging.LogRecord) -> _Kind:
    error, place = "", ""
    if record.exc_info and record.exc_info[0] is not None:
        error = record.exc_info[0].__qualname__
        trace = record.exc_info[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return record.name, record.levelno, str(record.msg), error, place


def _words(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a wrong format string must not raise at the caller
        return str(record.msg)


def _without_frames(record: logging.LogRecord) -> logging.LogRecord:
    """The record on one line: what a traceback keeps alive is let go of."""
    words = _words(record)
    if record.exc_info and record.exc_info[1] is not None:
        said = str(record.exc_info[1]).partition("\n")[0][:_LONGEST_ERROR]
        words += f" ({type(record.exc_info[1]).__name__}: {said})"
    return logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, words, None, None
    )


def _summary(record: logging.LogRecord, count: int, seconds: float) -> logging.LogRecord:
    within = f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"
    words = f"{record.msg} [{count:,} more of this kind within {within}]"
    summary = logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, words, None, None
    )
    setattr(summary, OF_MANY, True)
    return summary
