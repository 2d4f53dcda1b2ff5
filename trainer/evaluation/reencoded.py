"""Whether the same picture saved in another way gets the same forecast."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.backbone import Backbone
from models.decoding import ImageRefused, decode
from models.features import ASPECT, Features, aspect_column
from models.head import Head
from models.preprocessing import to_input
from trainer.evaluation.figures import mass_below

Numbers = NDArray[np.float64]

#: Posts with an image of which this is measured at most.
SAMPLE = 30


@dataclass(frozen=True, slots=True)
class Reencoded:
    """How much forecasts move when images are saved in another way.

    Attributes:
        way: how they were saved.
        n: images.
        mean: mean |Δp| over low, medium and high, 0 to 1.
        high: its 99th percentile.
        changed: share of images whose most probable bucket changed.
    """

    way: str
    n: int
    mean: float
    high: float
    changed: float


def _saved(picture: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


def _png(picture: Image.Image) -> bytes:
    """PNG, packed fast: how well it is packed changes no pixel."""
    return _saved(picture, format="PNG", compress_level=1)


def _gif(picture: Image.Image) -> bytes:
    """GIF with the colours found fast: by default that takes 20 times as long."""
    return _saved(picture.quantize(method=Image.Quantize.FASTOCTREE), format="GIF")


def _avif(picture: Image.Image) -> bytes:
    """AVIF, packed fast; unpacked again where the decoder takes none."""
    content = _saved(picture, format="AVIF", quality=75, speed=10)
    try:
        decode(content)
    except ImageRefused:
        with Image.open(io.BytesIO(content)) as unpacked:
            return _png(unpacked.convert("RGB"))
    return content


def _scaled(picture: Image.Image, factor: float) -> bytes:
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return _png(picture.resize((width, height), Image.Resampling.BICUBIC))


#: Ways to save a picture. A PNG has no metadata: it is the stripped one, too.
WAYS: Mapping[str, Callable[[Image.Image], bytes]] = {
    "PNG, stripped": _png,
    "JPEG 95": partial(_saved, format="JPEG", quality=95),
    "JPEG 50": partial(_saved, format="JPEG", quality=50),
    "WebP 80": partial(_saved, format="WEBP", quality=80),
    "GIF": _gif,
    "AVIF 75": _avif,
    "half size": partial(_scaled, factor=0.5),
    "double size": partial(_scaled, factor=2.0),
}


def reencoded(
    head: Head, backbone: Backbone, images: list[bytes], groups: Mapping[str, NDArray[Any]]
) -> list[Reencoded]:
    """Forecasts of images as they are, and saved in every other way.

    Args:
        head: that would serve.
        backbone: that it was fitted on.
        images: ``n`` files that can be decoded, at least one.
        groups: features of their posts, each [n, its width]; the embeddings in it are not used.
    """
    pictures = []
    for content in images:
        with Image.open(io.BytesIO(content)) as picture:
            pictures.append(picture.convert("RGB"))

    aspect = Features().metadata_names.index(ASPECT)

    def chances(files: list[bytes]) -> Numbers:
        size = backbone.input_size
        decoded = [decode(each, size=size) for each in files]
        embedding = backbone.embed(np.stack([to_input(each.pixels, size) for each in decoded]))
        metadata = np.array(groups["metadata"], np.float32)
        metadata[:, aspect] = [aspect_column(each.aspect) for each in decoded]
        bins = head.predict_groups(
            {**groups, "embedding": embedding.astype(np.float16), "metadata": metadata}
        )
        below = mass_below(bins, np.tile([1 / 3, 2 / 3], (len(bins), 1)))
        return np.diff(below, axis=1, prepend=0, append=1)

    before = chances(images)
    found = []
    for way, save in WAYS.items():
        after = chances([save(picture) for picture in pictures])
        moved = np.abs(after - before)
        changed = float((after.argmax(axis=1) != before.argmax(axis=1)).mean())
        found.append(
            Reencoded(
                way, len(images), float(moved.mean()), float(np.quantile(moved, 0.99)), changed
            )
        )
    return found
