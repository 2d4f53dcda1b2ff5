"""Log lines: text for people, JSON for machines. Secrets are never written."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Literal

from rich.console import Console
from rich.logging import RichHandler

from bot.runtime.repeated_lines import FoldRepeats

#: What looks like a credential in a line: user:password@ in URLs, Discord tokens, bearer tokens.
_SECRETS = re.compile(
    r"(?<=://)[^/\s:@]*:[^/\s]+(?=@)"
    r"|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b"
    r"|(?i:(?<=bearer )[\w.~+/-]+=*)"
)


def hide_secrets(text: str) -> str:
    """``text`` with whatever looks like a credential replaced by ***."""
    return _SECRETS.sub("***", text)


class HideSecrets(logging.Filter):
    """Replaces whatever looks like a credential by ***, also in tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a wrong format string must not raise at the caller
            message = f"{record.msg} {record.args}"
        record.msg = hide_secrets(message)
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = hide_secrets(record.exc_text)
            record.exc_info = None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(style: Literal["text", "json"], level: str) -> None:
    """Send log lines of ``level`` and above to standard error in ``style``."""
    handler: logging.Handler
    if style == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
    else:
        handler = RichHandler(
            console=Console(stderr=True), show_path=False, log_time_format="%H:%M:%S", markup=False
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(HideSecrets())
    logging.basicConfig(level=level, handlers=[FoldRepeats(handler)], force=True)
    # A line for every tick and every request would hide the rest.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
