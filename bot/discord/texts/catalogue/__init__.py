"""Everything that people read on Discord: a file for each feature, with all its languages.

A key that ends in ``.one`` or ``.other`` is one of the plural forms of a text.
"""

from bot.discord.texts.catalogue import (
    about,
    advise,
    audit,
    card,
    confirmation,
    digest,
    errors,
    history,
    leaderboard,
    me,
    meme,
    model,
    outcomes,
    posters,
    predict,
    privacy,
    replies,
    settings,
    stats,
    watch,
    words,
)

#: The files of the catalogue.
FEATURES = (
    about,
    advise,
    audit,
    card,
    confirmation,
    digest,
    errors,
    history,
    leaderboard,
    me,
    meme,
    model,
    outcomes,
    posters,
    predict,
    privacy,
    replies,
    settings,
    stats,
    watch,
    words,
)

ENGLISH: dict[str, str] = {key: text for each in FEATURES for key, text in each.ENGLISH.items()}
GERMAN: dict[str, str] = {key: text for each in FEATURES for key, text in each.GERMAN.items()}
