"""Names and descriptions of the commands, as Discord shows them in each person's language."""

from discord import Locale, app_commands

from bot.discord.texts.catalogue import ENGLISH
from bot.discord.texts.lookup import Texts


def label(key: str) -> app_commands.locale_str:
    """A text for a command's name, description or choice, to be translated by its key.

    Raises:
        KeyError: there is no such text.
    """
    return app_commands.locale_str(ENGLISH[key], key=key)


class CommandTranslator(app_commands.Translator):
    """What Discord shows of the commands to people who use it in another language."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text in ``locale``; None where it is English or has no key."""
        key, texts = string.extras.get("key"), Texts(locale)
        return None if key is None or texts.language == "en" else texts(key)
