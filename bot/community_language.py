"""The language in which a community is written to where its platform has none of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bot.texts.language import LANGUAGES, Language, speaking
from storage.tables import Community

#: The key of `Community.options`; unset: English.
LANGUAGE: Final = "language"


def language_for(community: Community) -> Language:
    """What is spoken in a community."""
    chosen = community.options.get(LANGUAGE)
    return next((each for each in LANGUAGES if each == chosen), "en")


@contextmanager
def speaking_in(community: Community) -> Iterator[None]:
    """Speak the community's language within."""
    with speaking(language_for(community)):
        yield
