"""Sentences about predictions and outcomes, the same on the board, Reddit and the terminal."""

from collections.abc import Mapping

from bot.serving.forecast import Card, Familiarity, Outcome, familiarity
from bot.serving.number_format import number, percent, signed
from bot.serving.second_look import SecondLook
from storage.tables import Post
from storage.types import Bucket, PostRefusal

#: While a prediction of the silent share is secret, and once it is shown.
STILL_SILENT = (
    "This prediction is kept secret until the votes are in, to measure what a public prediction"
    " does to the votes."
)
WAS_SILENT = "This prediction was kept secret until the votes were in."
#: A prediction that was made when the score was final already.
PREDICTED_AFTER_HORIZON = "This prediction came after the votes were in, so it does not count."

#: Of an image that is for no community.
POOLED_VIEW = (
    "This is what all communities together taught, not one place: name one with --community to see"
    " what would be shown there."
)

_REFUSALS = {
    PostRefusal.NO_IMAGE: "The post has no image.",
    PostRefusal.IMAGE_UNREACHED: "The image could not be downloaded.",
    PostRefusal.SCORE_MISSED: (
        "Its score could not be read in time: what it was at the horizon is not known."
    ),
}


def beats_sentence(card: Card, community: str) -> str:
    """The prediction in one sentence."""
    return f"Would beat {percent(card.beats)} of the posts in {community}."


def score_sentence(card: Card) -> str | None:
    """The expected score with its 80% interval; None while there are no scores to read it from."""
    if card.score is None:
        return None
    low, median, high = card.score
    return f"Expected score {number(median)}, most likely {number(low)} to {number(high)}."


def heading_sentence(look: SecondLook, community: str) -> str:
    """Where a score is heading, from its early votes, and what that beats."""
    low, median, high = (number(point) for point in (look.low, look.median, look.high))
    heading = f"Now heading for {median}, most likely {low} to {high}."
    if look.beats is None:
        return heading
    return f"{heading} That would beat {percent(look.beats)} of the recent posts in {community}."


def knowledge_note(card: Card, community: str) -> str | None:
    """What the prediction cannot know yet; None when it uses the community's own history."""
    if max(card.bins) - min(card.bins) < 1e-9:
        return "Nothing was learned yet: to this model every outcome is as likely as any other."
    if card.quantiles == "platform":
        return f"{community} has little history yet: scores are borrowed from the whole platform."
    if card.quantiles == "none":
        return f"{community} has too little history to turn this into a score yet."
    return None


#: Cells of the bar that says how well a place is known.
_CELLS = 10


def known_bar(known: float) -> str:
    """How well a place is known, 0 to 1, as a bar of text."""
    full = round(known * _CELLS)
    return "▰" * full + "▱" * (_CELLS - full)


def place_sentence(card: Card, community: str) -> str | None:
    """How well Peoria knows the place; None where no community's experts were asked."""
    if card.known is None or card.familiarity is None:
        return None
    word = f"How well Peoria knows {community}: {card.familiarity.value}."
    if card.familiarity is not Familiarity.NEW:
        return word
    if card.quantiles == "community":
        return f"{word} What it learned so far helps little here; this is close to the base rate."
    return f"{word} It is still learning this place; until then it shows nearly the base rate."


def stats_place_sentence(known: float) -> str:
    """How well a place is known, 0 to 1, for the statistics of that place."""
    return f"{known_bar(known)} How well Peoria knows this place: {familiarity(known).value}."


def outcome_sentence(outcome: Outcome) -> str:
    """What was predicted and what happened."""
    card = outcome.card
    chance = {"low": card.p_low, "medium": card.p_medium, "high": card.p_high}[card.bucket]
    if not outcome.told:
        return f"Predicted {card.bucket.value} ({percent(chance)}) → score {number(outcome.score)}."
    mark = "✔" if card.bucket is outcome.bucket else "✘"
    return (
        f"Predicted {card.bucket.value} ({percent(chance)}) → was {outcome.bucket.value} {mark},"
        f" score {number(outcome.score)}."
    )


def guesses_sentence(counts: Mapping[Bucket, int]) -> str:
    """How many people guessed each bucket; at least one person did."""
    said = (f"{counts[each]} guessed {each.value}" for each in reversed(Bucket) if counts.get(each))
    return f"{', '.join(said)}."


def own_guess_sentence(bucket: Bucket, points: float | None) -> str:
    """What a person guessed and, once it is scored, what it earned them."""
    if points is None:
        return f"You guessed {bucket.value}."
    mark = "✔" if points > 0 else "✘"
    return f"You guessed {bucket.value} {mark} {signed(points)} points."


def label_sentence(bucket: Bucket, score: float) -> str:
    """The outcome of a post that was never predicted."""
    return f"Was {bucket.value}, score {number(score)}."


def standing_sentence(percentile_low: float, percentile_high: float, community: str) -> str:
    """Where a label stands among the community's recent ones, from its percentile interval."""
    if percentile_low <= 0 and percentile_high >= 1:
        return f"There is no other score in {community} to compare it with yet."
    middle = (percentile_low + percentile_high) / 2
    return f"That beats {percent(middle)} of the recent posts in {community}."


def refusal_sentence(post: Post) -> str | None:
    """Why a post cannot be used, or gets no label; None for a post that was not refused."""
    if post.refusal_code is None:
        return None
    return _REFUSALS.get(post.refusal_code, post.refusal)
