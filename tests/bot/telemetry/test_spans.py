"""What an OpenTelemetry collector on this machine is told."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.runtime.log import LINE, JsonFormatter
from bot.runtime.log_context import about, measure_with
from bot.telemetry.spans import collect_spans

pytest.importorskip("opentelemetry.sdk")
TITLE = "A title that somebody wrote"


class FakeCollector:
    """Takes traces as protobuf over HTTP, as the OTLP specification says."""

    def __init__(self) -> None:
        self.raw = b""
        self.bodies: list[bytes] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.bodies.append(body)
        return web.Response(body=b"", content_type="application/x-protobuf")


@pytest.fixture
async def collector() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    app = web.Application()
    app.router.add_post("/v1/traces", fake.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    measure_with(None)
    await runner.cleanup()


async def test_spans_are_told_by_their_names_and_lines_name_them(collector: FakeCollector) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans = collect_spans(collector.url, release="1.2.3", roles="web,jobs")
    record = logging.LogRecord("bot.jobs", logging.INFO, "", 1, "A line.", None, None)
    lines = []

    def work() -> None:
        with about("advance a post", post=4711):
            lines.append(json.loads(JsonFormatter().format(record)))
            raise ValueError(TITLE)

    with about("advance_posts", job="advance_posts"), pytest.raises(ValueError, match=TITLE):
        work()
    (line,) = lines
    await asyncio.to_thread(spans.close)
    found = ExportTraceServiceRequest()
    found.ParseFromString(collector.bodies[0])
    (resource,) = found.resource_spans
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert told == {
        "service.name": "peoria", "service.version": "1.2.3", "peoria.roles": "web,jobs",
    }  # fmt: skip
    inner, outer = resource.scope_spans[0].spans
    assert (outer.name, inner.name) == ("advance_posts", "advance a post")
    assert inner.parent_span_id == outer.span_id
    assert {each.key for each in inner.attributes} == {"peoria.post", "error.type"}
    assert not inner.events, "what an error says stays here"
    assert TITLE.encode() not in b"".join(collector.bodies)
    assert line["trace"] == inner.trace_id.hex()
    assert line["span"] == inner.span_id.hex()
    assert (line["job"], line["post"]) == ("advance_posts", 4711)
    assert line.keys() <= LINE.keys()


def test_nothing_else_may_be_noted() -> None:
    with pytest.raises(ValueError, match="title"), about("x", title=TITLE):
        pass
