"""Weights by name: the starter that ships, ImageNet, a Keras file or a student."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from trainer.backbone.student_weights import (
    ExportRefused,
    StudentSpec,
    build_backbone,
    load_student,
)

STARTER_WEIGHTS = Path(__file__).resolve().parents[2] / "models/starter/backbone.weights.npz"


def load_weights(source: str) -> tuple[Any, StudentSpec, str, str]:
    """Build the backbone named by `source` and load its weights.

    Returns:
        The model, its spec, its fingerprint (SHA-256 of the weights file) and its name.

    Raises:
        ExportRefused: there is no such file, or it does not fit.
    """
    full = StudentSpec(width=1.0, input_size=224)
    if source == "imagenet":
        path, name = _downloaded_imagenet(), "imagenet"
    elif source == "starter":
        path, name = STARTER_WEIGHTS, "starter"
    else:
        path = Path(source)
        name = "imagenet" if path.name.startswith("mobilenet_v2_imagenet") else path.name
    if not path.is_file():
        raise ExportRefused(f"There is no weights file at {path}; check the path.")
    fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
    if source == "starter":
        _check_starter(fingerprint)
    if path.suffix == ".npz":
        spec, weights = load_student(path)
        model = build_backbone(spec)
        wanted = [tuple(v.shape) for v in model.weights]
        if [w.shape for w in weights] != wanted:
            raise ExportRefused(f"The weights in {path} do not fit a MobileNetV2 {spec}.")
        model.set_weights(weights)
        return model, spec, fingerprint, name
    model = build_backbone(full)
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ExportRefused(
            f"{path} does not hold MobileNetV2 weights (1.0, no top): {error}"
        ) from error
    return model, full, fingerprint, name


def _check_starter(fingerprint: str) -> None:
    described = STARTER_WEIGHTS.with_name("backbone.json")
    try:
        expected = json.loads(described.read_text("utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError) as error:
        raise ExportRefused(f"{described} is missing or damaged ({error}); restore it.") from error
    if fingerprint != expected:
        raise ExportRefused(
            f"{STARTER_WEIGHTS} is damaged: its checksum is not the one in {described}; "
            "restore both files from where they came."
        )


def _downloaded_imagenet() -> Path:
    import keras

    url = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    file_name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    try:
        return Path(keras.utils.get_file(file_name, url + file_name, cache_subdir="models"))
    except Exception as error:  # urllib, socket and Keras each raise their own kind
        raise ExportRefused(
            "The ImageNet weights could not be downloaded; use `starter`, which ships with "
            "Peoria, or give the path of a MobileNetV2 weights file."
        ) from error
