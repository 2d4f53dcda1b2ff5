"""Whether an image encoder that somebody brings can be a backbone, and what it costs."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.backbone_error import BackboneUnusable
from models.clip_text import ClipTokenizer, TextEncoder
from models.encoder_description import DESCRIPTION, EncoderDescription
from models.encoder_runtime import EncoderRuntime
from models.preprocessing import to_input
from models.zero_shot import TagVectors

#: Lengths of an embedding that can be stored and learned from.
_DIMS = range(8, 4097)
#: Embeddings are stored as float16.
_LARGEST = float(np.finfo(np.float16).max)
_TIMED = 5
#: Two pictures whose embeddings are this alike are not told apart.
_SAME = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class CheckedEncoder:
    """An encoder that can be used.

    Attributes:
        description: what encoder.toml says.
        content: the model's file.
        sha256: of that file.
        dim: length of an embedding.
        milliseconds: for one picture on one core, the median of five.
        fingerprint: of the model with what is done to a picture before it.
        text: its text side; None: there is none.
    """

    description: EncoderDescription
    content: bytes
    sha256: str
    dim: int
    milliseconds: float
    fingerprint: str
    text: "CheckedText | None"


@dataclass(frozen=True, slots=True)
class CheckedText:
    """The text side of an encoder that can be used: its files, and the tags as vectors."""

    content: bytes
    merges: bytes
    tags: TagVectors


def check_encoder(folder: Path) -> CheckedEncoder:
    """Read a folder with encoder.toml, and embed pictures with what it describes.

    Raises:
        BackboneUnusable: it cannot be used; the message is a sentence that says why.
    """
    description = EncoderDescription.read(folder)
    content = _read(folder / description.model, description.sha256)
    runtime = EncoderRuntime(content, description)
    pictures = [to_input(picture, description.input_size) for picture in _pictures()]
    first, second = (_embedded(runtime, picture) for picture in pictures)
    if len(first) not in _DIMS:
        raise BackboneUnusable(
            f"The encoder makes {len(first)} numbers of a picture; from {_DIMS[0]} to {_DIMS[-1]}"
            " can be used."
        )
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    if norms == 0 or float(first @ second) / norms > _SAME:
        raise BackboneUnusable(
            "The encoder makes the same of two quite different pictures; mean, deviation and"
            f" output in {DESCRIPTION} may be wrong."
        )
    times = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        runtime.embed(pictures[0])
        times.append(time.perf_counter() - began)
    return CheckedEncoder(
        description, content, hashlib.sha256(content).hexdigest(), len(first),
        1000 * float(np.median(times)), _fingerprint(content, description),
        _check_text(folder, description, len(first)),
    )  # fmt: skip


def _check_text(folder: Path, description: EncoderDescription, dim: int) -> CheckedText | None:
    says = description.text
    if says is None:
        return None
    content, merges = _read(folder / says.model, says.sha256), _read(folder / says.merges, None)
    encoder = TextEncoder(content, ClipTokenizer.read(merges), says.context)
    tags = TagVectors.of(encoder)
    if tags.vectors.shape[1] != dim:
        raise BackboneUnusable(
            f"The text encoder makes {tags.vectors.shape[1]} numbers of a text, and the image"
            f" encoder {dim} of a picture: they do not belong together."
        )
    return CheckedText(content, merges, tags)


def _fingerprint(content: bytes, description: EncoderDescription) -> str:
    """Another way to prepare a picture makes another embedding, and another fingerprint."""
    prepared = (
        description.input_size, description.mean, description.deviation, description.colours,
        description.pooling, description.output,
    )  # fmt: skip
    return hashlib.sha256(content + repr(prepared).encode()).hexdigest()


def _read(path: Path, sha256: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BackboneUnusable(
            f"The encoder's file {path} cannot be read ({error.strerror})."
        ) from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise BackboneUnusable(
            f"The encoder's file {path} is damaged: its checksum is not the one in {DESCRIPTION}."
        )
    return content


def _embedded(runtime: EncoderRuntime, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    found = runtime.embed(picture)
    if not np.isfinite(found).all():
        raise BackboneUnusable("The encoder makes NaN or infinite numbers of a picture.")
    if float(np.abs(found).max(initial=0)) > _LARGEST:
        raise BackboneUnusable(
            f"The encoder makes numbers above {_LARGEST:,.0f}, which cannot be stored."
        )
    return found


def _pictures() -> tuple[Image.Image, Image.Image]:
    """Two that have little in common: a warm gradient, and black bars on white."""
    ramp = Image.linear_gradient("L").resize((320, 240))
    warm = Image.merge("RGB", (ramp, ramp.rotate(180), Image.new("L", ramp.size, 40)))
    bars = Image.new("RGB", (240, 320), "white")
    draw = ImageDraw.Draw(bars)
    for place in range(0, 240, 40):
        draw.rectangle((place, 60, place + 15, 250), fill="black")
    return warm, bars
