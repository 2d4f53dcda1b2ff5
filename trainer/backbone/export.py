"""Turn backbone weights into the folder that serving reads: `backbone.tflite` + `backbone.json`.

Run as a program (it imports TensorFlow, which the bot never does):

    python -m trainer.backbone.export --weights FILE|imagenet|starter --out FOLDER

Three kinds of weights are understood: `imagenet` (Keras downloads them), a Keras `.weights.h5` file
of MobileNetV2 1.0 at 224 px, and a student made by `trainer.backbone.distill` (`.npz`, which says
itself how wide it is and which image size it wants).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import ExpectedError

EMBEDDING_DIM = 1280
STARTER_WEIGHTS = Path(__file__).resolve().parents[2] / "models/starter/backbone.weights.npz"
FLOAT32_TOLERANCE = 1e-3
# Rounding weights to half precision moves an embedding (values 0–6) by a few thousandths.
FLOAT16_TOLERANCE = 0.1


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
    mended = layers.Add(name="readout")([plain.output, correction])
    return keras.Model(plain.input, layers.GlobalAveragePooling2D()(mended))


def save_student(path: Path, spec: StudentSpec, weights: Sequence[npt.NDArray[Any]]) -> None:
    """Write weights (in Keras order) as float16 with their spec; atomic."""
    arrays: dict[str, Any] = {f"w{i:03d}": w.astype(np.float16) for i, w in enumerate(weights)}
    spec_text = json.dumps(asdict(spec))
    temporary = path.with_name(path.name + ".tmp.npz")
    np.savez_compressed(temporary, spec=np.array(spec_text), **arrays)
    temporary.replace(path)


def load_student(path: Path) -> tuple[StudentSpec, list[npt.NDArray[np.float32]]]:
    """Read what `save_student` wrote, weights as float32 in Keras order.

    Raises ExportRefused when the file is damaged or something else.
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


def load_weights(source: str) -> tuple[Any, StudentSpec, str, str]:
    """Build the backbone named by `source` and load its weights.

    Returns (model, spec, fingerprint, name); the fingerprint is the SHA-256 of the weights file.
    Raises ExportRefused with a sentence when there is no such file or it does not fit.
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


def convert(model: Any, *, float16: bool = False) -> bytes:
    """Convert a Keras backbone to LiteRT, batch size free; `float16` halves the stored weights."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as saved:
        model.export(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def _with_map(model: Any) -> Any:
    """The same network that also gives what it pools, the last feature map [n, h, w, 1280]."""
    import keras

    return keras.Model(model.input, [model.output, model.layers[-1].input])


def largest_difference(model: Any, content: bytes, *, size: int) -> float:
    """Run the converted and the original network on noise; return the largest absolute gap."""
    from ai_edge_litert.interpreter import Interpreter

    batch = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    interpreter = Interpreter(model_content=content, num_threads=1)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, batch.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, batch)
    interpreter.invoke()
    (embedding,) = (each for each in interpreter.get_output_details() if len(each["shape"]) == 2)
    converted = interpreter.get_tensor(embedding["index"])
    original = np.asarray(model(batch, training=False))
    return float(np.abs(converted - original).max())


def write_backbone(
    model: Any,
    spec: StudentSpec,
    out: Path,
    *,
    fingerprint: str,
    name: str,
    float16: bool = False,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Convert, check against the original, and put the finished folder at `out` in one rename.

    A `weights` file given is copied into the folder as backbone.weights.npz.

    Returns what was written to backbone.json. An older folder at `out` is replaced; a failure
    leaves it as it was. Raises ExportRefused if the converted network disagrees.
    """
    content = convert(_with_map(model), float16=float16)
    gap = largest_difference(model, content, size=spec.input_size)
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= (FLOAT16_TOLERANCE if float16 else FLOAT32_TOLERANCE):
        raise ExportRefused(f"The converted network is off by {gap:.3g}; nothing was written.")
    facts = {
        "fingerprint": fingerprint,
        "name": name,
        "input_size": spec.input_size,
        "dim": EMBEDDING_DIM,
        "width": spec.width,
        "tflite_sha256": hashlib.sha256(content).hexdigest(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    (fresh / "backbone.tflite").write_bytes(content)
    (fresh / "backbone.json").write_text(json.dumps(facts, indent=2) + "\n")
    if weights is not None:
        shutil.copyfile(weights, fresh / "backbone.weights.npz")
    fresh.chmod(0o755)
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
        out.rename(old / out.name)
        fresh.rename(out)
        shutil.rmtree(old)
    else:
        fresh.rename(out)
    return facts


def export_backbone(source: str, out: Path, *, float16: bool = False) -> dict[str, Any]:
    """Load the weights named by `source` and write the backbone folder `out` (see module)."""
    model, spec, fingerprint, name = load_weights(source)
    return write_backbone(model, spec, out, fingerprint=fingerprint, name=name, float16=float16)


def export_student(weights: Path, out: Path, *, name: str) -> dict[str, Any]:
    """Export a student's weights in half precision to the folder `out`, weights file included."""
    model, spec, fingerprint, _ = load_weights(str(weights))
    return write_backbone(
        model, spec, out, fingerprint=fingerprint, name=name, float16=True, weights=weights
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status (1 with one sentence on stderr when refused)."""
    parser = argparse.ArgumentParser(prog="python -m trainer.backbone.export")
    parser.add_argument("--weights", required=True, help="imagenet, starter or a weights file")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    parser.add_argument("--float16", action="store_true", help="store weights in half precision")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        facts = export_backbone(options.weights, options.out, float16=options.float16)
    except ExportRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    sys.stdout.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
