import pytest

from bot.web.explained import examples


def test_the_examples_are_what_the_text_says() -> None:
    of = examples()
    assert of.gaps == pytest.approx((0.2, 0.5))
    assert of.rps == pytest.approx((0.2**2 + 0.5**2) / 2)
    assert of.plain_rps == pytest.approx((1 / 9 + 4 / 9) / 2)
    assert of.skill == pytest.approx(0.478)
    assert of.ece == pytest.approx(0.05)
