"""Encoders that somebody brings: checked on pictures, one sentence for each that cannot be used."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.backbone import BackboneUnusable
from models.encoder_check import check_encoder
from models.encoder_description import EncoderDescription
from models.encoder_runtime import EncoderRuntime
from tests.fixtures.onnx_models import image_encoder, map_encoder, write_encoder

pytest.importorskip("onnxruntime")

MODEL = image_encoder()


def test_an_encoder_that_can_be_used(tmp_path: Path) -> None:
    digest = hashlib.sha256(MODEL).hexdigest()
    found = check_encoder(write_encoder(tmp_path / "a", MODEL, sha256=digest))
    assert (found.dim, found.sha256) == (24, digest)
    assert found.milliseconds > 0
    other = check_encoder(write_encoder(tmp_path / "b", MODEL, mean=[0.5, 0.5, 0.5]))
    assert other.fingerprint != found.fingerprint, "prepared otherwise, it is another backbone"


def test_colours_are_prepared_as_described(tmp_path: Path) -> None:
    folder = write_encoder(
        tmp_path / "a", map_encoder(), pooling="mean", colours="BGR", mean=[0.1, 0.2, 0.3],
        deviation=[0.5, 0.5, 2.0],
    )  # fmt: skip
    description = EncoderDescription.read(folder)
    image = np.full((32, 32, 3), (1.0, 0.0, -1.0), np.float32)  # red 1, green 0.5, blue 0
    found = EncoderRuntime(map_encoder(), description).embed(image)
    np.testing.assert_allclose(found, [-0.15, 0.6, 1.8], atol=1e-6)


def _damaged(folder: Path) -> None:
    (folder / "tiny.onnx").write_bytes(b"no model")


@pytest.mark.parametrize(
    ("model", "says", "after", "sentence"),
    [
        (MODEL, {"input_size": 64}, None, "takes n×3×32×32, and input_size makes 1×3×64×64"),
        (image_encoder(fill=float("nan")), {}, None, "NaN"),
        (image_encoder(fill=1e30), {}, None, "cannot be stored"),
        (image_encoder(fill=0.0), {}, None, "the same of two quite different pictures"),
        (image_encoder(dim=4), {}, None, "makes 4 numbers"),
        (MODEL, {"sha256": "0" * 64}, None, "its checksum is not the one"),
        (MODEL, {"sha256": "0"}, None, "64 lower-case hexadecimal digits"),
        (MODEL, {"output": "logits"}, None, "no output called logits; it has embedding"),
        (map_encoder(), {}, None, "from which pooling"),
        (MODEL, {"model": "../tiny.onnx"}, None, "the name of a file in the same folder"),
        (MODEL, {"model": "tiny.pt"}, None, "ends in .onnx or .tflite"),
        (MODEL, {"model": "gone.onnx"}, None, "gone.onnx cannot be read"),
        (MODEL, {"deviation": [1, 0, 1]}, None, "three numbers above 0"),
        (MODEL, {"mean": [1, 2]}, None, "three numbers"),
        (MODEL, {"colours": "HSV"}, None, "one of RGB, BGR"),
        (MODEL, {"input_size": True}, None, "whole number from 16 to 1024"),
        (MODEL, {"name": None}, None, "name is missing"),
        (MODEL, {"size": 3}, None, "size is not known"),
        (MODEL, {}, _damaged, "cannot read the encoder"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, model: bytes, says: dict[str, Any], after: Callable[[Path], None] | None,
    sentence: str,
) -> None:  # fmt: skip
    folder = write_encoder(tmp_path / "a", model, **says)
    if after:
        after(folder)
    with pytest.raises(BackboneUnusable, match=sentence.replace("(", r"\(")) as refused:
        check_encoder(folder)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_description(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnusable, match=r"There is no .*encoder\.toml"):
        check_encoder(tmp_path)
    (tmp_path / "encoder.toml").write_text("name = ")
    with pytest.raises(BackboneUnusable, match="cannot be read"):
        check_encoder(tmp_path)
