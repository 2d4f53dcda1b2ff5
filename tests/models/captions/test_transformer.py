"""The caption network in NumPy."""

from pathlib import Path

import numpy as np
import pytest

from models.captions.transformer import Cache, Transformer


@pytest.fixture
def network() -> Transformer:
    random = np.random.default_rng(1)
    width, depth, vocabulary, places, picture = 16, 2, 40, 12, 8

    def draw(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    block = [
        (width,), (width,), (width, 3 * width), (3 * width,), (width, width), (width,),
        (width,), (width,), (width, 4 * width), (4 * width,), (4 * width, width), (width,),
    ]  # fmt: skip
    shapes = [
        (vocabulary, width), (places, width), (picture, width), (width,),
        *(block * depth), (width,), (width,), (width, 1), (1,),
    ]  # fmt: skip
    return Transformer.of([draw(*shape) for shape in shapes], depth=depth, heads=4)


def test_place_by_place_is_all_at_once(network: Transformer) -> None:
    tokens = np.random.default_rng(2).integers(0, network.vocabulary, (3, 9)).astype(np.int32)
    picture = np.ones(network.picture_size, np.float32)
    together = network.logits(network.read(tokens, picture, []))
    cache: Cache = []
    said = [network.read(tokens[:, :4], picture, cache)]
    said += [network.read(tokens[:, place : place + 1], None, cache) for place in range(4, 9)]
    np.testing.assert_allclose(network.logits(np.concatenate(said, axis=1)), together, atol=1e-5)


def test_a_place_sees_none_that_come_later(network: Transformer) -> None:
    tokens = np.random.default_rng(3).integers(0, network.vocabulary, (2, 8)).astype(np.int32)
    other = tokens.copy()
    other[:, 5:] = 0
    one, two = (network.merit(network.read(each, None, [])) for each in (tokens, other))
    np.testing.assert_allclose(one[:, :5], two[:, :5], atol=1e-6)
    assert np.abs(one[:, 5:] - two[:, 5:]).max() > 1e-3


def test_eight_bits_say_nearly_the_same(network: Transformer, tmp_path: Path) -> None:
    network.save(tmp_path / "network.npz")
    read = Transformer.load(tmp_path / "network.npz")
    tokens = np.arange(10, dtype=np.int32)[np.newaxis]
    one, two = (each.logits(each.read(tokens, None, [])) for each in (network, read))
    assert np.abs(one - two).mean() < 0.02 * np.abs(one).mean()
