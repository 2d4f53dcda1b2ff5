"""Log lines: text for people, JSON for machines. Secrets are never written.

What strangers send ends up in lines, too: nothing in them moves a terminal's cursor, colours it,
turns its writing round, or looks like the next line.
"""

import json
import logging
import re
import unicodedata
from datetime import UTC, datetime
from typing import Final, Literal

from rich.console import Console
from rich.logging import RichHandler

from bot.runtime.log_context import FIELDS, what_it_is_about
from bot.runtime.repeated_lines import OF_MANY, FoldRepeats
from bot.runtime.supervisor import NOTHING, IsExpected, describe

#: What looks like a credential in a line: user:password@ in URLs, Discord tokens, bearer tokens.
_SECRETS = re.compile(
    r"(?<=://)[^/\s:@]*:[^/\s]+(?=@)"
    r"|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b"
    r"|(?i:(?<=bearer )[\w.~+/-]+=*)"
)


#: Categories of characters that are not written as they are: control characters (with the escape
#: that begins a terminal's orders), halves of characters, and ends of lines and paragraphs.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: What turns the direction of writing, so that a line reads otherwise than it is.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: What is written of one message, or of one traceback, characters.
_LONGEST = 8000


def printable(text: str, *, keep: str = "") -> str:
    """``text`` with every character that a terminal would obey written as an escape (``\\x1b``).

    Args:
        text: what is written.
        keep: characters that stay as they are.
    """
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} […]"
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode("ascii")
        if each not in keep and (unicodedata.category(each) in _UNPRINTABLE or each in _TURNS)
        else each
        for each in text
    )


def hide_secrets(text: str) -> str:
    """``text`` with whatever looks like a credential replaced by ***."""
    return _SECRETS.sub("***", text)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a wrong format string must not raise at the caller
        return f"{record.msg} {record.args}"


class SafeLines(logging.Filter):
    """Makes a record safe to write, also its traceback.

    Whatever looks like a credential is replaced by ***, and what a terminal would obey by escapes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = printable(hide_secrets(_message(record)))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = printable(hide_secrets(record.exc_text), keep="\n\t")
            record.exc_info = None
        return True


class OnOneLine(logging.Filter):
    """Leaves out where an error comes from that says it all.

    Args:
        says_it_all: whether it does: that the database is away, over which everything fails.
    """

    def __init__(self, says_it_all: IsExpected) -> None:
        super().__init__()
        self._says_it_all = says_it_all

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, Exception) or not self._says_it_all(error):
            return True
        record.msg, record.args = f"{_message(record)} ({describe(error)})", None
        record.exc_info = record.exc_text = None
        return True


#: What a line in JSON holds, in this order; the rest is what it is about, as far as that is known.
LINE: Final = {
    "schema": "version of this table, 1",
    "time": "when it was written, ISO 8601 with milliseconds, UTC",
    "level": "DEBUG, INFO, WARNING, ERROR or CRITICAL",
    "logger": "the module that wrote it",
    "message": "a sentence, without secrets",
    "process": "number of the process",
    **FIELDS,
    "trace": "the trace that it belongs to (PEORIA_TELEMETRY_URL), 32 hexadecimal digits",
    "span": "the span, 16 hexadecimal digits",
    "traceback": "where an error came from, several lines",
}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, as `LINE` says."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "schema": 1,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **({} if hasattr(record, OF_MANY) else what_it_is_about()),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(
    style: Literal["text", "json"], level: str, *, says_it_all: IsExpected = NOTHING
) -> None:
    """Send log lines of ``level`` and above to standard error in ``style``.

    Args:
        style: for people or for machines.
        level: the lowest that is written.
        says_it_all: of which errors one line is enough, without a traceback.
    """
    handler: logging.Handler
    if style == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
    else:
        handler = RichHandler(
            console=Console(stderr=True), show_path=False, log_time_format="%H:%M:%S", markup=False
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(OnOneLine(says_it_all))
    handler.addFilter(SafeLines())
    logging.basicConfig(level=level, handlers=[FoldRepeats(handler)], force=True)
    # A line for every tick and every request would hide the rest.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # A tick that takes longer than its pace leaves turns out, on purpose; health tells of one that
    # hangs.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
