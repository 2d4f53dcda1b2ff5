"""Advice as Discord embeds: one for each variant, the best first, and one with the rest."""

from collections.abc import Mapping, Sequence

import discord

from bot.discord.messages.render_card import bars
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.serving.advise import Advice, Ranked, Refusal
from bot.serving.pair_record import MIN_POSTS, PairRecord

#: Embeds that show a variant; Discord takes ten in a message.
_MOST_SHOWN = 9
_LONGEST_TITLE = 80


def advice_embeds(
    texts: Texts,
    advice: Advice,
    *,
    unread: Sequence[Refusal],
    pictures: Mapping[str, str | None],
    is_here: bool,
    channels: Mapping[int, str],
) -> list[discord.Embed]:
    """Lay advice out.

    Args:
        texts: the reader's language.
        advice: what to say.
        unread: pictures that did not arrive.
        pictures: the address of each picture by its name; None: it is not shown.
        is_here: whether this channel was ever watched.
        channels: mentions of the channels that may be named, by the id of the community.
    """
    embeds = [
        _variant(texts, number, each, pictures, is_here=is_here)
        for number, each in enumerate(advice.ranked[:_MOST_SHOWN], start=1)
    ]
    lines = [
        texts("advise.last", place=number, name=_name(each), share=texts.percent(each.card.beats))
        for number, each in enumerate(advice.ranked[_MOST_SHOWN:], start=_MOST_SHOWN + 1)
    ]
    if advice.ranked:
        lines += _ranking(texts, advice)
        lines += _hours(texts, advice)
        lines += _channels(texts, advice, channels)
    for each in (*advice.refused, *unread):
        lines.append(texts("advise.refused", name=each.variant.name, reason=each.reason))
    embeds.append(discord.Embed(title=texts("advise.how_far"), description="\n".join(lines)))
    return embeds


def _name(each: Ranked) -> str:
    name = each.variant.name
    title = escape(each.variant.title, _LONGEST_TITLE)
    return f"{name} – {title}" if title else name


def _variant(
    texts: Texts, number: int, each: Ranked, pictures: Mapping[str, str | None], *, is_here: bool
) -> discord.Embed:
    share = texts.percent(each.card.beats)
    beats = texts("advise.beats" if is_here else "card.beats_somewhere", share=share)
    if each.card.blank:
        beats = texts("card.blank")
    if each.card.untrained:
        beats = texts("card.knows_nothing")
    embed = discord.Embed(
        title=f"{number}. {_name(each)}", description=f"{bars(texts, each.card)}\n{beats}"
    )
    if url := pictures[each.variant.name]:
        embed.set_thumbnail(url=url)
    return embed


def _ranking(texts: Texts, advice: Advice) -> list[str]:
    lines = [_record(texts, advice.ranking, texts("advise.pairs_here"))]
    if len(advice.ranked) > 1:
        best, second = (texts.percent(each.card.beats) for each in advice.ranked[:2])
        if best == second:
            lines.append(texts("advise.equal"))
        elif advice.close_call is not None:
            lines.append(_record(texts, advice.close_call, texts("advise.pairs_close")))
        if advice.ranking.right is not None:
            lines.append(texts("advise.never_measured"))
    return lines


def _hours(texts: Texts, advice: Advice) -> list[str]:
    if not advice.hours or advice.timing is None:
        return []
    best = advice.best_hour
    if best is None:
        return [texts("advise.hours_alike")]
    # Discord shows each reader the time of their own clock.
    when, share = discord.utils.format_dt(best.at, "F"), texts.percent(best.beats)
    return [
        texts("advise.best_hour", when=when, share=share),
        _record(texts, advice.timing, texts("advise.pairs_hours")),
    ]


def _channels(texts: Texts, advice: Advice, channels: Mapping[int, str]) -> list[str]:
    shown = [each for each in advice.places if each.community_id in channels]
    lines = [
        texts("advise.channel", channel=channels[each.community_id],
              share=texts.percent(each.card.beats))
        for each in shown
    ]  # fmt: skip
    if len(shown) > 1 and advice.placing is not None:
        lines.append(_record(texts, advice.placing, texts("advise.pairs_channels")))
    return [texts("advise.channels_heading"), *lines] if lines else []


def _record(texts: Texts, record: PairRecord, pairs: str) -> str:
    """How often such advice was right, in one sentence."""
    if record.right is None or record.interval is None:
        return texts(
            "advise.unknown", posts=texts.number(record.posts), needed=texts.number(MIN_POSTS)
        )
    key = "advise.right" if record.beats_chance else "advise.no_better"
    low, high = (texts.percent(each) for each in record.interval)
    return texts(
        key, n=texts.number(record.pairs), pairs=pairs, share=texts.percent(record.right),
        low=low, high=high,
    )  # fmt: skip
