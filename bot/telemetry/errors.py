"""Errors for Sentry, or what speaks its protocol (GlitchTip, Bugsink).

An event holds what an engineer needs to find a fault, and nothing of people: kind of error, where
in the code, what the line in the log is about (`bot/runtime/log_context.py`). What an error *says*
may hold a title or a part of a statement with its values, so that it is left out, and so are values
of variables, requests, and the name of the machine. The line in the log has all of it.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from bot.runtime.log_context import what_it_is_about
from bot.telemetry.extra import ExtraMissing

#: Parts of an event that leave this machine.
_KEPT = frozenset(
    {"event_id", "timestamp", "level", "logger", "platform", "release", "exception",
     "logentry", "sdk", "tags"}
)  # fmt: skip
#: Packages whose lines are templates.
_OURS = frozenset({"bot", "models", "peoria", "storage", "trainer"})
_PUT_TOGETHER = "A line of another library; the log has its words."
#: For so long what is left is sent at the end, seconds.
_AT_THE_END = 3.0
_OF_FRAMES = ("filename", "function", "module", "lineno", "in_app")


class ErrorReports(logging.Handler):
    """Sends lines of the level ERROR and above as events.

    To be asked before handlers that change a line's words: its template is sent, without what was
    put into it.
    """

    def __init__(self, sdk: Any) -> None:
        super().__init__(logging.ERROR)
        self._sdk = sdk

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line; what goes wrong then is no matter of who wrote it."""
        if record.name.startswith(("sentry_sdk", "urllib3")):
            return
        event: dict[str, Any] = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "logentry": {"message": _template(record)},
            "tags": {key: str(value) for key, value in what_it_is_about().items()},
        }
        try:
            if record.exc_info and record.exc_info[1] is not None:
                client = self._sdk.get_client()
                found, _ = self._sdk.utils.event_from_exception(
                    record.exc_info, client_options=client.options
                )
                event["exception"] = found["exception"]
            self._sdk.capture_event(event)
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(record)


def _template(record: logging.LogRecord) -> str:
    """The words of a line before anything was put into them.

    Lines of ours are templates. Other libraries put a line together before they log it, such as
    asyncio, with what an error says in it; only one with gaps is known to be a template.
    """
    is_ours = record.name.partition(".")[0] in _OURS
    return str(record.msg) if is_ours or record.args else _PUT_TOGETHER


def without_people(event: dict[str, Any], _hint: object = None) -> dict[str, Any]:
    """An event without anything that people wrote, and without this machine's name and paths."""
    kept = {key: value for key, value in event.items() if key in _KEPT}
    values = (kept.get("exception") or {}).get("values") or []
    if values:
        kept["exception"] = {"values": [_error(each) for each in values]}
    if "logentry" in kept:
        kept["logentry"] = {"message": str(kept["logentry"].get("message", ""))}
    return kept


def _error(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {
            "frames": [{key: each[key] for key in _OF_FRAMES if key in each} for each in frames]
        },
    }


def report_errors(dsn: str, *, release: str) -> Callable[[], object]:
    """Send errors of this process to Sentry from now on. The log is set up before.

    Args:
        dsn: address and key of a project.

    Returns:
        To be called at the end: sends what is left, for some seconds at most.

    Raises:
        ExtraMissing: the extra is not installed.
    """
    try:
        import sentry_sdk
        import sentry_sdk.utils
    except ImportError as error:
        raise ExtraMissing("PEORIA_SENTRY_DSN", "sentry") from error
    sentry_sdk.init(
        dsn,
        release=release,
        # Integrations look into requests, variables and other libraries by themselves.
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        server_name="",
        send_client_reports=False,
        auto_session_tracking=False,
        before_send=without_people,  # type: ignore[arg-type]
    )
    logging.getLogger().handlers.insert(0, ErrorReports(sentry_sdk))
    return partial(sentry_sdk.flush, _AT_THE_END)
