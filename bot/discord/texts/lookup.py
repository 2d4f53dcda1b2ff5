"""Texts by key, in the reader's language, with numbers as that language writes them."""

from typing import Final

from discord import Locale

from bot.discord.texts.catalogue import ENGLISH
from bot.discord.texts.markdown import escape
from bot.serving import number_format
from bot.texts.language import Language, language_of
from bot.texts.translate import catalogue_of

#: What the contexts of Discord's texts begin with in the catalogues; the key follows.
CONTEXT: Final = "discord "
#: Longest name of a genre that is shown, characters.
_GENRE = 40


class Texts:
    """The texts in one language.

    A text is looked up by its key and filled with named values. Values are put in as they are:
    the caller escapes names and titles that people chose
    (`bot.discord.texts.markdown`).

    Args:
        locale: Discord's name of it, such as ``de`` or ``en-GB``.
    """

    def __init__(self, locale: Locale | str | None = None) -> None:
        self.language: Language = language_of(str(locale)) or "en"
        self._catalogue = catalogue_of(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of ``key`` with its values put in.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        english = ENGLISH[key]
        found = self._catalogue.find(english, CONTEXT + key)
        text = found[0] if found else english
        return text.format(**values) if values else text

    def count(self, key: str, n: int, **values: object) -> str:
        """The text of ``key`` in the plural form that goes with the number ``n``.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        one, other = ENGLISH[f"{key}.one"], ENGLISH[f"{key}.other"]
        found = self._catalogue.find(one, CONTEXT + key)
        text = found[self._catalogue.form(n)] if found else (one if n == 1 else other)
        return text.format(n=self.number(n), **values)

    def genre(self, name: str) -> str:
        """What a genre is called: one that Peoria came with, or one of a community's own."""
        key = f"genre.{name}"
        return self(key) if key in ENGLISH else escape(name, _GENRE)

    def number(self, value: float, digits: int = 0) -> str:
        """A number: ``1,234.5`` or ``1.234,5``."""
        return number_format.number(value, digits, self.language)

    def percent(self, share: float) -> str:
        """A share (0 to 1) as people say it."""
        return number_format.percent(share, self.language)

    def duration(self, seconds: float) -> str:
        """A length of time in the units in which people set it, to the minute."""
        minutes = round(seconds / 60)
        hours, rest = divmod(minutes, 60)
        if hours >= 48 and hours % 24 == 0 and not rest:
            return number_format.units(hours // 24, "day", self.language)
        parts = [number_format.units(hours, "hour", self.language)] if hours else []
        if rest or not hours:
            parts.append(number_format.units(rest, "minute", self.language))
        return " ".join(parts)
