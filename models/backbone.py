"""The frozen network that turns an image into an embedding: MobileNetV2, or any other encoder."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from models.backbone_error import BackboneUnusable
from models.checksum import read_with_sha256
from models.clip_text import ClipTokenizer, TextEncoder
from models.encoder_description import (
    DESCRIPTION,
    TAGS,
    TEXT_MERGES,
    TEXT_MODEL,
    EncoderDescription,
)
from models.encoder_runtime import EncoderRuntime
from models.zero_shot import TagVectors

__all__ = ["Backbone", "BackboneInfo", "BackboneUnusable", "model_file", "read_info"]

EMBEDDING_SIZE = 1280


@dataclass(frozen=True, slots=True)
class BackboneInfo:
    """What backbone.json says."""

    name: str
    fingerprint: str  # SHA-256 of the weights it was exported from
    input_size: int  # pixels, square
    tflite_sha256: str  # of the model's file, whatever its format
    dim: int = EMBEDDING_SIZE  # length of an embedding
    milliseconds: float | None = None  # for a picture on one core, as measured when it was checked


class Backbone:
    """Image in, embedding out: MobileNetV2 without its top, or what encoder.toml describes.

    Safe to call from several threads: each gets an interpreter of its own.
    """

    def __init__(
        self,
        model: bytes,
        info: BackboneInfo,
        *,
        threads: int = 1,
        description: EncoderDescription | None = None,
        text: TextEncoder | None = None,
        tags: TagVectors | None = None,
    ) -> None:
        self.info = info
        #: Embeds texts in the space of pictures; None: this backbone has no text side.
        self.text = text
        #: Tells what a picture shows; None as above.
        self.tags = tags
        self._encoder = None if description is None else EncoderRuntime(model, description)
        self._model = model
        self._threads = threads
        self._local = threading.local()

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """Load the model in ``folder`` after checking it against backbone.json.

        Raises:
            BackboneUnusable: a file is missing, truncated or was changed.
        """
        info = read_info(folder)
        path = model_file(folder)
        try:
            model, sha256 = read_with_sha256(path)
        except OSError as error:
            raise BackboneUnusable(f"The backbone's file {path} cannot be read: {error}") from error
        if sha256 != info.tflite_sha256:
            raise BackboneUnusable(
                f"The backbone's file {path} is damaged: its checksum is not the one in"
                f" {folder / 'backbone.json'}. Delete the folder to have it made again, or restore"
                " it from where it came."
            )
        described = (folder / DESCRIPTION).is_file()
        description = EncoderDescription.read(folder) if described else None
        text, tags = _text_side(folder, description)
        return cls(model, info, threads=threads, description=description, text=text, tags=tags)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights: embeddings of two backbones never mix."""
        return self.info.fingerprint

    @property
    def input_size(self) -> int:
        """Side of the square input, pixels."""
        return self.info.input_size

    def embed(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed images.

        Args:
            batch: float32[n, input_size, input_size, 3], RGB in [-1, 1].

        Returns:
            float32[n, dim]; dim is 1280 but for other encoders.

        Raises:
            BackboneUnusable: another encoder takes no such image, or gives no vector.
        """
        if self._encoder is not None:
            return np.stack([self._encoder.embed(image) for image in batch])
        network = self._network()
        embeddings = np.empty((len(batch), EMBEDDING_SIZE), np.float32)
        for row, image in enumerate(batch):
            network.run(image)
            embeddings[row] = network.output(network.embedding)
        return embeddings

    def feature_map(self, image: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """The last feature map, whose mean over places is the embedding.

        Args:
            image: float32[input_size, input_size, 3], RGB in [-1, 1].

        Returns:
            float32[h, w, 1280]; None for a backbone that was exported without it.
        """
        if self._encoder is not None:
            return None
        network = self._network()
        if network.map is None:
            return None
        network.run(image)
        return network.output(network.map)

    def _network(self) -> "_Network":
        ready: _Network | None = getattr(self._local, "ready", None)
        if ready is None:
            ready = self._local.ready = _Network(self._model, self._threads)
        return ready


class _Network:
    """One thread's interpreter, and where its input and outputs are."""

    def __init__(self, model: bytes, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter: Any = Interpreter(model_content=model, num_threads=threads)
        except ValueError as error:
            raise BackboneUnusable(f"LiteRT cannot read the backbone: {error}") from error
        self._interpreter.allocate_tensors()
        self._entry = self._interpreter.get_input_details()[0]["index"]
        outputs = {len(each["shape"]): each for each in self._interpreter.get_output_details()}
        self.embedding: int = outputs[2]["index"]
        self.map: int | None = outputs[4]["index"] if 4 in outputs else None

    def run(self, image: NDArray[np.float32]) -> None:
        self._interpreter.set_tensor(self._entry, image[np.newaxis])
        self._interpreter.invoke()

    def output(self, index: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._interpreter.get_tensor(index)[0]
        return found


def _text_side(
    folder: Path, description: EncoderDescription | None
) -> tuple[TextEncoder | None, TagVectors | None]:
    if description is None or description.text is None:
        return None, None
    try:
        content, merges = ((folder / name).read_bytes() for name in (TEXT_MODEL, TEXT_MERGES))
        tags = TagVectors.load(folder / TAGS)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise BackboneUnusable(
            f"The text side of the backbone in {folder} cannot be read ({error}). Delete the folder"
            " and use the encoder again."
        ) from error
    return TextEncoder(content, ClipTokenizer.read(merges), description.text.context), tags


def model_file(folder: Path) -> Path:
    """The model in a backbone's folder: backbone.onnx where there is one, else backbone.tflite."""
    onnx = folder / "backbone.onnx"
    return onnx if onnx.is_file() else folder / "backbone.tflite"


def read_info(folder: Path) -> BackboneInfo:
    """Read ``folder``/backbone.json.

    Raises:
        BackboneUnusable: it is missing or not what it should be.
    """
    path = folder / "backbone.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        return BackboneInfo(
            name=str(content["name"]),
            fingerprint=str(content["fingerprint"]),
            input_size=int(content["input_size"]),
            tflite_sha256=str(content["tflite_sha256"]),
            dim=int(content.get("dim", EMBEDDING_SIZE)),
            milliseconds=content.get("milliseconds"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackboneUnusable(
            f"There is no usable backbone in {folder}: backbone.json is missing or damaged"
            f" ({error})."
        ) from error
