"""The picture of `benchmarks.queue_day`: lag, tables, indexes and queries over the day."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def plot(hours: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw a day.

    Args:
        hours: what the benchmark printed of each, in order; at least one.
        path: of the PNG that is written.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 7), layout="constrained")
    (lag, busy), (sizes, queries) = axes
    step = hours[1]["hour"] - hours[0]["hour"] if len(hours) > 1 else 1.0
    # What is said of an hour was so at its end.
    at = [each["hour"] + step for each in hours]
    for name in ("predictions", "scores", "outcomes"):
        lags = [each["lag_s"].get(name, {"p95": 0.0})["p95"] for each in hours]
        lag.plot(at, lags, marker=".", label=name)
    lag.set(title="How long what was taken had been due", ylabel="p95, seconds", ylim=(0, None))
    busy.plot(at, [100 * each["busy_share"] for each in hours], marker=".", color="tab:gray")
    busy.set(title="How busy the workers were", ylabel="% of the hour", ylim=(0, None))
    tables = sorted(hours[-1]["gb"], key=lambda name: -hours[-1]["gb"][name]["data"])[:4]
    for table in tables:
        data = [each["gb"][table]["data"] for each in hours]
        (line,) = sizes.plot(at, data, marker=".", label=table)
        indexes = [each["gb"][table]["indexes"] for each in hours]
        sizes.plot(at, indexes, linestyle="--", color=line.get_color(), label=f"{table}, indexes")
    for kind, color in (("data", "black"), ("indexes", "gray")):
        total = [sum(each["gb"][table][kind] for table in each["gb"]) for each in hours]
        sizes.plot(at, total, color=color, label=f"all, {kind}")
    sizes.set(title="Tables and indexes", ylabel="GB", ylim=(0, None))
    for name in hours[-1]["query_ms"]:
        queries.plot(at, [each["query_ms"][name] for each in hours], marker=".", label=name)
    queries.axhline(50, color="black", linewidth=0.8, linestyle=":")
    queries.set(title="Queries for due work (bar: 50 ms)", ylabel="median, ms", yscale="log")
    for each in axes.flat:
        each.set_xlabel("hours since half past five in the afternoon")
    for each in (lag, sizes, queries):
        each.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)
    plt.close(figure)
