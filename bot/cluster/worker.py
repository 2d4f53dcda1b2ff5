"""What works on images at a node of the cluster: an object that Ray starts in a process there."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.cluster.outcomes import NOT_INSTALLED, Embedded, Outcome, Refused, Work
from bot.runtime.build import peoria_version
from bot.serving.embed import embed_image, read_attributes
from models.attributes.read import AttributeReader
from models.backbone import Backbone
from models.decoding import DecodeLimits, ImageRefused, ImageUnread, decode
from models.ocr import READ_SIZE, OcrMissing, ReadText, TextReader, check_ocr


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything that a node needs to embed: nodes share no files with the bot.

    Attributes:
        version: of the Peoria that sends it; a node with another one refuses.
        backbone: the files of the backbone's folder, by their names.
        genres: the files of the genre heads that were learned here, by their paths.
        limits: how large an image may be.
    """

    version: str
    backbone: Mapping[str, bytes]
    genres: Mapping[str, bytes]
    limits: DecodeLimits


class OtherRelease(Exception):
    """The node has another Peoria than the bot; the message says which."""


class ImageWorker:
    """Embeds images, reads their attributes and their text, one batch at a time."""

    def __init__(self, kit: Kit) -> None:
        if kit.version != peoria_version():
            raise OtherRelease(
                f"A node of the cluster has Peoria {peoria_version()} and this is {kit.version}:"
                " install the same release on all of them."
            )
        self._limits = kit.limits
        self._folder = tempfile.TemporaryDirectory(prefix="peoria-kit-")
        root = Path(self._folder.name)
        self._backbone = Backbone.load(write_files(root / "backbone", kit.backbone))
        self._attributes = AttributeReader(write_files(root / "genres", kit.genres))
        self._read: Callable[..., ReadText] | None = None

    def node(self) -> str:
        """The id of the node that this runs on."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def run(self, work: Work, batch: Sequence[Any]) -> list[Outcome]:
        """An outcome for each image, in their order."""
        each: Mapping[Work, Callable[[Any], Outcome]] = {
            "embed": self._embed,
            "read_attributes": self._read_attributes,
            "read_text": self._read_text,
        }
        return [each[work](sent) for sent in batch]

    def _embed(self, data: bytes) -> Outcome:
        try:
            found = embed_image(data, self._backbone, self._attributes, self._limits)
        except ImageRefused as refusal:
            return refused(refusal)
        return Embedded(found.embedding, found.phash, found.attributes.as_json(), found.blank)

    def _read_attributes(self, sent: tuple[bytes, bytes]) -> Outcome:
        data, vector = sent
        embedding = np.frombuffer(vector, "<f2").astype(np.float32)
        try:
            return read_attributes(data, embedding, self._backbone, self._attributes, self._limits)
        except ImageRefused as refusal:
            return refused(refusal)

    def _read_text(self, data: bytes) -> Outcome:
        if self._read is None:
            try:
                check_ocr()
            except OcrMissing as error:
                return Refused(NOT_INSTALLED, str(error), for_now=True)
            self._read = TextReader().read_placed
        try:
            image = decode(data, limits=self._limits, size=READ_SIZE)
        except ImageRefused as refusal:
            return refused(refusal)
        return self._read(image.pixels)


def refused(refusal: ImageRefused) -> Refused:
    """A refusal as a plain value."""
    return Refused(refusal.reason, str(refusal), isinstance(refusal, ImageUnread))


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files under a folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read_files(folder: Path) -> dict[str, bytes]:
    """The files under a folder by their paths; empty where there is no such folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
