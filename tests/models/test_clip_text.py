"""The text side of an encoder such as CLIP."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.attributes.look import Look
from models.attributes.read import Attributes
from models.backbone import Backbone, BackboneUnusable
from models.clip_text import ClipTokenizer, TextEncoder
from models.encoder_check import check_encoder
from models.zero_shot import TAGS, TagVectors
from tests.fixtures.onnx_models import (
    image_encoder,
    map_encoder,
    text_encoder,
    write_encoder,
    write_text_side,
)

pytest.importorskip("onnxruntime")

MERGES = b"#version: 0.2\nc a\nca t</w>\n"


def test_tokens_are_those_of_clip() -> None:
    tokenizer = ClipTokenizer.read(MERGES)
    assert ClipTokenizer.read(gzip.compress(MERGES)).end == tokenizer.end
    # 256 letters, 256 at the end of a word, the merges, then begin and end.
    assert (tokenizer.begin, tokenizer.end) == (514, 515)
    a, t_end = ord("a") - 33, 256 + ord("t") - 33
    assert tokenizer.encode("  CAT &amp;amp; at", 8) == [514, 513, 256 + 5, a, t_end, 515, 0, 0]
    assert tokenizer.encode("cat " * 50, 5) == [514, 513, 513, 513, 515]
    with pytest.raises(BackboneUnusable, match="merges cannot be read"):
        ClipTokenizer.read(b"#version\none two three\n")


@given(st.text(max_size=60))
def test_any_text_has_tokens(text: str) -> None:
    line = ClipTokenizer.read(MERGES).encode(text, 12)
    assert len(line) == 12
    assert line[0] == 514
    assert line.count(515) == 1


def test_tags_and_agreement_with_a_title(tmp_path: Path) -> None:
    encoder = TextEncoder(text_encoder(), ClipTokenizer.read(MERGES), 16)
    picture = 3 * encoder.embed(["a photo of a cat"])[0]
    assert encoder.agreement(picture, "a photo of a cat") == pytest.approx(1, abs=1e-5)
    assert encoder.agreement(picture, "rain") < 0.9
    tags = TagVectors.of(encoder)
    told = tags.tell(picture)
    assert next(iter(told)) == "cat"
    assert sum(told.values()) == pytest.approx(1, abs=1e-5)
    assert set(told) == set(TAGS)
    tags.save(tmp_path / "tags.npz")
    assert TagVectors.load(tmp_path / "tags.npz").tell(picture) == told


def test_both_sides_must_belong_together(tmp_path: Path) -> None:
    folder = write_text_side(write_encoder(tmp_path / "a", image_encoder()), text_encoder(dim=16))
    with pytest.raises(BackboneUnusable, match="do not belong together"):
        check_encoder(folder)
    folder = write_text_side(write_encoder(tmp_path / "b", image_encoder()), map_encoder())
    with pytest.raises(BackboneUnusable, match="whole numbers, tokens"):
        check_encoder(folder)


def test_attributes_keep_what_the_encoder_told() -> None:
    look = Look(0.1, 0.2, 0.3, None, None)
    plain = Attributes(None, None, look)
    assert "tags" not in plain.as_json()
    told = Attributes(None, None, look, {"cat": 0.75, "dog": 0.25}, 0.3)
    assert Attributes.from_json(told.as_json()) == told
    assert Attributes.from_json(plain.as_json()) == plain


def test_a_backbone_without_a_text_side_has_none() -> None:
    from models.backbone_files import STARTER

    backbone = Backbone.load(STARTER)
    assert backbone.text is None
    assert backbone.tags is None
    assert np.isfinite(backbone.embed(np.zeros((1, 128, 128, 3), np.float32))).all()
