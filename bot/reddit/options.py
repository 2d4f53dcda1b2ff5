"""Keys of `Community.options` that only Reddit knows, and how they are read."""

from dataclasses import replace
from typing import Final

from bot.reddit.items import Rules
from storage.tables import Community

#: Whether people guess by a comment; whether a guess is answered.
GUESSES: Final = "guesses"
ANSWER_GUESSES: Final = "answer_guesses"
#: Whether forecasters get a flair, and posts one with what became of them.
FORECASTER_FLAIR: Final = "forecaster_flair"
POST_FLAIR: Final = "post_flair"
#: Whether these posts are taken; unset: as the settings of Peoria say.
CROSSPOSTS: Final = "crossposts"
NSFW: Final = "nsfw"
#: Whether the flair of new posts is read as words of their titles.
FLAIR_WORDS: Final = "flair_words"
#: Whether moderators are told of what concerns their subreddit; unset: where we moderate it.
NOTICES: Final = "notices"
#: Most comments within an hour, where that is less than the settings of Peoria say.
REPLIES_PER_HOUR: Final = "replies_per_hour"
#: What was read last of the wiki page: its revision, and the settings that it named.
WIKI: Final = "wiki"


def rules_for(community: Community, rules: Rules) -> Rules:
    """Which submissions of a subreddit are taken, as its moderators wish."""
    options = community.options
    return replace(
        rules,
        nsfw=bool(options.get(NSFW, rules.nsfw)),
        crossposts=bool(options.get(CROSSPOSTS, rules.crossposts)),
        flair=bool(options.get(FLAIR_WORDS)),
    )
