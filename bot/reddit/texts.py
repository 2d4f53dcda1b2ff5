"""What is written on Reddit, as Markdown. Nothing that people wrote is ever repeated in it."""

from datetime import datetime

from bot.people.message_commands import OPT_IN, OPT_OUT
from bot.serving.forecast import Card, Ending, Outcome, OutcomeUnknown, OutcomeWaits
from bot.serving.number_format import percent
from bot.serving.phrases import (
    headline,
    knowledge_note,
    outcome_sentence,
    place_line,
    score_sentence,
    set_aside_note,
    standing_sentence,
    waiting_sentences,
)
from storage.types import Bucket

OPTED_OUT = (
    f"Done: your posts are left alone from now on. Reply `{OPT_IN}` if you change your mind."
)
OPTED_IN = "Done: your posts are predicted again."
UNREAD = "The final score could not be read in time, so this prediction does not count."
GUESS_FIRST = (
    "People guess first here: the prediction is shown when guessing has closed. `!guess low`,"
    " `!guess medium` or `!guess high` in a comment is a guess."
)
STILL_WAITING = "The image could not be read yet, so there is no prediction."


def prediction_text(card: Card, community: str, about: str) -> str:
    """A prediction, what it means, and who says so.

    Args:
        community: ``r/aww``.
        about: address of the page that says what the bot is.
    """
    return f"{_card(card, community, place_line(card, community))}\n\n{_signature(about)}"


def settled_text(ending: Ending, community: str, about: str) -> str:
    """A prediction with what became of it, which comes first."""
    match ending:
        case OutcomeUnknown():
            said = UNREAD
        case OutcomeWaits():
            said = " ".join(waiting_sentences(ending, community))
        case Outcome():
            standing = standing_sentence(
                ending.percentile, community, told=ending.told, few=ending.beats_few
            )
            said = f"{outcome_sentence(ending)} {standing}"
    return (
        f"**The votes are in.** {said}\n\n---\n\n{_card(ending.card, community, None)}"
        f"\n\n{_signature(about)}"
    )


def plain_text(sentence: str, about: str) -> str:
    """An answer without a prediction."""
    return f"{sentence}\n\n{_signature(about)}"


def guess_text(bucket: Bucket | None, closes_at: datetime | None) -> str:
    """What became of a guess; None: it does not count."""
    if bucket is None:
        return "This guess does not count: it is too late, the post is your own, or you opted out."
    until = "" if closes_at is None else f" It can be changed until {closes_at:%H:%M} UTC."
    return f"Your guess counts: {bucket.value}.{until}"


def _card(card: Card, community: str, place: str | None) -> str:
    chances = ", ".join(f"{word} {percent(chance)}" for word, chance in card.chances.items())
    lines = [
        f"**{headline(card, community)}**",
        f"Chances: {chances}.",
        score_sentence(card),
        place,
        set_aside_note(card),
        knowledge_note(card, community),
    ]
    return "\n\n".join(line for line in lines if line is not None)


def _signature(about: str) -> str:
    return (
        "^(I am a bot that guesses how popular images will be, and comes back when the votes are"
        f" in.) [^(What is this?)]({about}) ^(· Reply) `{OPT_OUT}` ^(and I leave your posts alone.)"
    )
