"""A picture's attributes in a person's language."""

from bot.discord.texts.lookup import Texts
from bot.serving.attribute_phrases import named_expressions
from bot.serving.forecast import Card


def looks_like(texts: Texts, card: Card) -> str | None:
    """What people can read off the picture, in one line; None where there is nothing to name."""
    if card.attributes is None or card.blank:
        return None
    parts = []
    if card.attributes.genre is not None and card.attributes.genre.name is not None:
        parts.append(texts.genre(card.attributes.genre.name))
    if card.attributes.faces:
        faces = texts.count("faces", len(card.attributes.faces))
        expressions = (texts(f"expression.{name}") for name in named_expressions(card.attributes))
        parts.append(", ".join([faces, *expressions]))
    return texts("card.looks_like", parts=" · ".join(parts)) if parts else None
