"""Who may guess on a post, whatever the game."""

import discord

from bot.discord.gateway.guild_options import VOTER_DAYS, options_of
from bot.discord.gateway.post_rules import is_ignored, is_old_enough
from bot.discord.ui.error_replies import Refused
from bot.league import guesses as guessing
from bot.league.guesses import GuessRefused
from storage.tables import Post

#: What `GuessRefused` says, by the text that says the same in the reader's language.
_REFUSALS = {
    guessing.CLOSED: "guess.closed",
    guessing.OWN_POST: "guess.own_post",
    guessing.OPTED_OUT: "guess.opted_out",
    guessing.NO_SUCH_POST: "guess.no_such_post",
    guessing.NOTHING_TO_GUESS: "guess.nothing_to_guess",
    guessing.BOTS_DO_NOT_PLAY: "guess.bots",
    guessing.USED_UP: "guess.limit",
}


def check_may_play(user: discord.User | discord.Member, post: Post, person: str) -> None:
    """Refuse a guess of who is left out in the channel, or whose account is too young.

    Args:
        user: who guesses.
        post: with its community loaded.
        person: their keyed hash.

    Raises:
        Refused: and why.
    """
    roles = [each.id for each in getattr(user, "roles", ())]
    if is_ignored(post.community.options, person, roles):
        raise Refused("guess.left_out")
    days = options_of(post.options, post.community.options).get(VOTER_DAYS)
    if not is_old_enough(user.id, days, post.posted_at):
        raise Refused("guess.too_young", days=days)


def in_their_language(refusal: GuessRefused, *, most: int | None = None) -> Exception:
    """A refusal whose sentence is the reader's own, where there is one.

    Args:
        most: guesses of one person in a day.
    """
    key = _REFUSALS.get(str(refusal))
    return refusal if key is None else Refused(key, most=most)
