"""Whether the same picture saved in another way gets the same forecast.

    python -m benchmarks.reencoding POSTS.json --images FOLDER [--version FOLDER] [--posts 200]
        [--out FILE]

Posts spread evenly over the file are forecast with their image as it is, and saved again as PNG,
JPEG (quality 50 and 95), WebP, GIF, AVIF, at half and double size (PNG), with metadata removed, and
with bytes appended that are no part of the picture.
Nobody is known and the community has no record, as at a first meeting. Shown for each way: how many
posts, the mean and the 99th percentile of |Δp| over the three probabilities of low, medium and high
(each a third of the posts), and the share whose most probable bucket changed. AVIF is decoded
by Pillow where Peoria refuses the container.
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import ImageRefused, decode
from models.distribution import mass_below
from models.features import PostFacts, Record
from models.head import Head
from models.preprocessing import to_input
from storage.files.image_folder import ImageFolder
from storage.files.posts_export import read_posts

Numbers = NDArray[np.float64]

#: The most that is asked of each figure.
BARS = {"mean |Δp|": 0.01, "99% of |Δp|": 0.05, "bucket changed": 0.02}


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def scaled(picture: Image.Image, factor: float) -> bytes:
    """A PNG of another size."""
    size = tuple(max(1, round(side * factor)) for side in picture.size)
    return saved(picture.resize(size, Image.Resampling.LANCZOS), "PNG")


def stripped(content: bytes) -> bytes:
    """A JPEG without anything but the picture; other kinds as a plain PNG."""
    picture = Image.open(io.BytesIO(content))
    if picture.format != "JPEG":
        return saved(picture.convert("RGB"), "PNG")
    return saved(picture, "JPEG", quality="keep", exif=b"", icc_profile=None, comment=b"")


def avif(picture: Image.Image) -> bytes:
    """AVIF, unpacked again to PNG where the decoder takes no AVIF."""
    content = saved(picture, "AVIF", quality=75)
    try:
        decode(content)
    except ImageRefused:
        return saved(Image.open(io.BytesIO(content)).convert("RGB"), "PNG")
    return content


WAYS: dict[str, Callable[[bytes, Image.Image], bytes]] = {
    "PNG": lambda _, picture: saved(picture, "PNG"),
    "4,096 bytes of zero appended": lambda content, _: content + bytes(4096),
    "metadata stripped": lambda content, _: stripped(content),
    "JPEG 95": lambda _, picture: saved(picture, "JPEG", quality=95),
    "JPEG 50": lambda _, picture: saved(picture, "JPEG", quality=50),
    "WebP 80": lambda _, picture: saved(picture, "WEBP", quality=80),
    "AVIF 75": lambda _, picture: avif(picture),
    "double": lambda _, picture: scaled(picture, 2),
    "half": lambda _, picture: scaled(picture, 0.5),
    "GIF": lambda _, picture: saved(picture, "GIF"),
}


def thirds(bins: Numbers) -> Numbers:
    """Low, medium and high, a third of the posts each: float64 [n, 3]."""
    cuts = np.array([[mass_below(row, 1 / 3), mass_below(row, 2 / 3)] for row in bins])
    return np.diff(np.pad(cuts, ((0, 0), (1, 1)), constant_values=(0, 1)), axis=1)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, default=STARTER)
    parser.add_argument("--version", type=Path, default=STARTER / "champion")
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    backbone, head = Backbone.load(asked.backbone), Head.load(asked.version)
    posts = read_posts(asked.file, now=datetime.now(UTC)).posts
    images = ImageFolder(asked.images)
    found = [(post, path) for post in posts if (path := images.find(post.source_id, post.file))]
    chosen = [found[row] for row in np.linspace(0, len(found) - 1, asked.posts).astype(int)]
    facts = [
        PostFacts(post.title, post.posted_at, None, AuthorRecord.empty(), Record.empty())
        for post, _ in chosen
    ]
    contents = [path.read_bytes() for _, path in chosen]
    pictures = [Image.open(io.BytesIO(content)).convert("RGB") for content in contents]

    def forecast(files: list[bytes]) -> Numbers:
        decoded = [decode(each, size=backbone.input_size) for each in files]
        batch = [to_input(each.pixels, backbone.input_size) for each in decoded]
        embeddings = np.concatenate([backbone.embed(each[np.newaxis]) for each in batch])
        shaped = [replace(f, aspect=d.aspect) for f, d in zip(facts, decoded, strict=True)]
        return thirds(head.predict(embeddings.astype(np.float16).astype(np.float32), shaped))

    before = forecast(contents)
    lines = [f"{len(chosen)} posts, version {asked.version.name}", ""]
    lines += ["| saved as | posts | " + " | ".join(BARS) + " |", "|---" * (len(BARS) + 2) + "|"]
    for name, way in WAYS.items():
        after = forecast([way(c, p) for c, p in zip(contents, pictures, strict=True)])
        moved = np.abs(after - before)
        changed = float((after.argmax(axis=1) != before.argmax(axis=1)).mean())
        values = (float(moved.mean()), float(np.quantile(moved, 0.99)), changed)
        cells = [
            f"{value:.4f}" if value <= bar else f"*{value:.4f}*"
            for value, bar in zip(values, BARS.values(), strict=True)
        ]
        lines.append(f"| {name} | {len(chosen)} | " + " | ".join(cells) + " |")
        sys.stderr.write(lines[-1] + "\n")
    lines.append("| bar (at most) | | " + " | ".join(f"{bar:.2f}" for bar in BARS.values()) + " |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
