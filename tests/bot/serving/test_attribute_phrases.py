"""What a picture looks like, in one line."""

from dataclasses import replace

import numpy as np
import pytest

from bot.discord.texts.looks_like import looks_like as discord_line
from bot.discord.texts.lookup import Texts
from bot.serving.attribute_phrases import looks_like
from bot.serving.forecast import Card, read_card
from bot.texts.language import LANGUAGES
from models.attributes.expressions import EXPRESSIONS
from models.attributes.genre import GENRES, Genre
from models.attributes.look import Look
from models.attributes.read import Attributes, Face
from models.percentiles import BucketRule, Quantiles


def card(genre: str | None, *expressions: str | None) -> Card:
    """A card of a picture of that genre, with a face of each expression (None: not read)."""
    faces = tuple(
        Face((0, 0, 1, 1), 0.9, None if name is None else {name: 0.9, "neutral": 0.1})
        for name in expressions
    )
    look = Look(10.0, 0.1, 0.5, None, len(faces))
    attributes = Attributes(Genre(genre, dict.fromkeys(GENRES, 1 / len(GENRES))), faces, look)
    plain = read_card(np.full(10, 0.1), Quantiles((), "none"), BucketRule(), "v1")
    return replace(plain, attributes=attributes)


@pytest.mark.parametrize(
    ("shown", "english", "german"),
    [
        (card(None), None, None),
        (card("text_post"), "Looks like: text post.", "Sieht aus wie: Text-Post."),
        (card(None, "happy"), "Looks like: 1 face, happy.", "Sieht aus wie: 1 Gesicht, fröhlich."),
        (
            card("rage_comic", "fear", "fear", "sad", "happy", None),
            "Looks like: rage comic · 5 faces, afraid, sad.",
            "Sieht aus wie: Rage-Comic · 5 Gesichter, ängstlich, traurig.",
        ),
        (replace(card("text_post"), blank=True), None, None),
        (replace(card("text_post"), attributes=None), None, None),
    ],
)
def test_a_picture_in_words(shown: Card, english: str | None, german: str | None) -> None:
    assert looks_like(shown) == english
    assert discord_line(Texts("en-GB"), shown) == english
    assert discord_line(Texts("de"), shown) == german


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_genre_and_expression_has_a_name(language: str) -> None:
    for genre in GENRES:
        assert discord_line(Texts(language), card(genre))
    for expression in EXPRESSIONS:
        assert discord_line(Texts(language), card(None, expression))
