"""A picture's attributes in plain words, one line."""

from bot.serving.forecast import Card
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, ngettext
from models.attributes.genre import GENRE_NAMES
from models.attributes.read import Attributes

#: Expressions that are named beside a number of faces, at most.
NAMED = 2
_EXPRESSION_NAMES = {
    "angry": mark("angry"),
    "disgust": mark("disgusted"),
    "fear": mark("afraid"),
    "happy": mark("happy"),
    "neutral": mark("neutral"),
    "sad": mark("sad"),
    "surprise": mark("surprised"),
}


def expression_word(name: str) -> str:
    """How a face with the expression looks: "afraid" for ``fear``."""
    return _(_EXPRESSION_NAMES.get(name, name))


def genre_name(name: str) -> str:
    """A genre as people read it: one that Peoria came with, or one of a community's own."""
    # A name of a community's own is in no catalogue, and stays as it is.
    return _(GENRE_NAMES[name]) if name in GENRE_NAMES else name


def looks_like(card: Card) -> str | None:
    """ "Looks like: text post · 2 faces, happy"; None where there is nothing to name."""
    if card.attributes is None or card.blank:
        return None
    parts = [_genre(card.attributes), _faces(card.attributes)]
    named = " · ".join(part for part in parts if part)
    return _("Looks like: {named}.").format(named=named) if named else None


def named_expressions(attributes: Attributes) -> list[str]:
    """Of models.attributes.expressions.EXPRESSIONS, those most of the faces have, at most two."""
    return attributes.expressions[:NAMED]


def _genre(attributes: Attributes) -> str | None:
    if attributes.genre is None or attributes.genre.name is None:
        return None
    return genre_name(attributes.genre.name)


def _faces(attributes: Attributes) -> str | None:
    count = len(attributes.faces or ())
    if not count:
        return None
    faces = ngettext("{count} face", "{count} faces", count).format(count=count)
    return ", ".join([faces, *map(expression_word, named_expressions(attributes))])
