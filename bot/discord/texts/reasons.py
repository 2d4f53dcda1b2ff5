"""Why something could not be told, stored so that everybody reads it in their own language."""

import json
from collections.abc import Sequence

import discord

from bot.discord.texts.catalogue import ENGLISH
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape

#: Characters of a stored sentence, or of Discord's own words, that are shown.
_LONGEST = 400
_PERMISSIONS, _KEY = "permissions", "key"


def stored_reason(key: str, *, permissions: Sequence[str] = (), **values: str | int) -> str:
    """A reason as it is stored.

    Args:
        key: of the text.
        permissions: discord.py's names of those that are missing.
        values: what the text speaks of; what people wrote is escaped by the caller.
    """
    return json.dumps({_KEY: key, _PERMISSIONS: [*permissions], **values}, ensure_ascii=False)


def refusal_reason(error: Exception) -> str:
    """Discord's refusal as it is stored."""
    cause = error.__cause__
    if isinstance(cause, discord.HTTPException):
        words = escape(cause.text or "-", _LONGEST)
        return stored_reason("reason.refused", status=cause.status, code=cause.code, words=words)
    return stored_reason("reason.fault", words=escape(str(error), _LONGEST))


def reason_words(texts: Texts, reason: str) -> str:
    """A stored reason in the reader's language; a sentence of an earlier version as it stands."""
    try:
        said = json.loads(reason)
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get(_KEY) not in ENGLISH:
        return escape(reason, _LONGEST)
    names = [permission_name(texts, str(each)) for each in said.pop(_PERMISSIONS, ())]
    return texts(said.pop(_KEY), permissions=", ".join(names), **said)


def permission_name(texts: Texts, name: str) -> str:
    """A permission as Discord's own settings call it."""
    key = f"permission.{name}"
    return texts(key) if key in ENGLISH else name.replace("_", " ").title()
