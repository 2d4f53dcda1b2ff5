"""Sentences about predictions and outcomes, the same on the board, Reddit and the terminal."""

from collections.abc import Mapping

from bot.serving.forecast import Card, Familiarity, Outcome, OutcomeWaits, familiarity
from bot.serving.number_format import number, percent, signed
from bot.serving.second_look import SecondLook
from storage.tables import Post
from storage.types import Bucket, PostRefusal

#: While a prediction of the silent share is secret, and once it is shown.
STILL_SILENT = (
    "This prediction is kept secret until the votes are in, to measure what a public prediction"
    " does to the votes."
)
#: While predictions are not announced in their community.
UNANNOUNCED = (
    "Predictions are not announced here at present: this one is shown when the votes are in."
)
WAS_SILENT = "This prediction was kept secret until the votes were in."
#: A prediction that was made when the score was final already.
PREDICTED_AFTER_HORIZON = "This prediction came after the votes were in, so it does not count."

#: Of what a model version says that learned from nothing.
UNTRAINED = "Nothing was learned yet: to this model every outcome is as likely as any other."

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


#: Of an image without a picture.
NOTHING_TO_SEE = (
    "There is nothing to see here: the image has one colour, is noise, or is hardly more than a"
    " line."
)
#: What the sources of a post are called.
_SOURCES = {
    "image": "picture",
    "title": "title",
    "text": "text in the picture",
    "author": "record of the author",
    "time": "time of day",
}


def headline(card: Card, community: str) -> str:
    """The prediction in one sentence."""
    if card.blank:
        return NOTHING_TO_SEE
    if card.tells_beats and not card.untrained:
        return f"Would beat {percent(card.beats)} of the posts in {community}."
    return likely_sentence(card)


def likely_sentence(card: Card) -> str:
    """The most probable bucket, where one is or two are."""
    if not card.likely:
        return "Low, medium and high look equally likely."
    return f"Most likely {likely_words(card)}."


def likely_words(card: Card) -> str:
    """``medium (36%)`` or ``low or medium (40% each)``; one bucket or two are more probable."""
    names = " or ".join(bucket.value for bucket in card.likely)
    each = " each" if len(card.likely) > 1 else ""
    return f"{names} ({percent(card.chances[card.likely[0]])}{each})"


def pooled_headline(card: Card) -> str:
    """The prediction for no community in one sentence."""
    if card.blank:
        return NOTHING_TO_SEE
    if card.untrained:
        return UNTRAINED
    return (
        f"Would beat {percent(card.beats)} of the posts in a community like those it learned from."
    )


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
    if card.untrained:
        return UNTRAINED
    if card.quantiles == "platform":
        return f"{community} has little history yet: scores are borrowed from the whole platform."
    if card.quantiles == "none":
        return f"{community} has too little history to turn this into a score yet."
    return None


def set_aside_note(card: Card) -> str | None:
    """What the prediction does not go by; None where it goes by all that the post has."""
    names = [_SOURCES[source] for source in card.set_aside]
    if not names:
        return None
    several = len(names) > 1
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if several else names[0]
    return (
        f"The {listed} {'are' if several else 'is'} unlike anything that Peoria learned from, so"
        f" the prediction does not go by {'them' if several else 'it'}."
    )


#: Cells of the bar that says how well a place is known.
_CELLS = 10


def known_bar(known: float) -> str:
    """How well a place is known, 0 to 1, as a bar of text."""
    full = round(known * _CELLS)
    return "▰" * full + "▱" * (_CELLS - full)


def place_sentence(card: Card, community: str) -> str | None:
    """How well Peoria knows the place; None where no community's experts were asked."""
    place = card.place
    if place is None:
        return None
    word = f"How well Peoria knows {community}: {place.familiarity.value}."
    if place.familiarity is not Familiarity.NEW:
        return word
    if not place.tested:
        return (
            f"{word} None of its predictions here was checked against votes yet, so this is nearly"
            " the base rate."
        )
    if card.quantiles == "community":
        return f"{word} What it learned so far helps little here; this is close to the base rate."
    return f"{word} It is still learning this place; until then it shows nearly the base rate."


def place_line(card: Card, community: str) -> str | None:
    """`place_sentence` behind a bar of text."""
    sentence = place_sentence(card, community)
    if sentence is None or card.place is None:
        return None
    return f"{known_bar(card.place.known)} {sentence}"


def stats_place_sentence(known: float) -> str:
    """How well a place is known, 0 to 1, for the statistics of that place."""
    return f"{known_bar(known)} How well Peoria knows this place: {familiarity(known).value}."


def outcome_sentence(outcome: Outcome) -> str:
    """What was predicted and what happened."""
    before = _predicted(outcome.card)
    if not outcome.told:
        return f"{before} → score {number(outcome.score)}."
    mark = {True: " ✔", False: " ✘", None: ""}[outcome.right]
    return f"{before} → was {outcome.bucket.value}{mark}, score {number(outcome.score)}."


def waiting_sentences(outcome: OutcomeWaits, community: str) -> tuple[str, str]:
    """The final score, and what is missing until more can be said of it."""
    return (
        f"{_predicted(outcome.card)} → score {number(outcome.score)}.",
        missing_sentence(outcome.missing, outcome.needed, community),
    )


def missing_sentence(missing: int, needed: int, community: str) -> str:
    """What a final score waits for, and what will happen then."""
    return (
        f"Whether that is low, medium or high is said when posts in {community} have ended with"
        f" {needed} different scores; {missing} more {'is' if missing == 1 else 'are'} needed."
        " Guesses are scored then, too."
    )


def _predicted(card: Card) -> str:
    if not card.likely:
        return "Predicted low, medium and high alike"
    return f"Predicted {likely_words(card)}"


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


def standing_sentence(
    percentile: float, community: str, *, told: bool, few: tuple[int, int] | None
) -> str:
    """Where a score stands among the community's recent ones.

    Args:
        percentile: the middle of its interval, 0 to 1.
        community: its name.
        told: False while there is no other score to compare it with.
        few: how many others it beats, of how many, where these are too few for a share.
    """
    if not told:
        return f"There is no other score in {community} to compare it with yet."
    if few is not None:
        beaten, others = few
        ended = "post that has" if others == 1 else "posts that have"
        return f"It beats {beaten} of the {others} other {ended} ended in {community}."
    return f"That beats {percent(percentile)} of the recent posts in {community}."


def refusal_sentence(post: Post) -> str | None:
    """Why a post cannot be used, or gets no label; None for a post that was not refused."""
    if post.refusal_code is None:
        return None
    return _REFUSALS.get(post.refusal_code, post.refusal)
