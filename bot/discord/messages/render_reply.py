"""What stands under a post: a prediction to be guessed at, the same when guessing has closed, and
at the horizon its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import discord

from bot.discord.messages.render_card import bars, card_message, likely_words
from bot.discord.texts.lookup import Texts
from bot.discord.ui.guess_buttons import buttons_when_closed, buttons_when_open
from bot.league.guesses import guessing_is_open
from bot.league.secrecy import Reader, Secret, why_secret
from bot.serving.duplicates import Duplicate
from bot.serving.forecast import Card, Outcome, OutcomeUnknown, OutcomeWaits
from bot.serving.second_look import SecondLook
from storage.tables import Post
from storage.types import Bucket

_COLOURS = {True: 0x2E9E5B, False: 0x9AA0A6}


@dataclass(frozen=True, slots=True)
class ReplyMessage:
    """What to send or to change a reply into."""

    embed: discord.Embed
    view: discord.ui.View
    picture: discord.File | None = None


@dataclass(frozen=True, slots=True)
class RightGuess:
    """The guess that was right first: what it was, and how Discord shows who made it."""

    bucket: Bucket
    name: str


def reply_message(
    texts: Texts,
    post: Post,
    card: Card,
    *,
    images: int,
    seen: Duplicate | None,
    tally: Mapping[Bucket, int],
    second_look: SecondLook | None,
    now: datetime,
) -> ReplyMessage:
    """The reply before the outcome is known.

    Args:
        texts: the server's language.
        post: with its community loaded.
        card: the prediction.
        images: how many the post has.
        seen: an earlier post of the same image.
        tally: how many people guessed what.
        second_look: where early votes say that it is heading. Shown once guessing has closed:
            before, it would tell those who guess.
        now: aware.
    """
    community = f"<#{post.community.source_id}>"
    is_open = guessing_is_open(post, now)
    # Everybody in the channel reads it.
    if why_secret(post, Reader(), now, votes_are_in=False) is Secret.GUESS_FIRST:
        when = _when(post.guessing_closed_at)
        embed = discord.Embed(
            title=texts("card.heading"),
            description=texts("reply.blind", when=when),
            colour=_COLOURS[False],
        )
        embed.set_footer(text=texts("card.footer", version=card.model_version))
        return ReplyMessage(embed, buttons_when_open(texts, post.id, blind=True))
    if is_open:
        note = texts("reply.guess", when=_when(post.guessing_closed_at))
        view = buttons_when_open(texts, post.id, blind=False)
    else:
        note = texts("reply.closed", guesses=_guesses(texts, tally))
        if second_look is not None:
            note = f"{_heading(texts, second_look, community)}\n{note}"
        view = buttons_when_closed(texts, post.id)
    if images > 1:
        note = f"{texts('card.best_of', total=images)}\n{note}"
    return ReplyMessage(
        card_message(texts, card, community=community, seen=seen, note=note).embed, view
    )


def outcome_message(
    texts: Texts,
    post: Post,
    outcome: Outcome,
    *,
    upvote: str,
    best: RightGuess | None,
    right: int,
    guesses: int,
    picture: discord.File | None = None,
) -> ReplyMessage:
    """The reply when the score is final.

    Args:
        texts: the server's language.
        post: with its community and its label loaded.
        outcome: predicted and real.
        upvote: the channel's emoji.
        best: the guess that was right first, if its author can be named.
        right: how many guesses were right.
        guesses: how many there were.
        picture: of the prediction and what became of it; None: it cannot be shown there.
    """
    card = outcome.card
    lines = [
        _outcome_line(texts, outcome, upvote),
        _standing(texts, post, outcome),
        *_guess_lines(texts, best, right, guesses if outcome.told else 0),
        "",
        bars(texts, card),
    ]
    embed = discord.Embed(
        title=texts("outcome.heading"),
        description="\n".join(lines),
        colour=None if outcome.right is None else _COLOURS[outcome.right],
    )
    embed.set_footer(text=texts("card.footer", version=card.model_version))
    if picture is not None:
        embed.set_image(url=f"attachment://{picture.filename}")
    return ReplyMessage(embed, buttons_when_closed(texts, post.id), picture)


def outcome_waits_message(
    texts: Texts, post: Post, ending: OutcomeWaits, *, upvote: str
) -> ReplyMessage:
    """The reply when the score is final and there are too few to compare it with.

    Args:
        texts: the server's language.
        post: with its community loaded.
        ending: the prediction, the score, and what is missing.
        upvote: the channel's emoji.
    """
    lines = [
        texts(
            "outcome.line_untold",
            predicted=_predicted(texts, ending.card),
            score=texts.number(ending.score),
            upvote=upvote,
        ),
        texts.count(
            "outcome.missing",
            ending.missing,
            needed=texts.number(ending.needed),
            community=f"<#{post.community.source_id}>",
        ),
        "",
        bars(texts, ending.card),
    ]
    embed = discord.Embed(title=texts("outcome.heading"), description="\n".join(lines))
    embed.set_footer(text=texts("card.footer", version=ending.card.model_version))
    return ReplyMessage(embed, buttons_when_closed(texts, post.id))


def outcome_unknown_message(texts: Texts, post: Post, outcome: OutcomeUnknown) -> ReplyMessage:
    """The reply when the final score came too late to count."""
    embed = discord.Embed(
        title=texts("outcome.heading"),
        description=f"{texts('outcome.unknown')}\n\n{bars(texts, outcome.card)}",
    )
    embed.set_footer(text=texts("card.footer", version=outcome.card.model_version))
    return ReplyMessage(embed, buttons_when_closed(texts, post.id))


def _outcome_line(texts: Texts, outcome: Outcome, upvote: str) -> str:
    said = {
        "predicted": _predicted(texts, outcome.card),
        "score": texts.number(outcome.score),
        "upvote": upvote,
    }
    if not outcome.told:
        return texts("outcome.line_untold", **said)
    mark = {True: "✔", False: "✘", None: ""}[outcome.right]
    bucket = texts(f"bucket.{outcome.bucket.value}")
    return texts("outcome.line", **said, bucket=bucket, mark=mark).rstrip()


def _predicted(texts: Texts, card: Card) -> str:
    return likely_words(
        texts, card,
        one="outcome.predicted", two="outcome.predicted_two", alike="outcome.predicted_alike",
    )  # fmt: skip


def _standing(texts: Texts, post: Post, outcome: Outcome) -> str:
    community = f"<#{post.community.source_id}>"
    label = post.label
    if label is not None and label.percentile_low <= 0 and label.percentile_high >= 1:
        return texts("outcome.first", community=community)
    if outcome.beats_few is not None:
        beaten, others = outcome.beats_few
        return texts.count(
            "outcome.standing_few", others, beaten=texts.number(beaten), community=community
        )
    return texts("outcome.standing", share=texts.percent(outcome.percentile), community=community)


def _guess_lines(texts: Texts, best: RightGuess | None, right: int, guesses: int) -> Sequence[str]:
    lines = []
    if best is not None:
        bucket = texts(f"bucket.{best.bucket.value}")
        lines.append(texts("outcome.best_guess", bucket=bucket, name=best.name))
    if guesses:
        lines.append(texts("outcome.right_guesses", right=right, total=guesses))
    return lines


def _heading(texts: Texts, look: SecondLook, community: str) -> str:
    low, median, high = (texts.number(score) for score in (look.low, look.median, look.high))
    heading = texts("card.heading_for", median=median, low=low, high=high)
    if look.beats is None:
        return heading
    beats = texts("card.heading_beats", share=texts.percent(look.beats), community=community)
    return f"{heading} {beats}"


def _guesses(texts: Texts, tally: Mapping[Bucket, int]) -> str:
    counts = [
        f"{texts(f'bucket.{bucket.value}')} {texts.number(tally[bucket])}"
        for bucket in reversed(Bucket)
        if tally.get(bucket)
    ]
    return (
        texts("reply.guesses", counts=" · ".join(counts)) if counts else texts("reply.no_guesses")
    )


def _when(moment: datetime | None) -> str:
    return "" if moment is None else discord.utils.format_dt(moment, "R")
