"""What a Ray cluster does for Peoria, and what it does when a node is lost.

    python -m benchmarks.ray_jobs [--short | --here] [--only PART,…] [--images 20000]
        [--labels 10000,…] [--plot FILE.png]

Starts a cluster of two nodes with a processor each on this machine, and ends it. Every kind of
work is done by this process alone, and on the cluster while one of the nodes is killed in the
middle; both must give the same: embeddings to the last bit, heads within 1e-6. At the end the
head is killed, in the middle of a job: it must fail, and go on alone. It measures
what a batch of 32 costs beyond its images, and how much sooner two workers are done than one, in
turns. More than ``--compared`` labels are fitted on the cluster only, as it takes an hour to do it
twice.
The last line is JSON; the exit status is 1 where it does not hold. ``--short`` is for CI: little of
everything, and nothing that is a matter of speed.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from benchmarks.ray_long_jobs import head_lost, jobs
from benchmarks.ray_pictures import pictures
from bot.cluster.connection import ClusterConnection
from bot.cluster.outcomes import Embedded, Outcome
from bot.cluster.worker import ImageWorker, Kit, read_files
from bot.runtime.build import peoria_version
from models.backbone_files import STARTER
from models.decoding import DecodeLimits
from models.head import GROUPS, Member
from tests.fakes.ray_nodes import Nodes, NodesDidNotStart, nodes
from trainer.cluster.fragments import fit_linear_fragments, write_fragments
from trainer.cluster.side_by_side import in_turn, side_by_side
from trainer.data.targets import Intervals

BATCH = 32
#: As a head's encoding has them with 40 columns of metadata.
WIDTHS = {"embedding": 64, "title": 32, "text": 32, "metadata": 200}
#: What must hold: milliseconds an image beyond the work itself, and gigabytes of a worker.
MOST_OVERHEAD, MOST_MEMORY, LEAST_SPEED_UP = 3.0, 2.0, 1.7
PARTS = ("embedding", "overhead", "folds", "jobs", "linear", "speed_up", "head")
#: What ``--short`` does of these: nothing that is a matter of speed.
SHORT = ("embedding", "folds", "linear")


def batches(files: Sequence[bytes]) -> list[list[bytes]]:
    return [[*files[start : start + BATCH]] for start in range(0, len(files), BATCH)]


async def embed_on(
    address: str, kit: Kit, work: Sequence[list[bytes]], after_first: Callable[[], None]
) -> tuple[list[Outcome], float]:
    """All outcomes and seconds by the bot's own connection; ``after_first``: in the middle."""
    connection = await ClusterConnection.open(address)
    try:
        workers = await connection.request("prepare", "bench", kit)
        await asyncio.gather(
            *(connection.request("run", "bench", "embed", work[0]) for _ in range(workers))
        )
        gate, began, found = asyncio.Semaphore(workers + 1), time.perf_counter(), {}

        async def one(number: int) -> None:
            async with gate:
                found[number] = await connection.request("run", "bench", "embed", work[number])
            if len(found) == 1:
                await asyncio.to_thread(after_first)

        await asyncio.gather(*(one(number) for number in range(len(work))))
        seconds = time.perf_counter() - began
        return [each for number in range(len(work)) for each in found[number]], seconds
    finally:
        await connection.close()


def same(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> bool:
    return len(ours) == len(theirs) and all(
        isinstance(a, Embedded)
        and isinstance(b, Embedded)
        and np.array_equal(a.embedding, b.embedding)
        and (a.phash, a.attributes, a.blank) == (b.phash, b.attributes, b.blank)
        for a, b in zip(ours, theirs, strict=True)
    )


def embedding(cluster: Nodes, kit: Kit, count: int) -> dict[str, Any]:
    work = batches(pictures(count))
    alone = [each for batch in work for each in ImageWorker(kit).run("embed", batch)]
    cluster.have(2)
    found, _ = asyncio.run(embed_on(cluster.address, kit, work, cluster.kill))
    return {"images": count, "bit_equal": same(found, alone)}


def overhead(cluster: Nodes, kit: Kit, turns: int) -> dict[str, Any]:
    """Milliseconds an image in batches of 32: on one worker, and in this process, in turns."""
    (batch,) = batches(pictures(BATCH))
    cluster.have(1)
    here = ImageWorker(kit)

    async def measure() -> tuple[list[float], list[float]]:
        connection = await ClusterConnection.open(cluster.address)
        ours, theirs = [], []
        try:
            await connection.request("prepare", "bench", kit)
            for number in range(turns + 1):
                began = time.perf_counter()
                here.run("embed", batch)
                middle = time.perf_counter()
                await connection.request("run", "bench", "embed", batch)
                if number:
                    ours.append((middle - began) / BATCH * 1000)
                    theirs.append((time.perf_counter() - middle) / BATCH * 1000)
        finally:
            await connection.close()
        return ours, theirs

    ours, theirs = asyncio.run(measure())
    return {
        "here_ms": round(statistics.median(ours), 2),
        "cluster_ms": round(statistics.median(theirs), 2),
        "overhead_ms": round(statistics.median(theirs) - statistics.median(ours), 2),
        "overhead_ms_best": round(min(theirs) - min(ours), 2),
        "turns": turns,
    }


def speed_up(cluster: Nodes, kit: Kit, count: int, turns: int) -> dict[str, Any]:
    """Images a second with one worker and with two, in turns."""
    some = batches(pictures(min(count, 640)))
    work = [some[number % len(some)] for number in range(count // BATCH)]
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(turns):
        for workers in (1, 2):
            cluster.have(workers)
            _, seconds = asyncio.run(embed_on(cluster.address, kit, work, lambda: None))
            found[workers].append(len(work) * BATCH / seconds)
    one, two = (statistics.median(found[workers]) for workers in (1, 2))
    return {
        "images": len(work) * BATCH, "turns": turns, "one_per_s": round(one, 1),
        "two_per_s": round(two, 1), "speed_up": round(two / one, 2),
    }  # fmt: skip


def posts(count: int, size: int) -> Iterator[tuple[dict[str, Any], Intervals]]:
    """Synthetic encoded posts whose percentiles follow some of their columns."""
    rng = np.random.default_rng(1)
    slopes = {group: rng.normal(size=width) / 16 for group, width in WIDTHS.items()}
    for start in range(0, count, size):
        n = min(size, count - start)
        groups = {
            group: rng.standard_normal((n, width), np.float32) for group, width in WIDTHS.items()
        }
        place = sum(groups[group] @ slopes[group] for group in GROUPS) + rng.normal(size=n)
        low = np.argsort(np.argsort(place)) / (n + 1)
        yield groups, Intervals(low, low + 1 / (n + 1))


def weights(member: Member) -> Any:
    return np.concatenate([*(kernel.ravel() for kernel, _ in member.hidden), member.out[1]])


def linear(
    cluster: Nodes | None, folder: Path, count: int, size: int, *, alone: bool
) -> dict[str, Any]:
    """The linear part of so many labels, here and on two nodes of which one is killed."""
    paths = write_fragments(folder, posts(count, size))
    found: dict[str, Any] = {
        "labels": count, "fragments": len(paths),
        "disk_gb": round(sum(path.stat().st_size for path in paths) / 1e9, 3),
    }  # fmt: skip
    fitted: list[Member] = []
    if alone:
        began, processor = time.perf_counter(), time.process_time()
        steps: list[float] = []
        fitted.append(fit_linear_fragments(paths, penalty=25.0, told=lambda *_: steps.append(0.0)))
        found |= {
            "steps": len(steps),
            "here_s": round(time.perf_counter() - began, 1),
            "processor_s": round(time.process_time() - processor, 1),
            "worker_gb": round(peak_memory(0), 2),
        }
    if cluster is not None:
        cluster.have(2)
        with side_by_side(cluster.address) as on_cluster:
            began = time.perf_counter()

            def told(number: int, loss: float) -> None:
                found["steps"] = number
                if number == 1:
                    cluster.kill()

            fitted.append(
                fit_linear_fragments(paths, penalty=25.0, side_by_side=on_cluster, told=told)
            )
            found |= {
                "cluster_s": round(time.perf_counter() - began, 1),
                "worker_gb": round(max(on_cluster(peak_memory, range(4))), 2),
            }
    if len(fitted) == 2:
        found["difference"] = float(np.abs(weights(fitted[0]) - weights(fitted[1])).max())
    for path in paths:
        path.unlink()
    return found


def peak_memory(_: int) -> float:
    """Most memory that the process which runs this ever had, GB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def folds(cluster: Nodes, count: int, *, network: bool) -> dict[str, Any]:
    """Heads judged by folds, here and on the cluster."""
    from tests.trainer.example_posts import learnable
    from trainer.evaluation.cross_fit import Plan, cross_fit, judging_folds, plan
    from trainer.head.fit import fit
    from trainer.head.recipe import Recipe

    labelled = learnable(count)
    recipe = Recipe(members=2, max_epochs=6)
    if network:
        planned = plan(labelled, recipe, seed=1)
    else:
        from trainer.data.targets import soft_bins
        from trainer.evaluation.forecasting import intervals_of, ranking_of

        rows = np.arange(len(labelled))
        targets = soft_bins(intervals_of(labelled, ranking_of(labelled, rows)))
        first = fit(
            labelled.groups, targets, rows, rows[:0], recipe=recipe, seed=1, linear_share=1.0
        )
        planned = Plan(first, recipe, 1.0)
    cut = judging_folds(labelled.posted_at, np.arange(count), seen=np.zeros(count, bool))
    alone = cross_fit(labelled, cut, planned, seed=1, side_by_side=in_turn)
    cluster.have(2)
    with side_by_side(cluster.address) as on_cluster:

        def progress(done: int, total: int) -> None:
            if done == 1:
                cluster.kill()

        found = cross_fit(
            labelled, cut, planned, seed=1, side_by_side=on_cluster, progress=progress
        )
    return {
        "labels": count, "folds": len(cut), "network": network,
        "difference": float(np.abs(found.bins - alone.bins).max()),
    }  # fmt: skip


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    labels = [row["labels"] for row in rows]
    for name, title in (
        ("processor_s", "this process, of a processor"),
        ("cluster_s", "two workers"),
    ):
        there = [row for row in rows if name in row]
        if there:
            seconds = [row[name] for row in there]
            left.loglog([row["labels"] for row in there], seconds, marker="o", label=title)
    left.set(xlabel="labels", ylabel="seconds")
    left.legend()
    right.semilogx(labels, [row["worker_gb"] for row in rows], marker="o")
    right.set(xlabel="labels", ylabel="memory of a worker, GB", ylim=(0, None))
    figure.savefig(path, dpi=110)


Note = Callable[[str, object], None]


def lines(cluster: Nodes | None, folder: Path, asked: argparse.Namespace, note: Note) -> list[Any]:
    """The linear part for each number of labels that was asked for."""
    rows: list[Any] = []
    sizes = [2000] if asked.short else [int(each) for each in asked.labels.split(",")]
    for size in sizes:
        each = 500 if asked.short else max(1000, min(65_536, size // 8))
        alone = cluster is None or size <= asked.compared
        rows.append(linear(cluster, folder, size, each, alone=alone))
        note(f"linear_{size}", rows[-1])
    return rows


def measured(
    cluster: Nodes, kit: Kit, folder: Path, asked: argparse.Namespace, parts: set[str], note: Note
) -> list[Any]:
    """Do the parts, in their order; the rows of the linear part come back."""
    rows: list[Any] = []
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "embedding": lambda: embedding(cluster, kit, 64 if asked.short else 640),
        "overhead": lambda: overhead(cluster, kit, 15),
        "folds": lambda: folds(cluster, 200 if asked.short else 400, network=not asked.short),
        "jobs": lambda: jobs(cluster, folder),
        "speed_up": lambda: speed_up(cluster, kit, asked.images, asked.turns),
        "head": lambda: head_lost(cluster, folder),
    }
    for name in PARTS:
        if name not in parts:
            continue
        if name == "linear":
            rows = lines(cluster, folder, asked, note)
        else:
            note(name, work[name]())
    return rows


def held(result: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """What must hold, and whether it did."""
    must = {
        "memory": all(row["worker_gb"] <= MOST_MEMORY for row in rows),
        "linear": all(row.get("difference", 0.0) <= 1e-6 for row in rows),
        # One that was done before its node was killed shows nothing.
        "jobs": all(
            each["as_alone"] and each["nodes_lost"] for each in result.get("jobs", {}).values()
        ),
    }
    if "head" in result:
        must["head"] = result["head"]["goes_on"]
    if "embedding" in result:
        must["bit_equal"] = result["embedding"]["bit_equal"]
    if "folds" in result:
        must["folds"] = result["folds"]["difference"] <= 1e-6
    return must


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="little of everything, for CI")
    parser.add_argument("--here", action="store_true", help="without a cluster: the labels alone")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--labels", default="10000,100000,1000000,10000000")
    parser.add_argument("--compared", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    short = asked.short
    parts = set(SHORT) if short else set(asked.only.split(","))
    if unknown := parts - set(PARTS):
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    kit = Kit(peoria_version(), read_files(STARTER), {}, DecodeLimits())
    result: dict[str, Any] = {"cpus": os.cpu_count()}
    began = time.perf_counter()

    def note(name: str, value: object) -> None:
        result[name] = value
        print(f"{time.perf_counter() - began:5.0f} s  {name}: {value}", flush=True)

    note("load_before", round(os.getloadavg()[0], 1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if asked.here:
            rows = lines(None, folder, asked, note)
        else:
            rows = measured(stack.enter_context(nodes()), kit, folder, asked, parts, note)
    if asked.plot:
        plot(rows, asked.plot)
    note("load_after", round(os.getloadavg()[0], 1))
    # On a busy machine these say more of its other work: they are told, no reason to fail.
    told = result["told"] = {}
    if "overhead" in result:
        told["overhead"] = result["overhead"]["overhead_ms_best"] <= MOST_OVERHEAD
    if "speed_up" in result:
        told["speed_up"] = result["speed_up"]["speed_up"] >= LEAST_SPEED_UP
    must = result["must"] = held(result, rows)
    print(json.dumps(result))
    return 0 if all(must.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NodesDidNotStart as error:
        print(f"Nothing was measured: Ray did not start on this machine ({error}).")
        sys.exit(os.EX_TEMPFAIL)
