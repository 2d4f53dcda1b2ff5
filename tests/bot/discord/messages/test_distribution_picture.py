"""The picture of a prediction: drawn once, and told in words."""

import io

from PIL import Image

from bot.discord.messages.distribution_picture import _draw, describe, distribution_file
from bot.discord.texts.lookup import Texts
from storage.types import Bucket

BINS = (0.02, 0.03, 0.05, 0.05, 0.1, 0.1, 0.15, 0.2, 0.2, 0.1)


async def test_the_same_prediction_is_drawn_once_and_told_in_each_language() -> None:
    _draw.cache_clear()
    english, german = [
        await distribution_file(Texts(each), BINS, guess=Bucket.HIGH, outcome=(0.6, 0.7))
        for each in ("en-US", "de")
    ]
    assert _draw.cache_info().misses == 1
    with Image.open(io.BytesIO(english.fp.read())) as image:
        assert image.size == (480, 180)
        # The third that was guessed is underlined in its colour, and where it came out is a band.
        assert image.getpixel((440, 157)) == (228, 87, 46)
        assert image.getpixel((100, 157)) == (43, 45, 49)
        assert image.getpixel((305, 14)) == (78, 80, 88)
    assert "2%, 3%, 5%" in str(english.description)
    assert str(english.description).endswith("It came to 60% to 70%.")
    assert "Es kam auf 60" in str(german.description)
    assert "It came to" not in describe(Texts("en-US"), BINS, None)
