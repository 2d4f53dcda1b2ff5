"""Everything that people read on Discord, in English: a file for each feature.

A key that ends in ``.one`` or ``.other`` is one of the plural forms of a text. Translations are in
``bot/texts/<language>.po``, by these keys.
"""

from bot.discord.texts.catalogue import (
    about,
    advise,
    audit,
    card,
    confirmation,
    digest,
    errors,
    games,
    history,
    leaderboard,
    managers,
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
    games,
    history,
    leaderboard,
    managers,
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
