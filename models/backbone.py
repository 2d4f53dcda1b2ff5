"""The frozen network that turns an image into an embedding, served by LiteRT."""

import hashlib
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from storage.errors import ExpectedError

EMBEDDING_SIZE = 1280


class BackboneUnusable(ExpectedError):
    """The backbone's files are missing, damaged or of the wrong kind; the message says which."""


@dataclass(frozen=True, slots=True)
class BackboneInfo:
    """What backbone.json says."""

    name: str
    fingerprint: str  # SHA-256 of the weights it was exported from
    input_size: int  # pixels, square
    tflite_sha256: str


class Backbone:
    """MobileNetV2 without its top: image in, 1280 numbers out.

    Safe to call from several threads: each gets an interpreter of its own.
    """

    def __init__(self, model: bytes, info: BackboneInfo, *, threads: int = 1) -> None:
        self.info = info
        self._model = model
        self._threads = threads
        self._local = threading.local()

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """Load ``folder``/backbone.tflite after checking it against backbone.json.

        Raises:
            BackboneUnusable: a file is missing, truncated or was changed.
        """
        info = read_info(folder)
        path = folder / "backbone.tflite"
        try:
            model = path.read_bytes()
        except OSError as error:
            raise BackboneUnusable(f"The backbone's file {path} cannot be read: {error}") from error
        if hashlib.sha256(model).hexdigest() != info.tflite_sha256:
            raise BackboneUnusable(
                f"The backbone's file {path} is damaged: its checksum is not the one in"
                f" {folder / 'backbone.json'}. Delete the folder to have it made again, or restore"
                " it from where it came."
            )
        return cls(model, info, threads=threads)

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
            float32[n, 1280].
        """
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
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackboneUnusable(
            f"There is no usable backbone in {folder}: backbone.json is missing or damaged"
            f" ({error})."
        ) from error
