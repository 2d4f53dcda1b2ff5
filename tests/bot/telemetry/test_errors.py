"""What a Sentry on this machine is told of an error."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.runtime.log import set_up_logging
from bot.runtime.log_context import about
from bot.telemetry.errors import report_errors

sentry_sdk = pytest.importorskip("sentry_sdk")
TITLE, TOKEN = "A title that somebody wrote", "hunter2-token"


class FakeSentry:
    """Takes envelopes, as https://develop.sentry.dev/sdk/data-model/envelopes/ says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw = b""
        self.dsn = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw += body + repr(sorted(request.headers.items())).encode()
        lines = body.split(b"\n")
        for head, payload in zip(lines[1::2], lines[2::2], strict=False):
            if head and json.loads(head).get("type") == "event":
                self.events.append(json.loads(payload))
        return web.json_response({})


@pytest.fixture
async def sentry() -> AsyncIterator[FakeSentry]:
    fake = FakeSentry()
    app = web.Application()
    app.router.add_post("/api/1/envelope/", fake.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.dsn = f"http://key@127.0.0.1:{runner.addresses[0][1]}/1"
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield fake
    await asyncio.to_thread(sentry_sdk.get_client().close, 1.0)
    sentry_sdk.init()
    root.handlers[:], root.level = before
    await runner.cleanup()


async def test_an_error_is_told_without_what_people_wrote(sentry: FakeSentry) -> None:
    set_up_logging("json", "INFO")
    send_what_is_left = report_errors(sentry.dsn, release="1.2.3")

    def fail(title: str) -> None:
        secret = f"{title} {TOKEN}"
        raise ValueError(secret)

    log = logging.getLogger("bot.posts.predict")
    with about("advance a post", post=4711):
        try:
            fail(TITLE)
        except ValueError:
            log.exception("The post %r could not be predicted with %s.", TITLE, TOKEN)
    log.warning("Nothing of this kind is sent.")
    await asyncio.to_thread(send_what_is_left)
    # Beside load it may take longer than a process waits at its end.
    await asyncio.to_thread(sentry_sdk.flush, 10.0)
    (event,) = sentry.events
    assert event["release"] == "1.2.3"
    assert event["tags"] == {"post": "4711"}
    assert event["logger"] == "bot.posts.predict"
    assert event["logentry"]["message"] == "The post %r could not be predicted with %s."
    (error,) = event["exception"]["values"]
    assert error["type"] == "ValueError"
    assert [frame["function"] for frame in error["stacktrace"]["frames"]][-1] == "fail"
    assert TITLE.encode() not in sentry.raw
    assert TOKEN.encode() not in sentry.raw
    assert event.keys() <= {
        "event_id", "timestamp", "level", "logger", "platform", "release", "exception", "logentry",
        "sdk", "tags",
    }  # fmt: skip


async def test_lines_that_other_libraries_put_together_are_not_told(sentry: FakeSentry) -> None:
    set_up_logging("json", "INFO")
    report_errors(sentry.dsn, release="1.2.3")
    asyncio.get_running_loop().call_exception_handler(
        {
            "message": "Task exception was never retrieved",
            "exception": ValueError(TITLE),
            "future": f"<Task finished exception=ValueError({TITLE!r})>",
        }
    )
    logging.getLogger("aiohttp.server").error("Error handling request from %s", TOKEN)
    await asyncio.to_thread(sentry_sdk.flush, 10.0)
    first, second = sentry.events
    assert first["logger"] == "asyncio"
    assert first["exception"]["values"][-1]["type"] == "ValueError"
    assert second["logentry"]["message"] == "Error handling request from %s"
    assert TITLE.encode() not in sentry.raw
    assert TOKEN.encode() not in sentry.raw
