"""A model version in files for other programs."""

from pathlib import Path

import pytest

from bot.training.export_version import ExportRefused, export_version
from models.backbone_files import STARTER

VERSIONS = STARTER


def test_the_shipped_champion_is_exported_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    difference = export_version(VERSIONS, tmp_path / "backbones", "champion", target)
    if difference is not None:
        assert difference <= 1e-4
    names = {path.name for path in target.iterdir()}
    assert names == {
        "head.onnx", "head.safetensors", "card.md", "backbone.tflite", "backbone.json",
    }  # fmt: skip
    card = (target / "card.md").read_text("utf-8")
    assert "## How good it is" in card
    assert "hour_sin" in card
    with pytest.raises(ExportRefused, match="already"):
        export_version(VERSIONS, tmp_path / "backbones", "champion", target)
