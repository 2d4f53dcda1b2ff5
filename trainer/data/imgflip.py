"""Captions of ImgFlip in the order they were made, as labelled posts.

A folder holds posts.jsonl.gz (id, template, boxes, title, author, votes, in the order made) and
templates/. Every caption is drawn onto its template. There are no dates: a post's place in the
order stands for its time, and hour and weekday mean nothing.
"""

import gzip
import json
import textwrap
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.author_record import MILLION, AuthorRecord
from models.backbone import Backbone
from models.features import PostFacts, Record
from models.percentiles import tie_interval
from models.preprocessing import perceptual_hash, to_input
from models.records import AuthorLedger
from storage.errors import ExpectedError
from trainer.data.assemble import assemble
from trainer.data.labelled_posts import Example, LabelledPosts

START = datetime(2010, 1, 1, tzinfo=UTC)
#: A post's place in the order times this is its time.
APART = timedelta(days=1) / 7
#: A label is known, and enters its author's record, once so many later posts were made.
KNOWN_AFTER = 200
_HORIZON = KNOWN_AFTER * APART
#: Longest side that a template is drawn at, pixels.
_SIDE = 400
#: Posts embedded at once, and recent labels that a percentile is taken among.
_BATCH, _WINDOW = 32, 1000


class NotImgflip(ExpectedError):
    """The folder does not hold what it should; the message says what."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One captioned template."""

    template: str
    boxes: tuple[str, ...]
    title: str
    author: str | None
    votes: int


def read_captions(folder: Path, limit: int) -> list[Caption]:
    """The first captions in the order they were made.

    Raises:
        NotImgflip: the file of posts is missing, or a line of it cannot be read.
    """
    path = folder / "posts.jsonl.gz"
    captions: list[Caption] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line, _ in zip(file, range(limit), strict=False):
                row = json.loads(line)
                captions.append(
                    Caption(
                        str(row["template"]), tuple(map(str, row["boxes"])),
                        row["title"] or "", row["author"], int(row["votes"]),
                    )
                )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise NotImgflip(
            f"{path} cannot be read at line {len(captions) + 1} ({error}). The folder must hold"
            " posts.jsonl.gz and templates/."
        ) from error
    return captions


def render(template: Image.Image, boxes: Sequence[str]) -> Image.Image:
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


def labelled(
    captions: Sequence[Caption],
    folder: Path,
    backbone: Backbone,
    on_progress: Callable[[int, int], None],
) -> LabelledPosts:
    """The captions drawn, embedded and labelled by their votes.

    Raises:
        NotImgflip: a template is missing.
    """
    templates = _templates(folder, {caption.template for caption in captions})
    percentiles = _percentiles(captions)
    examples: list[Example] = []
    records = _Records(captions, percentiles)
    for start in range(0, len(captions), _BATCH):
        batch = captions[start : start + _BATCH]
        images = [render(templates[each.template], each.boxes) for each in batch]
        found = backbone.embed(np.stack([to_input(each, backbone.input_size) for each in images]))
        for place, (caption, image) in enumerate(zip(batch, images, strict=True)):
            number = start + place
            author, community = records.at(number)
            examples.append(
                _example(caption, image, found[place].astype(np.float16), number, author, community)
            )
        on_progress(start + len(batch), len(captions))
    return assemble(examples)


def _templates(folder: Path, names: set[str]) -> dict[str, Image.Image]:
    templates = {}
    for path in sorted((folder / "templates").glob("*")):
        if path.stem in names:
            with Image.open(path) as image:
                picture = image.convert("RGB")
                picture.thumbnail((_SIDE, _SIDE))
                templates[path.stem] = picture
    missing = sorted(names - templates.keys())
    if missing:
        raise NotImgflip(f"There is no template {missing[0]} in {folder / 'templates'}.")
    return templates


def _percentiles(captions: Sequence[Caption]) -> list[float]:
    """The middle of each post's percentile interval among the labels before it."""
    recent: deque[float] = deque()
    ordered: list[float] = []
    percentiles = []
    for caption in captions:
        low, high = tie_interval(caption.votes, ordered)
        percentiles.append((low + high) / 2)
        recent.append(caption.votes)
        insort(ordered, caption.votes)
        if len(recent) > _WINDOW:
            ordered.remove(recent.popleft())
    return percentiles


def _posted_at(number: int) -> datetime:
    return START + number * APART


class _Records:
    """What was known of authors and community when each post was made."""

    def __init__(self, captions: Sequence[Caption], percentiles: Sequence[float]) -> None:
        self._captions = captions
        self._authors: defaultdict[str, AuthorLedger] = defaultdict(AuthorLedger)
        for number, (caption, percentile) in enumerate(zip(captions, percentiles, strict=True)):
            if caption.author:
                at = _posted_at(number)
                self._authors[caption.author].add(
                    at.timestamp(), number, (at + _HORIZON).timestamp(), round(percentile * MILLION)
                )
        for ledger in self._authors.values():
            ledger.close()

    def at(self, number: int) -> tuple[AuthorRecord, Record]:
        """The records of a post's author and of the community."""
        author = self._captions[number].author
        own = (
            self._authors[author].at(_posted_at(number), horizon_seconds=_HORIZON.total_seconds())
            if author
            else AuthorRecord.empty()
        )
        return own, Record(max(number - KNOWN_AFTER + 1, 0), 0.5)


def _example(
    caption: Caption,
    image: Image.Image,
    embedding: NDArray[np.float16],
    number: int,
    author: AuthorRecord,
    community: Record,
) -> Example:
    posted_at = _posted_at(number)
    facts = PostFacts(
        title=caption.title,
        posted_at=posted_at,
        text_in_image=" ".join(caption.boxes),
        author=author,
        community=community,
        aspect=image.width / image.height,
    )
    return Example(
        facts, embedding, float(caption.votes), 1, "imgflip",
        posted_at + _HORIZON, perceptual_hash(image),
    )  # fmt: skip
