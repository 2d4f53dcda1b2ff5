"""An actor and a deployment of Ray Serve with the same worker: what a batch costs, and one image.

    pip install 'ray[serve]'
    python -m benchmarks.ray_serve [--turns 15]

One replica and one actor, each of which holds the images' worker, on a cluster of this machine
alone; by turns with the same worker in this process. Printed: milliseconds an image (median, best)
and seconds until the first answer. The last line is JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import ray
from ray import serve

from benchmarks.discord_process import load
from benchmarks.ray_pictures import pictures
from bot.cluster.worker import ImageWorker, Kit, read_files
from bot.runtime.build import peoria_version
from models.backbone_files import STARTER
from models.decoding import DecodeLimits

BATCH = 32


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    kit = Kit(peoria_version(), read_files(STARTER), {}, DecodeLimits())
    batch = pictures(BATCH)
    # With the address: not on a cluster that is there already.
    ray.init("local", num_cpus=2, include_dashboard=False, logging_level="ERROR")
    here = ImageWorker(kit)
    here.run("embed", batch)
    result: dict[str, Any] = {"load_before": load()}
    began = time.perf_counter()
    actor = ray.remote(num_cpus=1)(ImageWorker).remote(kit)
    ray.get(actor.run.remote("embed", batch))
    result["actor_ready_s"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    deployment = serve.deployment(num_replicas=1, ray_actor_options={"num_cpus": 1})(ImageWorker)
    served = serve.run(deployment.bind(kit), route_prefix=None)
    served.run.remote("embed", batch).result()
    result["serve_ready_s"] = round(time.perf_counter() - began, 1)
    ways: dict[str, Callable[[list[bytes]], object]] = {
        "here": lambda images: here.run("embed", images),
        "actor": lambda images: ray.get(actor.run.remote("embed", images)),
        "serve": lambda images: served.run.remote("embed", images).result(),
    }
    for what, images, times in (("batch", batch, turns), ("one", batch[:1], turns * 4)):
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(times):
            for name, way in ways.items():
                began = time.perf_counter()
                way(images)
                took[name].append((time.perf_counter() - began) / len(images) * 1000)
        result[what] = {
            name: {"median_ms": round(statistics.median(each), 2), "best_ms": round(min(each), 2)}
            for name, each in took.items()
        }
        print(what, result[what], flush=True)
    serve.shutdown()
    print(json.dumps(result | {"load_after": load()}))


if __name__ == "__main__":
    main()
