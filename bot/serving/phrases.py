"""Sentences about predictions and outcomes, the same on the board, Reddit and the terminal.

They are in the language that is spoken; the constants are marked, and translated where they are
shown.
"""

from collections.abc import Mapping

from bot.serving.forecast import Card, Familiarity, Outcome, OutcomeWaits, familiarity
from bot.serving.number_format import number, percent, signed
from bot.serving.second_look import SecondLook
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, ngettext, retell
from storage.tables import Post
from storage.types import Bucket, PostRefusal

#: While a prediction of the silent share is secret, and once it is shown.
STILL_SILENT = mark(
    "This prediction is kept secret until the votes are in, to measure what a public prediction"
    " does to the votes."
)
#: While predictions are not announced in their community.
UNANNOUNCED = mark(
    "Predictions are not announced here at present: this one is shown when the votes are in."
)
WAS_SILENT = mark("This prediction was kept secret until the votes were in.")
#: A prediction that was made when the score was final already.
PREDICTED_AFTER_HORIZON = mark(
    "This prediction came after the votes were in, so it does not count."
)

#: Of what a model version says that learned from nothing.
UNTRAINED = mark("Nothing was learned yet: to this model every outcome is as likely as any other.")

#: Of an image that is for no community.
POOLED_VIEW = (
    "This is what all communities together taught, not one place: name one with --community to see"
    " what would be shown there."
)

_REFUSALS = {
    PostRefusal.NO_IMAGE: mark("The post has no image."),
    PostRefusal.IMAGE_UNREACHED: mark("The image could not be downloaded."),
    PostRefusal.SCORE_MISSED: mark(
        "Its score could not be read in time: what it was at the horizon is not known."
    ),
}


#: Of an image without a picture.
NOTHING_TO_SEE = mark(
    "There is nothing to see here: the image has one colour, is noise, or is hardly more than a"
    " line."
)
#: What the sources of a post are called.
_SOURCES = {
    "image": mark("picture"),
    "title": mark("title"),
    "text": mark("text in the picture"),
    "author": mark("record of the author"),
    "time": mark("time of day"),
}
_BUCKETS = {
    Bucket.LOW: mark("low"),
    Bucket.MEDIUM: mark("medium"),
    Bucket.HIGH: mark("high"),
}
_BUCKET_NAMES = {
    Bucket.LOW: mark("Low"),
    Bucket.MEDIUM: mark("Medium"),
    Bucket.HIGH: mark("High"),
}


def bucket_word(bucket: Bucket) -> str:
    """A bucket within a sentence: ``high``."""
    return _(_BUCKETS[bucket])


def bucket_name(bucket: Bucket) -> str:
    """A bucket by itself, on a button: ``High``."""
    return _(_BUCKET_NAMES[bucket])


def headline(card: Card, community: str) -> str:
    """The prediction in one sentence."""
    if card.blank:
        return _(NOTHING_TO_SEE)
    if card.tells_beats and not card.untrained:
        return _("Would beat {share} of the posts in {community}.").format(
            share=percent(card.beats), community=community
        )
    return likely_sentence(card)


def likely_sentence(card: Card) -> str:
    """The most probable bucket, where one is or two are."""
    if not card.likely:
        return _("Low, medium and high look equally likely.")
    return _("Most likely {likely}.").format(likely=likely_words(card))


def likely_words(card: Card) -> str:
    """``medium (36%)`` or ``low or medium (40% each)``; one bucket or two are more probable."""
    share = percent(card.chances[card.likely[0]])
    names = [bucket_word(bucket) for bucket in card.likely]
    if len(names) == 1:
        return f"{names[0]} ({share})"
    return _("{first} or {second} ({share} each)").format(
        first=names[0], second=names[1], share=share
    )


def pooled_headline(card: Card) -> str:
    """The prediction for no community in one sentence."""
    if card.blank:
        return _(NOTHING_TO_SEE)
    if card.untrained:
        return _(UNTRAINED)
    return _("Would beat {share} of the posts in a community like those it learned from.").format(
        share=percent(card.beats)
    )


def score_sentence(card: Card) -> str | None:
    """The expected score with its 80% interval; None while there are no scores to read it from."""
    if card.score is None:
        return None
    low, median, high = card.score
    return _("Expected score {median}, most likely {low} to {high}.").format(
        median=number(median), low=number(low), high=number(high)
    )


def heading_sentence(look: SecondLook, community: str) -> str:
    """Where a score is heading, from its early votes, and what that beats."""
    low, median, high = (number(point) for point in (look.low, look.median, look.high))
    heading = _("Now heading for {median}, most likely {low} to {high}.").format(
        median=median, low=low, high=high
    )
    if look.beats is None:
        return heading
    beats = _("That would beat {share} of the recent posts in {community}.").format(
        share=percent(look.beats), community=community
    )
    return f"{heading} {beats}"


def knowledge_note(card: Card, community: str) -> str | None:
    """What the prediction cannot know yet; None when it uses the community's own history."""
    if card.untrained:
        return _(UNTRAINED)
    if card.quantiles == "platform":
        return _(
            "{community} has little history yet: scores are borrowed from the whole platform."
        ).format(community=community)
    if card.quantiles == "none":
        return _("{community} has too little history to turn this into a score yet.").format(
            community=community
        )
    return None


def set_aside_note(card: Card) -> str | None:
    """What the prediction does not go by; None where it goes by all that the post has."""
    names = [_(_SOURCES[source]) for source in card.set_aside]
    if not names:
        return None
    listed = names[0]
    if len(names) > 1:
        listed = _("{list} and {last}").format(list=", ".join(names[:-1]), last=names[-1])
    return ngettext(
        "The {sources} is unlike anything that Peoria learned from, so the prediction does not go"
        " by it.",
        "The {sources} are unlike anything that Peoria learned from, so the prediction does not go"
        " by them.",
        len(names),
    ).format(sources=listed)


#: Cells of the bar that says how well a place is known.
_CELLS = 10


def known_bar(known: float) -> str:
    """How well a place is known, 0 to 1, as a bar of text."""
    full = round(known * _CELLS)
    return "▰" * full + "▱" * (_CELLS - full)


def place_sentence(card: Card, community: str) -> str | None:
    """How well Peoria knows the place.

    None where no community's experts were asked, and of a model that learned from nothing.
    """
    place = card.place
    if place is None or card.untrained:
        return None
    word = _("How well Peoria knows {community}: {how}.").format(
        community=community, how=_(place.familiarity.value)
    )
    if place.familiarity is not Familiarity.NEW:
        return word
    if not place.tested:
        why = _(
            "It is still learning this place: none of its predictions here was checked against"
            " votes yet. Until then it says nearly the same of every post (the base rate)."
        )
    elif card.quantiles == "community":
        why = _(
            "What it learned helps little here so far: it says nearly the same of every post (the"
            " base rate)."
        )
    else:
        why = _(
            "It is still learning this place and says nearly the same of every post (the base"
            " rate)."
        )
    return f"{word} {why}"


def place_line(card: Card, community: str) -> str | None:
    """`place_sentence` behind a bar of text."""
    sentence = place_sentence(card, community)
    if sentence is None or card.place is None:
        return None
    return f"{known_bar(card.place.known)} {sentence}"


def stats_place_sentence(known: float) -> str:
    """How well a place is known, 0 to 1, for the statistics of that place."""
    words = _("How well Peoria knows this place: {how}.").format(how=_(familiarity(known).value))
    return f"{known_bar(known)} {words}"


def outcome_sentence(outcome: Outcome) -> str:
    """What was predicted and what happened."""
    before = _predicted(outcome.card)
    if not outcome.told:
        return _score_words(before, outcome.score)
    sign = {True: " ✔", False: " ✘", None: ""}[outcome.right]
    return _("{predicted} → was {bucket}{mark}, score {score}.").format(
        predicted=before, bucket=bucket_word(outcome.bucket), mark=sign,
        score=number(outcome.score),
    )  # fmt: skip


def waiting_sentences(outcome: OutcomeWaits, community: str) -> tuple[str, str]:
    """The final score, and what is missing until more can be said of it."""
    return (
        _score_words(_predicted(outcome.card), outcome.score),
        missing_sentence(outcome.missing, outcome.needed, community),
    )


def missing_sentence(missing: int, needed: int, community: str) -> str:
    """What a final score waits for, and what will happen then."""
    return ngettext(
        "Whether that is low, medium or high is said when posts in {community} have ended with"
        " {needed} different scores; {missing} more is needed. Guesses are scored then, too.",
        "Whether that is low, medium or high is said when posts in {community} have ended with"
        " {needed} different scores; {missing} more are needed. Guesses are scored then, too.",
        missing,
    ).format(community=community, needed=needed, missing=missing)


def _score_words(predicted: str, score: float) -> str:
    return _("{predicted} → score {score}.").format(predicted=predicted, score=number(score))


def _predicted(card: Card) -> str:
    if not card.likely:
        return _("Predicted low, medium and high alike")
    return _("Predicted {likely}").format(likely=likely_words(card))


def guesses_sentence(counts: Mapping[Bucket, int]) -> str:
    """How many people guessed each bucket; at least one person did."""
    said = (
        _("{count} guessed {bucket}").format(count=counts[each], bucket=bucket_word(each))
        for each in reversed(Bucket)
        if counts.get(each)
    )
    return f"{', '.join(said)}."


def own_guess_sentence(bucket: Bucket, points: float | None) -> str:
    """What a person guessed and, once it is scored, what it earned them."""
    if points is None:
        return _("You guessed {bucket}.").format(bucket=bucket_word(bucket))
    return _("You guessed {bucket} {mark} {points} points.").format(
        bucket=bucket_word(bucket), mark="✔" if points > 0 else "✘", points=signed(points)
    )


def label_sentence(bucket: Bucket, score: float) -> str:
    """The outcome of a post that was never predicted."""
    return _("Was {bucket}, score {score}.").format(bucket=bucket_word(bucket), score=number(score))


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
        return _("There is no other score in {community} to compare it with yet.").format(
            community=community
        )
    if few is not None:
        beaten, others = few
        return ngettext(
            "It beats {beaten} of the {others} other post that has ended in {community}.",
            "It beats {beaten} of the {others} other posts that have ended in {community}.",
            others,
        ).format(beaten=beaten, others=others, community=community)
    return _("That beats {share} of the recent posts in {community}.").format(
        share=percent(percentile), community=community
    )


def refusal_sentence(post: Post) -> str | None:
    """Why a post cannot be used, or gets no label; None for a post that was not refused."""
    if post.refusal_code is None:
        return None
    why = _REFUSALS.get(post.refusal_code, post.refusal)
    return None if why is None else retell(why)
