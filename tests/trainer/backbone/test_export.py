import json
from pathlib import Path

import keras
import numpy as np
import pytest

from models.backbone import Backbone, BackboneUnusable
from trainer.backbone import export as export_backbone
from trainer.backbone import weights_source
from trainer.backbone.export import export_student, write_backbone
from trainer.backbone.student_weights import (
    ExportRefused,
    StudentSpec,
    build_backbone,
    load_student,
    save_student,
)
from trainer.backbone.weights_source import load_weights

SPEC = StudentSpec(width=0.35, input_size=32)
#: With a readout, as the one that ships has.
WITH_READOUT = StudentSpec(SPEC.width, SPEC.input_size, readout=4)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A student with a readout and random weights: (its weights file, its exported folder)."""
    root = tmp_path_factory.mktemp("student")
    weights = root / "student.npz"
    random = np.random.default_rng(7)
    values = build_backbone(WITH_READOUT).get_weights()
    # The readout's own begin with nothing.
    values[-3:] = [random.normal(0, 0.1, value.shape).astype(np.float32) for value in values[-3:]]
    save_student(weights, WITH_READOUT, values)
    export_student(weights, root / "folder", name="starter")
    return weights, root / "folder"


def test_a_student_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([0.5, -2])]
    save_student(tmp_path / "s.npz", StudentSpec(0.5, 128), weights)
    spec, read = load_student(tmp_path / "s.npz")
    assert spec == StudentSpec(0.5, 128)
    assert [r.tolist() for r in read] == [w.tolist() for w in weights]
    assert [p.name for p in tmp_path.iterdir()] == ["s.npz"]


def test_the_exported_folder_serves_what_the_network_computes(exported: tuple[Path, Path]) -> None:
    weights, folder = exported
    backbone = Backbone.load(folder)
    assert backbone.input_size == 32
    batch = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    model, _, fingerprint, _ = load_weights(str(weights))
    assert backbone.fingerprint == fingerprint
    np.testing.assert_allclose(
        backbone.embed(batch), np.asarray(model(batch, training=False)), atol=0.1
    )
    assert (folder / "backbone.weights.npz").read_bytes() == weights.read_bytes()


def test_an_export_replaces_the_older_folder_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    # A real one takes six times as long to convert, which another test does.
    pixels = keras.Input((SPEC.input_size, SPEC.input_size, 3))
    features = keras.layers.Conv2D(8, 3, activation="relu")(pixels)
    small = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(features))
    write_backbone(small, SPEC, out, fingerprint="f" * 64, name="x")
    assert sorted(p.name for p in out.iterdir()) == ["backbone.json", "backbone.tflite"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert json.loads((out / "backbone.json").read_text())["fingerprint"] == "f" * 64


def test_a_network_that_converts_to_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_backbone, "convert", lambda model, *, float16=False: b"")
    monkeypatch.setattr(export_backbone, "largest_difference", lambda *a, **k: float("nan"))
    monkeypatch.setattr(export_backbone, "with_map", lambda model: model)
    with pytest.raises(ExportRefused, match="nothing was written"):
        write_backbone(None, SPEC, tmp_path / "out", fingerprint="f", name="x")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keep", [0, 10, 1000])
def test_truncated_weights_are_refused_in_a_sentence(
    exported: tuple[Path, Path], tmp_path: Path, keep: int
) -> None:
    damaged = tmp_path / "student.npz"
    damaged.write_bytes(exported[0].read_bytes()[:keep])
    with pytest.raises(ExportRefused, match="damaged"):
        load_weights(str(damaged))


def test_missing_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="no weights file"):
        load_weights(str(tmp_path / "absent.h5"))


def test_tampered_starter_weights_are_refused(
    exported: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in exported[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "backbone.weights.npz"
    monkeypatch.setattr(weights_source, "STARTER_WEIGHTS", weights)
    load_weights("starter")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ExportRefused, match="checksum"):
        load_weights("starter")


@pytest.mark.parametrize("damage", ["missing", "truncated", "tampered"])
def test_a_damaged_starter_does_not_serve(
    exported: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    for file in exported[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    served = tmp_path / "backbone.tflite"
    content = served.read_bytes()
    if damage == "missing":
        served.unlink()
    elif damage == "truncated":
        served.write_bytes(content[:-100])
    else:
        served.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(BackboneUnusable, match=r"backbone\.tflite"):
        Backbone.load(tmp_path)


def test_the_command_line_refuses_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = export_backbone.main(["--weights", str(tmp_path / "no.h5"), "--out", str(tmp_path)])
    assert status == 1
    assert "no weights file" in capsys.readouterr().err
