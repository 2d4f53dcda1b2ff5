"""How long things take, for an OpenTelemetry collector: jobs, posts, requests to the board.

A span has a name that we gave, numbers and names of ours (`bot/runtime/log_context.py`), and
whether it ended with an error, by its kind alone. Nothing that people wrote is in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.runtime.log_context import measure_with
from bot.telemetry.extra import ExtraMissing


class CollectedSpans:
    """Hands spans to the SDK, which sends them in batches from a thread of its own."""

    def __init__(self, provider: Any, trace: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("peoria")
        self._trace = trace

    @contextmanager
    def span(self, name: str, about: Mapping[str, str | int]) -> Iterator[Mapping[str, str]]:
        """A block that is measured; the ids of its trace and span."""
        attributes = {f"peoria.{key}": value for key, value in about.items()}
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            context = span.get_span_context()
            known_by = {"trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}"}
            try:
                yield known_by
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._trace.StatusCode.ERROR)
                raise

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def collect_spans(url: str, *, release: str, roles: str) -> CollectedSpans:
    """Send spans of this process to a collector from now on.

    Args:
        url: of the collector, such as http://127.0.0.1:4318.
        roles: of this process.

    Raises:
        ExtraMissing: the extra is not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ExtraMissing("PEORIA_TELEMETRY_URL", "telemetry") from error
    # Not `Resource.create`, which adds what it finds about the machine.
    told = {"service.name": "peoria", "service.version": release, "peoria.roles": roles}
    provider = TracerProvider(resource=Resource(told), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces", timeout=5)))
    spans = CollectedSpans(provider, trace)
    measure_with(spans)
    return spans
