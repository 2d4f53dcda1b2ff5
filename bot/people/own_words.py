"""What we write beside a command, so that whoever repeats it asks for nothing, in any language."""

import re
from functools import cache
from typing import Final

from bot.texts.language import LANGUAGES, speaking
from bot.texts.translate import gettext, mark

#: What every message on a network ends with; ``{word}`` is what people reply.
I_AM_A_BOT: Final = mark(
    "I am a bot that guesses how popular images will be, and comes back when the votes are in."
)
HOW_TO_OPT_OUT: Final = mark("Reply {word} and I leave your posts alone.")
#: What somebody hears who opted out.
OPTED_OUT: Final = mark(
    "Done: your posts are left alone from now on. Reply {word} if you change your mind."
)
#: Between the parts of a text that are looked for by themselves.
_BETWEEN: Final = re.compile(r"\{word\}|[.,:;、。]")
#: Shorter parts are anybody's words; a letter of Japanese says more.
_LEAST: Final = {"ja": 12}
_LEAST_LETTERS: Final = 18


@cache
def own_words() -> tuple[str, ...]:
    """Parts of these texts, in small letters and every language."""
    found: dict[str, None] = {}
    for language in LANGUAGES:
        with speaking(language):
            for text in (I_AM_A_BOT, HOW_TO_OPT_OUT, OPTED_OUT):
                for part in _BETWEEN.split(gettext(text).lower()):
                    if len(part.strip(" –")) >= _LEAST.get(language, _LEAST_LETTERS):
                        found[part.strip(" –")] = None
    return tuple(found)
