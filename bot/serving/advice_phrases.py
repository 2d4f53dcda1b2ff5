"""Sentences about advice, the same on the terminal and the board."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.serving.advise import Advice
from bot.serving.number_format import day_name, number, percent
from bot.serving.pair_record import MIN_POSTS, PairRecord
from bot.texts.translate import gettext as _


def record_sentence(record: PairRecord, *, compared: str) -> str:
    """How often such advice was right.

    Args:
        record: what was counted.
        compared: what the pairs are, for example ``posts here``.
    """
    if record.right is None or record.interval is None:
        return _(
            "How often such advice is right is not known: {posts} {compared} can be compared so"
            " far, {needed} are needed."
        ).format(posts=number(record.posts), compared=compared, needed=MIN_POSTS)
    low, high = record.interval
    sentence = (
        _(
            "Of {pairs} pairs of {compared}, it called the better one in {right} (95%: {low} to"
            " {high})."
        )
        if record.beats_chance
        else _(
            "Of {pairs} pairs of {compared}, it called the better one in {right} (95%: {low} to"
            " {high}): no better than a coin, as far as can be told."
        )
    )
    return sentence.format(
        pairs=number(record.pairs), compared=compared, right=percent(record.right),
        low=percent(low), high=percent(high),
    )  # fmt: skip


def ranking_sentences(advice: Advice) -> list[str]:
    """How far to trust the order of the variants."""
    if not advice.ranked:
        return []
    sentences = [record_sentence(advice.ranking, compared=_("posts here"))]
    if len(advice.ranked) > 1:
        best, second = (percent(each.card.beats) for each in advice.ranked[:2])
        if best == second:
            sentences.append(_("The first two look equally good."))
        elif advice.close_call is not None:
            near = record_sentence(advice.close_call, compared=_("posts as close as the first two"))
            sentences.append(near)
        if advice.ranking.right is not None:
            sentences.append(
                _(
                    "These were different posts. How well it tells variants of one picture apart"
                    " was never measured."
                )
            )
    return sentences


def hour_sentences(advice: Advice, zone: str) -> list[str]:
    """When to post, and how far to trust that.

    Args:
        advice: with hours.
        zone: the time zone that people there live by.
    """
    if not advice.hours or advice.timing is None:
        return []
    best = advice.best_hour
    if best is None:
        return [_("To this model version every hour of the next day is as good as any other.")]
    worst = min(advice.hours, key=lambda each: each.beats)
    hours = _(
        "Best hour of the next day: {best} ({best_share}); worst: {worst} ({worst_share}). Time"
        " zone: {zone}."
    ).format(
        best=_clock(best.at, zone), best_share=percent(best.beats), worst=_clock(worst.at, zone),
        worst_share=percent(worst.beats), zone=zone,
    )  # fmt: skip
    return [hours, record_sentence(advice.timing, compared=_("posts at different hours"))]


def place_sentence(advice: Advice) -> str | None:
    """How far to trust the order of the communities; None where none were compared."""
    if len(advice.places) < 2 or advice.placing is None:
        return None
    return record_sentence(advice.placing, compared=_("posts in two of these communities"))


def _clock(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    return f"{day_name(there.weekday())} {there:%H:%M}"
