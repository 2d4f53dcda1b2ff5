"""A student: the network that a few numbers describe, and its file of weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import ExpectedError
from storage.files.atomic import replacing

EMBEDDING_DIM = 1280


class ExportRefused(ExpectedError):
    """The weights cannot be exported; the message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """What has to be known to rebuild a student.

    Attributes:
        width: multiplier of MobileNetV2's channels.
        input_size: side of the image in px.
        readout: rank of the linear readout (`trainer.backbone.distill_readout`); 0: there is none.
    """

    width: float
    input_size: int
    readout: int = 0


#: Arrays that a readout adds at the end of the weights.
READOUT_ARRAYS = 3


def build_backbone(spec: StudentSpec) -> Any:
    """Return a Keras MobileNetV2 without top: float32 [n, s, s, 3] in [-1, 1] → [n, 1280]."""
    import keras

    plain = keras.applications.MobileNetV2(
        include_top=False,
        pooling=None if spec.readout else "avg",
        weights=None,
        alpha=spec.width,
        input_shape=(spec.input_size, spec.input_size, 3),
    )
    if not spec.readout:
        return plain
    layers = keras.layers
    low = layers.Conv2D(spec.readout, 1, use_bias=False, name="readout_down")(plain.output)
    correction = layers.Conv2D(EMBEDDING_DIM, 1, name="readout_up")(low)
    corrected = layers.Add(name="readout")([plain.output, correction])
    return keras.Model(plain.input, layers.GlobalAveragePooling2D()(corrected))


def save_student(path: Path, spec: StudentSpec, weights: Sequence[npt.NDArray[Any]]) -> None:
    """Write weights (in Keras order) as float16 with their spec; atomic."""
    arrays: dict[str, Any] = {f"w{i:03d}": w.astype(np.float16) for i, w in enumerate(weights)}
    spec_text = json.dumps(asdict(spec))
    with replacing(path) as file:
        np.savez_compressed(file, spec=np.array(spec_text), **arrays)


def load_student(path: Path) -> tuple[StudentSpec, list[npt.NDArray[np.float32]]]:
    """Read what `save_student` wrote, weights as float32 in Keras order.

    Raises:
        ExportRefused: the file is damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            spec = json.loads(str(stored["spec"]))
            names = sorted(name for name in stored.files if name != "spec")
            weights = [stored[name].astype(np.float32) for name in names]
        # Files from before there were readouts do not name one.
        rank = int(spec.get("readout", 0))
        return StudentSpec(float(spec["width"]), int(spec["input_size"]), rank), weights
    except Exception as error:  # zipfile, zlib, numpy and json each raise their own kind
        raise ExportRefused(
            f"{path} is not a student's weights file or is damaged ({error}); "
            "make it again with `main.py distill`."
        ) from error
