"""What is written on networks. Nothing that people wrote is ever repeated in it.

All of it is in the language that is spoken, that of the community (`bot.community_language`).
"""

from collections.abc import Sequence

from bot.networks.network import Skip
from bot.people.message_commands import OPT_IN, OPT_OUT
from bot.people.own_words import HOW_TO_OPT_OUT, I_AM_A_BOT, OPTED_OUT
from bot.serving.forecast import Card, Ending, Outcome, OutcomeUnknown, OutcomeWaits
from bot.serving.number_format import percent
from bot.serving.phrases import (
    bucket_word,
    headline,
    knowledge_note,
    outcome_sentence,
    place_line,
    score_sentence,
    set_aside_note,
    standing_sentence,
    waiting_sentences,
)
from bot.texts.translate import gettext as _
from bot.texts.translate import mark

VOTES_ARE_IN = mark("The votes are in.")
#: Where there is no room for more.
A_BOT = mark("I am a bot.")

OPTED_IN = mark("Done: your posts are predicted again.")
UNREAD = mark("The final score could not be read in time, so this prediction does not count.")
NOT_NOW = mark("There is no prediction of this post that can be shown.")
#: Whose post cannot be predicted hears this.
SKIPPED = {
    Skip.UNREADABLE: mark("There is too little to be known of this post to predict it."),
    Skip.REMOVED: mark("This post was removed."),
    Skip.DELETED: mark("This post was deleted."),
    Skip.NSFW: mark("Posts marked as sensitive are not predicted here."),
    Skip.NO_IMAGE: mark("There is no image in this post that can be looked at."),
    Skip.TOO_OLD: mark("The votes on this post are in already: only new posts can be predicted."),
}


def opted_out_sentence() -> str:
    """What somebody hears who opted out."""
    return _(OPTED_OUT).format(word=f"`{OPT_IN}`")


def ending_sentence(ending: Ending, community: str) -> str:
    """What became of a prediction."""
    match ending:
        case OutcomeUnknown():
            return _(UNREAD)
        case OutcomeWaits():
            return " ".join(waiting_sentences(ending, community))
        case Outcome():
            standing = standing_sentence(
                ending.percentile, community, told=ending.told, few=ending.beats_few
            )
            return f"{outcome_sentence(ending)} {standing}"


class Markdown:
    """Texts in Markdown, of any length.

    Args:
        signature: the line at the end of each. ``{about}`` stands for the address of the page that
            says what the bot is, ``{what}`` for its name, ``{bot}`` for who is speaking,
            ``{out}`` for the word by which people opt out, ``{before}`` and ``{after}`` for what is
            said around it.
    """

    def __init__(self, signature: str) -> None:
        self._signature = signature

    def prediction(self, card: Card, community: str, about: str) -> str:
        """A prediction, what it means, and who says so.

        Args:
            community: ``r/aww``.
            about: address of the page that says what the bot is.
        """
        place = place_line(card, community)
        return self.plain(_paragraphs(card, community, place), about)

    def settled(self, ending: Ending, community: str, about: str) -> str:
        """A prediction with what became of it, which comes first."""
        said = ending_sentence(ending, community)
        card = _paragraphs(ending.card, community, None)
        return self.plain(f"**{_(VOTES_ARE_IN)}** {said}\n\n---\n\n{card}", about)

    def plain(self, sentence: str, about: str) -> str:
        """An answer without a prediction."""
        before, _word, after = _(HOW_TO_OPT_OUT).partition("{word}")
        signature = self._signature.format(
            about=about, what=_("What is this?"), bot=_(I_AM_A_BOT), out=OPT_OUT,
            before=before.strip(), after=after.strip(),
        )  # fmt: skip
        return f"{sentence}\n\n{signature}"


class Short:
    """Texts without markup for networks with a limit: what finds no room is left out.

    Args:
        most: characters that a text may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def prediction(self, card: Card, community: str, about: str) -> str:
        """A prediction, what it means, and who says so."""
        more = (score_sentence(card), knowledge_note(card, community), set_aside_note(card))
        return self._fit([headline(card, community), _chances(card)], more, about)

    def settled(self, ending: Ending, community: str, about: str) -> str:
        """A prediction with what became of it, which comes first."""
        said = f"{_(VOTES_ARE_IN)} {ending_sentence(ending, community)}"
        before = _("Before: {sentence}").format(sentence=headline(ending.card, community))
        return self._fit([said], (before, _chances(ending.card)), about)

    def plain(self, sentence: str, about: str) -> str:
        """An answer without a prediction."""
        return self._fit([sentence.replace("`", "")], (), about)

    def _fit(self, needed: Sequence[str], more: Sequence[str | None], about: str) -> str:
        short = _(HOW_TO_OPT_OUT).format(word=OPT_OUT)
        # Who says so, and how to be left alone, goes before all that can be left out.
        end = f"{_(I_AM_A_BOT)} {short} {about}"
        if len(" ".join([*needed, "\n", end])) > self._most:
            end = f"{_(A_BOT)} {short}"
        kept = list(needed)
        for each in more:
            if each is not None and len(" ".join([*kept, each])) + len(end) + 2 <= self._most:
                kept.append(each)
        said = " ".join(kept)
        room = self._most - len(end) - 2
        if len(said) > room:
            said = f"{said[: room - 1].rstrip()}…"
        return f"{said}\n\n{end}"


def _chances(card: Card) -> str:
    chances = (f"{bucket_word(each)} {percent(chance)}" for each, chance in card.chances.items())
    return _("Chances: {chances}.").format(chances=", ".join(chances))


def _paragraphs(card: Card, community: str, place: str | None) -> str:
    lines = [
        f"**{headline(card, community)}**",
        _chances(card),
        score_sentence(card),
        place,
        set_aside_note(card),
        knowledge_note(card, community),
    ]
    return "\n\n".join(line for line in lines if line is not None)
