"""The fitted network and the one that serves."""

import pytest

from models.captions.language_model import PREFIX
from models.captions.transformer import Transformer

pytest.importorskip("keras")


def test_numpy_says_what_keras_says() -> None:
    from trainer.captions.export import convert, difference
    from trainer.captions.network import PREFIX as TRAINED
    from trainer.captions.network import CaptionNetwork, Shape

    network = CaptionNetwork(Shape(400, places=16, width=16, depth=2, heads=2, picture=8))
    network.build()
    served = convert(network)
    assert isinstance(served, Transformer)
    assert difference(network, served) < 1e-6
    assert TRAINED == PREFIX
