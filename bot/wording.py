"""How predictions are put into words: the same sentences on every platform and on the terminal."""

from bot.cards import Card, Outcome


def percent(share: float) -> str:
    """A share (0 to 1) as people say it; never a certainty that a forecast cannot have."""
    if 0 < share < 0.01:
        return "under 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{share:.0%}"


def number(score: float) -> str:
    """A score, rounded to what a forecast can know."""
    return f"{round(score):,}"


def beats_sentence(card: Card, community: str) -> str:
    """What the prediction comes to, in one sentence."""
    return f"Would beat {percent(card.beats)} of the posts in {community}."


def score_sentence(card: Card) -> str | None:
    """The expected score with its 80% interval; None while nothing is known to read it off."""
    if card.score is None:
        return None
    low, median, high = card.score
    return f"Expected score {number(median)}, most likely {number(low)} to {number(high)}."


def knowledge_note(card: Card, community: str) -> str | None:
    """What the prediction cannot know yet; None when it rests on the community's own history."""
    if max(card.bins) - min(card.bins) < 1e-9:
        return "Nothing was learned yet: to this model every outcome is as likely as any other."
    if card.quantiles == "platform":
        return f"{community} has little history yet: scores are borrowed from the whole platform."
    if card.quantiles == "none":
        return f"{community} has too little history to turn this into a score yet."
    return None


def outcome_sentence(outcome: Outcome) -> str:
    """Predicted and real, side by side."""
    card = outcome.card
    chance = {"low": card.p_low, "medium": card.p_medium, "high": card.p_high}[card.bucket]
    mark = "✔" if card.bucket is outcome.bucket else "✘"
    return (
        f"Predicted {card.bucket.value} ({percent(chance)}) → was {outcome.bucket.value} {mark},"
        f" score {number(outcome.score)}."
    )
