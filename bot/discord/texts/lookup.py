"""Texts by key, in the reader's language, with numbers as that language writes them."""

from collections.abc import Mapping

from discord import Locale

from bot.discord.texts.catalogue import ENGLISH, GERMAN
from bot.discord.texts.markdown import escape
from bot.serving import number_format
from bot.serving.number_format import Language

LANGUAGES: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}

#: Longest name of a genre that is shown, characters.
_GENRE = 40


def language_of(locale: Locale | str | None) -> Language:
    """The language of a locale such as ``de`` or ``en-GB``; English where there is no other."""
    return "de" if str(locale).partition("-")[0] == "de" else "en"


class Texts:
    """The texts in one language.

    A text is looked up by its key and filled with named values. Values are put in as they are:
    the caller escapes names and titles that people chose
    (`bot.discord.texts.markdown`).

    Args:
        locale: Discord's name of it, such as ``de`` or ``en-GB``.
    """

    def __init__(self, locale: Locale | str | None = None) -> None:
        self.language = language_of(locale)
        self._texts = LANGUAGES[self.language]

    def __call__(self, key: str, **values: object) -> str:
        """The text of ``key`` with its values put in.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        return self._texts[key].format(**values) if values else self._texts[key]

    def count(self, key: str, n: int, **values: object) -> str:
        """The text of ``key`` in the plural form that goes with the number ``n``.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        form = number_format.plural_form(n, self.language)
        return self(f"{key}.{form}", n=self.number(n), **values)

    def genre(self, name: str) -> str:
        """What a genre is called: one that Peoria came with, or one of a community's own."""
        return self._texts.get(f"genre.{name}", escape(name, _GENRE))

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
