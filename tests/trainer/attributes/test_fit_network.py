"""Fitting what reads faces: faces are blended with their labels, a pretrained start is kept."""

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from trainer.attributes.face_network import build_large, normalise  # noqa: E402
from trainer.attributes.fit_network import BlendFaces, Recipe  # noqa: E402


def test_a_network_says_the_same_when_it_is_normalised_by_other_images() -> None:
    entry = keras.Input((6, 6, 3))
    inner = keras.layers.Conv2D(4, 3)(entry)
    inner = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(inner))
    network = keras.Model(entry, keras.layers.BatchNormalization()(inner))
    random = np.random.default_rng(3)
    network.set_weights([w + random.uniform(0.1, 0.5, w.shape) for w in network.get_weights()])
    images = random.normal(size=(8, 6, 6, 3)).astype(np.float32)
    before = np.asarray(network(images))

    normalise(network, images)

    assert np.allclose(np.asarray(network(images)), before, atol=1e-4)
    # In training it divides by the spread of the batch, which now is the same again.
    assert np.allclose(np.asarray(network(images, training=True)), before, atol=1e-2)


def test_blending_mixes_faces_and_labels_alike_and_only_in_training() -> None:
    layer = BlendFaces(1, 0.5)
    faces = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1)
    labels = np.arange(4, dtype=np.float32).reshape(4, 1)

    mixed, told = (np.asarray(each) for each in layer([faces, labels], training=True))

    assert np.allclose(mixed.ravel(), told.ravel())
    assert not np.allclose(told, labels)
    assert np.array_equal(np.asarray(layer([faces, labels], training=False)[0]), faces)


def test_first_layers_that_are_to_stay_as_they_were_do_not_learn(tmp_path: Path) -> None:
    _, photographs = build_large(face=8, classes=7, side=32, drop=0.0)
    photographs.save_weights(tmp_path / "start.weights.h5")
    faces = np.random.default_rng(2).integers(0, 256, (8, 8, 8), np.uint8)
    recipe = Recipe(
        kind="pretrained", start=tmp_path / "start.weights.h5", enlarged=32, kept="block_6"
    )

    network = recipe.build(faces, 7)

    (inner,) = (each for each in network.layers if isinstance(each, keras.Model))
    learning = {layer.name for layer in inner.layers if layer.trainable_weights}
    assert learning.isdisjoint({"Conv1", "bn_Conv1", "block_5_project", "block_5_project_BN"})
    assert {"block_6_expand", "block_16_project", "Conv_1_bn"} <= learning
