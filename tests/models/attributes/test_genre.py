"""The genre head that ships, and files that are none."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from models.attributes.files import ATTRIBUTES
from models.attributes.genre import GENRE_NAMES, GENRES, NAMED, GenreHead, GenreHeadUnusable
from models.attributes.own_genres import OwnGenreHead
from models.backbone import read_info
from models.backbone_files import STARTER


@pytest.fixture(scope="module")
def head() -> GenreHead:
    return GenreHead.load(ATTRIBUTES / "genres.npz")


def test_the_shipped_head_reads_the_shipped_backbone(head: GenreHead) -> None:
    assert head.backbone == read_info(STARTER).fingerprint
    assert head.weights.shape == (1280, len(GENRES))
    assert set(GENRE_NAMES) == set(GENRES)


def test_probabilities_add_up_and_only_a_sure_genre_is_named(head: GenreHead) -> None:
    embeddings = np.abs(np.random.default_rng(0).normal(size=(50, 1280))).astype(np.float32)
    for embedding in embeddings:
        genre = head.tell(embedding)
        assert sum(genre.probabilities.values()) == pytest.approx(1)
        best = max(genre.probabilities, key=genre.probabilities.__getitem__)
        assert genre.name == (best if genre.probabilities[best] >= NAMED else None)


def test_a_head_that_is_not_sure_names_nothing(head: GenreHead) -> None:
    blank = GenreHead(np.zeros_like(head.weights), np.zeros_like(head.bias), head.backbone, "")
    assert blank.tell(np.ones(1280, np.float32)).name is None


def test_a_head_is_what_was_saved(head: GenreHead, tmp_path: Path) -> None:
    head.save(tmp_path / "again.npz")
    again = GenreHead.load(tmp_path / "again.npz")
    assert (again.weights == head.weights).all()
    assert (again.bias == head.bias).all()
    assert again.backbone == head.backbone


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x93NUMPY nothing"])
def test_a_damaged_head_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "genres.npz"
    path.write_bytes(content)
    with pytest.raises(GenreHeadUnusable, match="cannot be read"):
        GenreHead.load(path)
    with pytest.raises(GenreHeadUnusable, match="cannot be read"):
        GenreHead.load(tmp_path / "none.npz")


@pytest.mark.parametrize("kind", [GenreHead, OwnGenreHead])
def test_a_head_with_a_damaged_byte_is_refused_or_read(
    kind: type[GenreHead | OwnGenreHead], tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.npz", tmp_path / "cut.npz"
    weights = np.random.default_rng(1).normal(size=(64, len(GENRES))).astype(np.float32)
    OwnGenreHead(GENRES, weights, weights[0], "", "").save(whole)
    content = whole.read_bytes()
    for place in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        cut.write_bytes(damaged)
        with contextlib.suppress(GenreHeadUnusable):
            kind.load(cut)
