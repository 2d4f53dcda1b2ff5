"""GET /metrics, for Prometheus: what this process counted, and figures of the moment."""

import asyncio
import shutil
import time
from collections.abc import Iterable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.reports.gauges import Gauge, read_gauges
from bot.runtime.build import peoria_version
from bot.runtime.metrics import HTTP_SECONDS, REGISTRY
from bot.web.api.access import Access
from bot.web.api.tokens import Scope
from bot.web.health import is_from_this_machine
from bot.web.services import Services

#: Figures of the moment are read no more often than this, seconds.
_FRESH = 5.0


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a request under its route, whatever address was asked for."""
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        HTTP_SECONDS.labels(route, f"{status // 100}xx").observe(time.perf_counter() - began)


class Metrics:
    """Answers this machine, and whoever has a token with the scope metrics."""

    def __init__(self, services: Services, access: Access) -> None:
        self._services = services
        self._access = access
        self._one_at_a_time = asyncio.Lock()
        self._read: tuple[float, bytes] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """GET /metrics."""
        if not is_from_this_machine(request):
            await self._access.admit(request, Scope.METRICS)
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if self._read is None or now >= self._read[0] + _FRESH:
                self._read = now, await self._figures()
        body = generate_latest(REGISTRY) + self._read[1]
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _figures(self) -> bytes:
        services = self._services
        async with services.database.read() as session:
            gauges = await read_gauges(session, services.clock())
        disk = await asyncio.to_thread(shutil.disk_usage, services.settings.data_dir)
        gauges += [
            Gauge("peoria_disk_free_bytes", "Room where data is kept.", {"": disk.free}),
            Gauge("peoria_build_info", "The Peoria that runs.", {peoria_version(): 1}, "version"),
        ]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Moment(gauges))
        return generate_latest(registry)


class _Moment(Collector):
    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """As the library writes them."""
        for each in self._gauges:
            labels = [] if each.label is None else [each.label]
            family = GaugeMetricFamily(each.name, each.about, labels=labels)
            for value, number in each.values.items():
                family.add_metric([value] if each.label else [], number)
            yield family
