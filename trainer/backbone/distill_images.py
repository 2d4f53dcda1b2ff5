"""Which images the student may learn from, and which are held out to measure it.

The hold-out is decided by a hash of what must not be split (a group, a template, a file), so that
adding images never moves an old one across, and the quality benchmark finds the same images.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# How much of each source is never distilled, in percent of its groups.
HELD_OUT_PERCENT = {"corpus": 5, "reddit_memes": 20, "genres": 50, "faces": 50, "imgflip": 15}
# How often an image of a source is drawn in one round: memes are what the bot will see.
ROUNDS = {"reddit_memes": 3, "genres": 2}
# Sources of pictures without words, some of which are trained on with a meme's caption drawn on.
CAPTIONED = {"corpus"}
RENDERED_MEMES = 2000
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}

#: Decodes as `read_rgb`; None: the file is left out.
Look = Callable[[Path], Image.Image | None]


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image on disk; with `captions`, a template the captions are still to be drawn on."""

    source: str
    path: Path
    held_out: bool
    captions: tuple[str, ...] = ()

    def open(self) -> Image.Image:
        """Decode to RGB (and draw the captions). Raises OSError when the file is damaged."""
        return self._captioned(read_rgb(self.path))

    def seen_by(self, look: Look) -> Image.Image | None:
        """The same, decoded by ``look``; None where that leaves it out."""
        image = look(self.path)
        return None if image is None else self._captioned(image)

    def _captioned(self, image: Image.Image) -> Image.Image:
        return draw_captions(image, self.captions) if self.captions else image


def read_rgb(path: Path) -> Image.Image:
    """Decode to RGB. Raises OSError when the file is damaged."""
    with Image.open(path) as stored:
        return stored.convert("RGB")


def is_held_out(source: str, group: str) -> bool:
    """Say whether a group of a source is kept for measuring; depends on the two names only."""
    digest = hashlib.sha256(f"{source}/{group}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT.get(source, 5)


def find_images(folders: list[Path]) -> list[SourceImage]:
    """List the images below the folders, sorted by path.

    A folder called like one of the known sources is read as such (its index.csv gives the groups);
    a folder that holds such folders is read as all of them; any other folder of images is one
    source of its own name, every file a group.
    """
    found: list[SourceImage] = []
    for folder in folders:
        inside = [folder / name for name in HELD_OUT_PERCENT if (folder / name).is_dir()]
        for source_folder in inside or [folder]:
            found += _read_source(source_folder)
    return found


def _read_source(folder: Path) -> Iterator[SourceImage]:
    source = folder.name
    if (folder / "posts.jsonl.gz").is_file():
        yield from _captioned_templates(folder)
    elif (folder / "index.csv").is_file():
        with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                group = row.get("group") or row["path"]
                yield SourceImage(source, folder / row["path"], is_held_out(source, group))
    else:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                yield SourceImage(source, path, is_held_out(source, path.stem))


def _captioned_templates(folder: Path) -> Iterator[SourceImage]:
    with gzip.open(folder / "posts.jsonl.gz", "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    for post in posts[:: max(1, len(posts) // RENDERED_MEMES)]:
        path = folder / "templates" / f"{post['template']}.jpg"
        captions = tuple(text for text in post["boxes"] if text.strip())
        if path.is_file() and captions:
            yield SourceImage(folder.name, path, is_held_out("imgflip", post["template"]), captions)


def draw_captions(image: Image.Image, captions: tuple[str, ...]) -> Image.Image:
    """Write captions on a copy of the image the way memes do: white capitals, black outline.

    The first goes to the top, the last to the bottom, the others are spread between them.
    """
    drawn = image.copy()
    draw = ImageDraw.Draw(drawn)
    size = max(10, image.width // 12)
    font = ImageFont.load_default(size)
    per_line = max(8, int(image.width / (size * 0.58)))
    for place, caption in enumerate(captions):
        lines = "\n".join(_wrap(caption.upper(), per_line)[:5])
        share = place / (len(captions) - 1) if len(captions) > 1 else 0.0
        left, top, right, bottom = draw.multiline_textbbox((0, 0), lines, font=font)
        x = (image.width - (right - left)) / 2
        y = 4 + share * max(0.0, image.height - (bottom - top) - 12) - top
        draw.multiline_text(
            (x, y),
            lines,
            fill="white",
            font=font,
            align="center",
            stroke_width=max(1, size // 12),
            stroke_fill="black",
        )
    return drawn


def _wrap(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
