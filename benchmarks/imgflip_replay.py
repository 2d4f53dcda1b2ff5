"""Prequential replay of captions in the order they were made: does skill rise with labels?

    python benchmarks/imgflip_replay.py FOLDER --backbone FOLDER [--posts 20000] [--every 1000]
        [--plot FILE.png] [--cache FILE.npz]

FOLDER holds posts.jsonl.gz (id, template, boxes, title, author, votes, in the order made) and
templates/. Every caption is rendered onto its template and embedded. A label counts as known, and
enters its author's record, once 200 later posts were made; there are no dates, so a post's place
in the order stands for its time and hour and weekday mean nothing.
"""

import argparse
import gzip
import json
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

START = datetime(2010, 1, 1, tzinfo=UTC)
#: A post's place in the order times this is its time: a day apart, hours carry nothing.
APART = timedelta(days=1) / 7
KNOWN_AFTER = 200
SIDE = 400


def render(template: Image.Image, boxes: list[str]) -> Image.Image:
    """The caption on its template: the first box on top, the last below, others in between."""
    image = template.copy()
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(14, image.width // 14))
    shown = [text for text in boxes if text.strip()]
    for place, text in enumerate(shown):
        lines = "\n".join(textwrap.wrap(text.upper(), 24)[:6])
        share = place / max(len(shown) - 1, 1)
        y = image.height * (0.02 + 0.96 * share)
        anchor = "ma" if share == 0 else "md" if share == 1 else "mm"
        draw.multiline_text(
            (image.width / 2, y), lines, font=font, anchor=anchor, align="center",
            fill="white", stroke_width=2, stroke_fill="black",
        )  # fmt: skip
    return image


def embeddings(posts: list[dict], folder: Path, backbone_folder: Path) -> tuple:
    """Embeddings, sizes and hashes of the rendered captions."""
    from models.backbone import Backbone
    from models.preprocessing import perceptual_hash, to_input

    backbone = Backbone.load(backbone_folder)
    templates = {}
    for path in sorted((folder / "templates").iterdir()):
        with Image.open(path) as image:
            picture = image.convert("RGB")
            picture.thumbnail((SIDE, SIDE))
            templates[path.stem] = picture
    found = np.empty((len(posts), 1280), np.float16)
    sizes = np.empty((len(posts), 2), np.int64)
    hashes = []
    for start in range(0, len(posts), 32):
        batch = [render(templates[p["template"]], p["boxes"]) for p in posts[start : start + 32]]
        pixels = np.stack([to_input(image, 224) for image in batch])
        found[start : start + len(batch)] = backbone.embed(pixels)
        for row, image in enumerate(batch):
            sizes[start + row] = image.size
            hashes.append(perceptual_hash(image))
        if start % 3200 == 0:
            print(f"rendered {start}", flush=True)
    return found, sizes, np.array(hashes)


def labelled(posts: list[dict], found: np.ndarray, sizes: np.ndarray, hashes: np.ndarray):
    """The posts as arrays, with records of their authors."""
    from models.features import PostFacts, Record
    from models.quantiles import tie_interval
    from trainer.dataset import Example, assemble

    recent: list[float] = []
    percentiles = []
    for post in posts:
        low, high = tie_interval(post["votes"], sorted(recent[-1000:]))
        percentiles.append((low + high) / 2)
        recent.append(post["votes"])
    records: dict[str, list[float]] = {}
    everybody: list[float] = []
    examples = []
    for number, post in enumerate(posts):
        known = number - KNOWN_AFTER
        if known >= 0:
            everybody.append(percentiles[known])
            if posts[known]["author"]:
                records.setdefault(posts[known]["author"], []).append(percentiles[known])
        own = records.get(post["author"] or "", [])
        posted_at = START + number * APART
        width, height = map(int, sizes[number])
        examples.append(
            Example(
                PostFacts(
                    title=post["title"] or "", posted_at=posted_at, width=width, height=height,
                    bytes=width * height, format="JPEG", link_host=None,
                    text_in_image=" ".join(post["boxes"]),
                    author=Record(len(own), float(np.mean(own))) if own else Record.empty(),
                    community=Record(len(everybody), 0.5),
                ),
                found[number], float(post["votes"]), 1, "imgflip",
                posted_at + KNOWN_AFTER * APART, str(hashes[number]),
            )
        )  # fmt: skip
    return assemble(examples)


def main() -> None:
    """Replay, print the table and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbone", type=Path, required=True)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--cache", type=Path, help="keeps the embeddings between runs")
    asked = parser.parse_args()
    with gzip.open(asked.folder / "posts.jsonl.gz", "rt", encoding="utf-8") as file:
        posts = [json.loads(line) for line, _ in zip(file, range(asked.posts), strict=False)]
    if asked.cache and asked.cache.exists():
        with np.load(asked.cache) as kept:
            found, sizes, hashes = kept["found"], kept["sizes"], kept["hashes"]
    else:
        found, sizes, hashes = embeddings(posts, asked.folder, asked.backbone)
        if asked.cache:
            np.savez(asked.cache, found=found, sizes=sizes, hashes=hashes)

    from trainer.evaluation import evaluate
    from trainer.replay import replay

    steps, whole = replay(
        labelled(posts, found, sizes, hashes), every=asked.every, seed=asked.seed,
        progress=lambda labels, _, f: print(
            f"{labels} labels: RPS skill {f['rps_skill']:.3f}, Spearman {f['spearman']:.3f}",
            flush=True,
        ),
    )  # fmt: skip
    print("\n| labels | RPS skill | log-loss skill | Spearman | pairs |")
    print("| --- | --- | --- | --- | --- |")
    for step in steps:
        f = step.figures
        print(
            f"| {step.labels:,} | {f['rps_skill']:.3f} | {f['log_loss_skill']:.3f} |"
            f" {f['spearman']:.3f} | {f['pair_accuracy']:.3f} |"
        )
    total = evaluate(whole)
    for key in ("rps_skill", "log_loss_skill", "spearman", "pair_accuracy", "ece"):
        low, high = total.intervals[key]
        print(f"all {total.n}: {key} {total.figures[key]:.3f} ({low:.3f} … {high:.3f})")
    labels = np.log([step.labels for step in steps])
    skills = [step.figures["rps_skill"] for step in steps]
    print(f"slope of RPS skill on ln(labels): {np.polyfit(labels, skills, 1)[0]:+.4f}")
    if asked.plot:
        plot(steps, asked.plot)


def plot(steps: list, path: Path) -> None:
    """Skill against labels."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
    labels = [step.labels for step in steps]
    for key, name, colour in (
        ("rps_skill", "RPS skill over the base rate", "#1f6f8b"),
        ("spearman", "Spearman correlation", "#d9793a"),
    ):
        values = [step.figures[key] for step in steps]
        axis.plot(labels, values, marker="o", ms=4, color=colour, label=name)
    axis.axhline(0, color="#22303c", lw=0.8)
    axis.set(
        xlabel="labels known when the next 1,000 posts were predicted",
        title="Each post predicted before its label was known",
    )
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
