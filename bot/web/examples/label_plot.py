"""From a token to a plot: when posts of a community do well, by the hour they were posted at.

    PEORIA_TOKEN=peoria_… python label_plot.py --out hours.png

The board's admin makes tokens, on the page /admin/tokens; this needs the scope "read". Needs
matplotlib (pip install matplotlib); everything else is Python's own.
"""

import argparse
import json
import math
import os
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import matplotlib.pyplot as plt

SITE = "http://127.0.0.1:8080"


def get(url: str, token: str) -> Any:
    """One answer of the API."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - an address of your own
        return json.load(answer)


def labels(site: str, token: str, community: int | None) -> Iterator[dict[str, Any]]:
    """All labels, the newest first, page by page."""
    query: dict[str, str | int] = {"limit": 100}
    if community is not None:
        query["community"] = community
    while True:
        page = get(f"{site}/api/v1/labels?{urlencode(query)}", token)
        yield from page["items"]
        if page["next"] is None:
            return
        query["cursor"] = page["next"]


def main() -> None:
    """Read the labels, and draw the mean percentile of each hour with its 95% interval."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", default=SITE, help="where the board is")
    parser.add_argument("--community", type=int, help="id of one community; without it, all")
    parser.add_argument("--out", type=Path, default=Path("hours.png"))
    arguments = parser.parse_args()
    by_hour: defaultdict[int, list[float]] = defaultdict(list)
    token = os.environ["PEORIA_TOKEN"]
    for label in labels(arguments.site.rstrip("/"), token, arguments.community):
        hour = datetime.fromisoformat(label["posted_at"]).hour
        by_hour[hour].append((label["percentile_low"] + label["percentile_high"]) / 2)
    hours = sorted(by_hour)
    means = [sum(by_hour[hour]) / len(by_hour[hour]) for hour in hours]
    # The percentiles of a whole community spread evenly: their standard deviation is 1/sqrt(12).
    bars = [1.96 / math.sqrt(12 * len(by_hour[hour])) for hour in hours]
    plt.figure(figsize=(8, 4))
    plt.errorbar(hours, means, yerr=bars, fmt="o", capsize=3)
    plt.axhline(0.5, color="grey", linewidth=1)
    plt.xlabel("Hour of posting (UTC)")
    plt.ylabel("Mean percentile, 95% interval")
    plt.title(f"{sum(map(len, by_hour.values())):,} labelled posts")
    plt.tight_layout()
    plt.savefig(arguments.out, dpi=120)
    sys.stdout.write(f"{sum(map(len, by_hour.values())):,} labels drawn into {arguments.out}\n")


if __name__ == "__main__":
    main()
