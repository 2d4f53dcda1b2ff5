import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.runtime.log import JsonFormatter, OnOneLine, SafeLines, set_up_logging
from storage.engine.faults import is_outage

# Shaped like real ones, and worth nothing.
DISCORD = "MTAxMjM0NTY3ODkwMTIzNDU2.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
SECRETS = {
    "postgresql+asyncpg://peoria:hunter2@db.example.org/peoria": "hunter2",
    "https://ann:p%40ss@example.org/a.png": "p%40ss",
    "postgresql://peoria:p@ss:word@db/peoria": "ss:word",
    "https://:lonely@example.org/": "lonely",
    f"logging in with {DISCORD}": DISCORD,
    "Authorization: Bearer abc.DEF-123_x~+/==": "abc.DEF-123_x",
    "authorization: bearer sesame-open-0": "sesame-open-0",
}
HARMLESS = (
    "https://example.org:8080/a/b.png?x=1",
    "the post at 12:30:45 by someone@example.org",
    "Serving model version v20260301-120000 on backbone starter.",
    "sha256:0123456789abcdef0123456789abcdef",
)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a handler with our filter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(SafeLines())
    logger = logging.getLogger("peoria.test")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


log = logging.getLogger("peoria.test")


@pytest.fixture(params=SECRETS, ids=range(len(SECRETS)))
def secret(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, SECRETS[request.param]


def test_secrets_in_messages_are_blotted_out(lines: io.StringIO, secret: tuple[str, str]) -> None:
    log.info(f"before {secret[0]} after")  # noqa: G004
    assert secret[1] not in lines.getvalue()
    assert "***" in lines.getvalue()
    assert lines.getvalue().count("before") == lines.getvalue().count("after") == 1


def test_secrets_in_arguments_are_blotted_out(lines: io.StringIO, secret: tuple[str, str]) -> None:
    log.warning("trouble with %s and %r", secret[0], {"url": secret[0]})
    assert secret[1] not in lines.getvalue()
    assert lines.getvalue().count("***") == 2


def test_secrets_in_tracebacks_are_blotted_out(lines: io.StringIO, secret: tuple[str, str]) -> None:
    def fail_first() -> None:
        raise ConnectionError(secret[0])

    def fail_again() -> None:
        try:
            fail_first()
        except ConnectionError as error:
            raise RuntimeError(f"again {secret[0]}") from error

    try:
        fail_again()
    except RuntimeError:
        log.exception("It failed.")
    written = json.loads(lines.getvalue())
    assert secret[1] not in lines.getvalue()
    assert "ConnectionError" in written["traceback"]
    assert "RuntimeError: again" in written["traceback"]


@pytest.mark.parametrize("words", HARMLESS)
def test_what_is_no_secret_stays(lines: io.StringIO, words: str) -> None:
    log.info(words)
    assert json.loads(lines.getvalue())["message"] == words


def test_a_line_is_one_json_object() -> None:
    # Not logged: pytest would hand half a character on between its processes, which cannot be.
    words, rest = 'two\nlines, "quotes" and %s', ("☃ \ud800",)
    record = log.makeRecord(log.name, logging.ERROR, __file__, 1, words, rest, None)
    (line,) = JsonFormatter().format(record).splitlines()
    written = json.loads(line)
    assert written["message"] == 'two\nlines, "quotes" and ☃ \ud800'
    assert written["level"] == "ERROR"
    assert written["logger"] == "peoria.test"
    assert datetime.fromisoformat(written["time"]).tzinfo is not None
    assert "traceback" not in written


def test_a_line_that_cannot_be_put_together_does_not_stop_the_program(
    lines: io.StringIO,
) -> None:
    """A library's wrong format string is its fault, and no reason for ours to fail."""
    log.info("%d posts", "many")
    log.info("after it")
    assert "after it" in lines.getvalue()
    assert "%d posts" in lines.getvalue()


@pytest.mark.parametrize("style", ["text", "json"])
def test_both_styles_go_to_standard_error_without_secrets(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for handler in handlers:
        # Or they would be closed below.
        root.removeHandler(handler)
    try:
        set_up_logging(style, "INFO")  # type: ignore[arg-type]
        logging.getLogger("anywhere").info("at %s", "postgresql://peoria:hunter2@db/peoria")
        logging.getLogger("anywhere").debug("too quiet")
        logging.getLogger("apscheduler.scheduler").info("tick")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    written = capsys.readouterr()
    assert written.out == ""
    assert "hunter2" not in written.err
    assert "postgresql://" in written.err
    assert "too quiet" not in written.err
    assert "tick" not in written.err
    if style == "json":
        assert json.loads(written.err)["level"] == "INFO"


HOSTILE = "a\nb\r\x1b[2J\x9b1m\u202etxt\u2028c\ud800\x00"


def test_nothing_that_a_terminal_obeys_is_written(lines: io.StringIO) -> None:
    log.info("asked for %s", HOSTILE)
    log.error("it failed", exc_info=ValueError(HOSTILE))
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert len(written) == 2
    assert written[0]["message"] == (r"asked for a\nb\r\x1b[2J\x9b1m\u202etxt\u2028c\ud800\x00")
    assert "\x1b" not in written[1]["traceback"]
    assert "\u202e" not in written[1]["traceback"]
    assert "ValueError" in written[1]["traceback"]


def test_words_of_any_language_are_written_as_they_are(lines: io.StringIO) -> None:
    log.info("Grüße, 世界, עולם 👩‍👩‍👧")
    assert json.loads(lines.getvalue())["message"] == "Grüße, 世界, עולם 👩‍👩‍👧"


def test_an_outage_is_one_line_and_a_fault_of_ours_is_not(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "filters", [OnOneLine(is_outage)])
    away = OperationalError("SELECT mine", {}, asyncpg.exceptions.CannotConnectNowError("starting"))
    for error in (away, NoConnection("none is free"), ValueError("ours"), TimeoutError()):
        log.error("Round %d failed.", 1, exc_info=error)
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [each["message"] for each in written] == [
        "Round 1 failed. (OperationalError: (asyncpg.exceptions.CannotConnectNowError) starting)",
        "Round 1 failed. (TimeoutError: none is free)",
        "Round 1 failed.",
        "Round 1 failed.",
    ]
    assert ["traceback" in each for each in written] == [False, False, True, True]
