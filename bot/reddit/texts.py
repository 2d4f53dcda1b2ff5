"""What is written on Reddit, as Markdown. Nothing that people wrote is ever repeated in it."""

from bot.serving.forecast import Card, Outcome, OutcomeUnknown
from bot.serving.number_format import percent
from bot.serving.phrases import (
    beats_sentence,
    knowledge_note,
    known_bar,
    outcome_sentence,
    place_sentence,
    score_sentence,
    standing_sentence,
)

#: Words that people say to the bot, in a comment or a message.
PREDICT, OPT_OUT, OPT_IN = "!predict", "!optout", "!optin"

#: Parts of what we write beside a command, in small letters: who repeats them asks for nothing.
OWN_WORDS = (
    "i am a bot that guesses how popular images will be",
    "and i leave your posts alone",
    "your posts are left alone from now on",
    "if you change your mind",
)

OPTED_OUT = (
    f"Done: your posts are left alone from now on. Reply `{OPT_IN}` if you change your mind."
)
OPTED_IN = "Done: your posts are predicted again."
UNREAD = "The final score could not be read in time, so this prediction does not count."
STILL_WAITING = "The image could not be read yet, so there is no prediction."


def prediction_text(card: Card, community: str, about: str) -> str:
    """A prediction, what it means, and who says so.

    Args:
        community: ``r/aww``.
        about: address of the page that says what the bot is.
    """
    return f"{_card(card, community)}\n\n{_signature(about)}"


def settled_text(outcome: Outcome | OutcomeUnknown, community: str, about: str) -> str:
    """A prediction with its outcome, which comes first."""
    if isinstance(outcome, OutcomeUnknown):
        verdict = f"**The votes are in.** {UNREAD}"
    else:
        interval = (outcome.percentile, outcome.percentile) if outcome.told else (0.0, 1.0)
        standing = standing_sentence(*interval, community)
        verdict = f"**The votes are in.** {outcome_sentence(outcome)} {standing}"
    return f"{verdict}\n\n---\n\n{_card(outcome.card, community)}\n\n{_signature(about)}"


def plain_text(sentence: str, about: str) -> str:
    """An answer without a prediction."""
    return f"{sentence}\n\n{_signature(about)}"


def _card(card: Card, community: str) -> str:
    chances = ", ".join(
        f"{word} {percent(chance)}"
        for word, chance in (("low", card.p_low), ("medium", card.p_medium), ("high", card.p_high))
    )
    lines = [
        f"**{beats_sentence(card, community)}**",
        f"Chances: {chances}.",
        score_sentence(card),
        _place(card, community),
        knowledge_note(card, community),
    ]
    return "\n\n".join(line for line in lines if line is not None)


def _place(card: Card, community: str) -> str | None:
    sentence = place_sentence(card, community)
    return (
        sentence
        if sentence is None or card.known is None
        else f"{known_bar(card.known)} {sentence}"
    )


def _signature(about: str) -> str:
    return (
        "^(I am a bot that guesses how popular images will be, and comes back when the votes are"
        f" in.) [^(What is this?)]({about}) ^(· Reply) `{OPT_OUT}` ^(and I leave your posts alone.)"
    )
