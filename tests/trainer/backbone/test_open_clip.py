"""A CLIP with random weights becomes a folder that a backbone can be made of, offline."""

import gzip
from pathlib import Path

import pytest

from models.encoder_check import check_encoder
from models.zero_shot import TAGS


def test_a_tiny_clip_is_exported_and_checked(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip", reason="the group clip is not installed")
    from trainer.backbone.open_clip import write

    sides = {"layers": 1, "width": 64}
    model = open_clip.model.CLIP(
        embed_dim=32,
        vision_cfg={**sides, "image_size": 32, "patch_size": 16, "head_width": 32},
        text_cfg={**sides, "context_length": 16, "vocab_size": 600, "heads": 2},
    )
    model.visual.image_mean, model.visual.image_std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    merges = tmp_path / "merges.txt.gz"
    merges.write_bytes(gzip.compress(b"#version\nc a\nca t</w>\n"))
    write(model, "tiny", merges, tmp_path / "clip")
    found = check_encoder(tmp_path / "clip")
    assert found.dim == 32
    assert found.description.mean == (0.48, 0.46, 0.41)
    assert found.text is not None
    assert found.text.tags.vectors.shape == (len(TAGS), 32)
