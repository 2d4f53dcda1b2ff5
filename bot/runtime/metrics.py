"""What this process counts while it runs, for Prometheus. What is stored is read when it is asked.

No label takes a value that somebody sends: every one of them has few.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

HTTP_SECONDS = Histogram(
    "peoria_http_request_seconds",
    "Time until a request to the board was answered.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
PREDICTION_SECONDS = Histogram(
    "peoria_prediction_seconds",
    "Time from a post's image to its stored prediction.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
WEBHOOK_TRIES = Counter(
    "peoria_webhook_tries",
    "Messages that were sent to webhooks, by what became of them.",
    ["result"],
    registry=REGISTRY,
)
for result in ("taken", "failed"):
    WEBHOOK_TRIES.labels(result)
