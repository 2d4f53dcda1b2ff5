"""Ours, in one process and one thread: bytes to probabilities, as the bot does it.

    python -m benchmarks.our_predict IMAGE --backbone FOLDER [--head FOLDER] [--repeat N]

Prints a JSON object with the milliseconds of each prediction, and of its parts.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.decoding import decode
from models.features import PostFacts, Record
from models.head import Head
from models.preprocessing import to_input


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=Path)
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--head", type=Path)
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()

    backbone = Backbone.load(arguments.backbone)
    head = Head.load(arguments.head) if arguments.head else Head.uniform()
    data = arguments.image.read_bytes()
    totals, parts = [], []
    for _ in range(arguments.repeat):
        times = [time.perf_counter()]
        image = decode(data, size=backbone.input_size)
        times.append(time.perf_counter())
        tensor = to_input(image.pixels, backbone.input_size)
        times.append(time.perf_counter())
        embedding = backbone.embed(tensor[np.newaxis])
        times.append(time.perf_counter())
        facts = PostFacts(
            title="benchmark",
            posted_at=datetime.now(UTC),
            text_in_image=None,
            author=AuthorRecord.empty(),
            community=Record.empty(),
        )
        head.predict(embedding, [facts])
        times.append(time.perf_counter())
        totals.append((times[-1] - times[0]) * 1000)
        parts.append(np.diff(times) * 1000)
    names = ("decode", "resize", "embed", "head")
    medians = dict(zip(names, np.median(parts, axis=0).round(2).tolist(), strict=True))
    print(json.dumps({"milliseconds": totals, "parts": medians}))


if __name__ == "__main__":
    main()
