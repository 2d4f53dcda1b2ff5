"""The version is known in a checkout, where no package called peoria is installed."""

import peoria
from bot.runtime.build import peoria_version


def test_a_checkout_knows_its_version() -> None:
    assert peoria_version() == peoria.__version__
