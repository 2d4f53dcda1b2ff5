"""Sentences about advice, the same on the terminal and the board."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.serving.advise import Advice
from bot.serving.number_format import percent
from bot.serving.pair_record import MIN_POSTS, PairRecord


def record_sentence(record: PairRecord, *, compared: str) -> str:
    """How often such advice was right.

    Args:
        record: what was counted.
        compared: what the pairs are, for example ``posts here``.
    """
    if record.right is None or record.interval is None:
        return (
            f"How often such advice is right is not known: {record.posts:,} {compared} can be"
            f" compared so far, {MIN_POSTS} are needed."
        )
    low, high = record.interval
    sentence = (
        f"Of {record.pairs:,} pairs of {compared}, it called the better one in"
        f" {percent(record.right)} (95%: {percent(low)} to {percent(high)})"
    )
    if record.beats_chance:
        return f"{sentence}."
    return f"{sentence}: no better than a coin, as far as can be told."


def ranking_sentences(advice: Advice) -> list[str]:
    """How far to trust the order of the variants."""
    if not advice.ranked:
        return []
    sentences = [record_sentence(advice.ranking, compared="posts here")]
    if len(advice.ranked) > 1:
        best, second = (percent(each.card.beats) for each in advice.ranked[:2])
        if best == second:
            sentences.append("The first two look equally good.")
        elif advice.close_call is not None:
            near = record_sentence(advice.close_call, compared="posts as close as the first two")
            sentences.append(near)
        if advice.ranking.right is not None:
            sentences.append(
                "These were different posts. How well it tells variants of one picture apart was"
                " never measured."
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
        return ["To this model version every hour of the next day is as good as any other."]
    worst = min(advice.hours, key=lambda each: each.beats)
    hours = (
        f"Best hour of the next day: {_clock(best.at, zone)} ({percent(best.beats)}); worst:"
        f" {_clock(worst.at, zone)} ({percent(worst.beats)}). Time zone: {zone}."
    )
    return [hours, record_sentence(advice.timing, compared="posts at different hours")]


def place_sentence(advice: Advice) -> str | None:
    """How far to trust the order of the communities; None where none were compared."""
    if len(advice.places) < 2 or advice.placing is None:
        return None
    return record_sentence(advice.placing, compared="posts in two of these communities")


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%A %H:%M}"
