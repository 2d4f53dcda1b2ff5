"""What Prometheus is told, and who may ask."""

import json
import re
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bot.app import App
from bot.web.api.tokens import Scope, create_token
from bot.web.platform import WebPlatform
from tests.fakes.visitor import Visitor

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"


async def _figures(ann: Visitor) -> dict[str, dict[tuple[str, ...], float]]:
    status, text = await ann.page("/metrics")
    assert status == 200
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_what_is_counted_and_what_is_read(ann: Visitor, board: WebPlatform, app: App) -> None:
    before = await _figures(ann)
    for path in ("/posts/1", "/posts/2", "/nowhere/at/all", "/nowhere/else"):
        await ann.page(path)
    await ann.post()
    await board.tasks.idle()
    after = await _figures(ann)

    def more(name: str, *labels: str) -> float:
        return after[name].get(labels, 0) - before.get(name, {}).get(labels, 0)

    requests = "peoria_http_request_seconds_count"
    assert more(requests, r"/posts/{id}", "4xx") == 2
    assert more(requests, "none", "4xx") == 2
    assert more("peoria_prediction_seconds_count") == 1
    assert after["peoria_champion_info"] == {("starter",): 1}
    assert set(after["peoria_labels"]) == {
        ("discord",), ("bluesky",), ("lemmy",), ("mastodon",), ("reddit",), ("web",),
    }  # fmt: skip
    assert after["peoria_disk_free_bytes"][()] > 0
    # Every label has few values: none is what somebody sent.
    assert not [key for series in after.values() for key in series if "nowhere" in " ".join(key)]


async def test_others_than_this_machine_need_a_token(
    board: WebPlatform, app: App, ann: Visitor
) -> None:
    async with app.core.database.write() as session:
        tokens = [
            (await session.run_sync(create_token, "x", [scope], now=app.core.clock(), days=1)).text
            for scope in (Scope.READ, Scope.METRICS)
        ]
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    async with aiohttp.ClientSession() as session:
        for token, status in ((None, 401), (tokens[0], 403), (tokens[1], 200)):
            headers = forwarded | ({"Authorization": f"Bearer {token}"} if token else {})
            async with session.get(f"{board.url}metrics", headers=headers) as answer:
                assert answer.status == status


async def test_every_metric_of_the_dashboard_exists(ann: Visitor, app: App) -> None:
    # The board says that it runs a moment after it answers: on a busy machine that may be later.
    await app.core.services.report("other", "Another part").running()
    text = DASHBOARD.read_text("utf-8")
    panels = json.loads(text)["panels"]
    named = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"\b(?:peoria|process)_[a-z_]+", target["expr"])
    }
    named |= set(re.findall(r"label_values\((\w+),", text))
    there = set(await _figures(ann))
    # There is no skill to tell before predictions were scored.
    assert named - there == {"peoria_rps_skill"}
    assert len(named) > 15
