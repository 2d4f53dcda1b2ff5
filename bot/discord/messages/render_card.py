"""A prediction as a Discord message: what automatic replies, /predict and the menu all show.

A classic embed, not Components V2: an embed can be shown beside buttons and files, edited into an
outcome later, and is laid out by every client there is.
"""

import io
from dataclasses import dataclass

import discord

from bot.discord.texts.looks_like import looks_like
from bot.discord.texts.lookup import Texts
from bot.serving.duplicates import Duplicate
from bot.serving.forecast import Card, Familiarity, Place
from bot.serving.phrases import known_bar
from storage.types import Bucket

#: Cells of a bar at 100%.
_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MARKS = {Bucket.LOW: "🟦", Bucket.MEDIUM: "🟨", Bucket.HIGH: "🟧"}
_COLOURS = {Bucket.LOW: 0x4C78A8, Bucket.MEDIUM: 0xE0A800, Bucket.HIGH: 0xE4572E}
_HEAT_MAP_FILE = "what-drove-it.png"


@dataclass(frozen=True, slots=True)
class CardMessage:
    """What to send: ``embed`` and the files it shows."""

    embed: discord.Embed
    heat_map: bytes | None
    spoiler: bool = False

    def files(self, name: str = _HEAT_MAP_FILE) -> list[discord.File]:
        """The embed's files; new ones for each sending, because sending reads them.

        Args:
            name: of the heat map; each of several pictures needs a name of its own.
        """
        if self.heat_map is None:
            return []
        if not self.spoiler:
            self.embed.set_image(url=f"attachment://{name}")
        return [discord.File(io.BytesIO(self.heat_map), name, spoiler=self.spoiler)]


def card_message(
    texts: Texts,
    card: Card,
    *,
    community: str | None,
    seen: Duplicate | None = None,
    heat_map: bytes | None = None,
    spoiler: bool = False,
    heading: str | None = None,
    note: str | None = None,
) -> CardMessage:
    """Lay a prediction out.

    Args:
        texts: the reader's language.
        card: the prediction.
        community: the channel as Discord shows it (a mention, or an escaped name); None where
            there is none, as in a DM.
        seen: an earlier post of the same image.
        heat_map: what drove the prediction, a PNG file.
        spoiler: whether the image, and so its heat map, is hidden until it is clicked on.
        heading: instead of the usual one, e.g. which of several images it is; escaped.
        note: a last line, e.g. that of several images the best one counts; escaped.
    """
    embed = discord.Embed(
        title=heading or texts("card.heading"),
        description="\n".join(_lines(texts, card, community, seen, note)),
        colour=_COLOURS[card.likely[0]] if card.likely else None,
    )
    footer = [texts("card.footer", version=card.model_version)]
    if heat_map is not None:
        # Discord hides no picture inside an embed: what is to be hidden stands beside it.
        if not spoiler:
            embed.set_image(url=f"attachment://{_HEAT_MAP_FILE}")
        footer.insert(0, texts("card.heat_map"))
    embed.set_footer(text=" · ".join(footer))
    return CardMessage(embed, heat_map, spoiler)


def bars(texts: Texts, card: Card) -> str:
    """P(low), P(medium) and P(high) as three lines of bars, the most probable in bold."""
    lines = []
    for bucket, chance in (
        (Bucket.HIGH, card.p_high),
        (Bucket.MEDIUM, card.p_medium),
        (Bucket.LOW, card.p_low),
    ):
        name = texts(f"bucket.{bucket.value}")
        if bucket in card.likely:
            name = f"**{name}**"
        lines.append(f"{_MARKS[bucket]} `{_bar(chance)}` {texts.percent(chance)} {name}")
    return "\n".join(lines)


def _bar(chance: float) -> str:
    eighths = round(chance * _BAR * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)


def _lines(
    texts: Texts, card: Card, community: str | None, seen: Duplicate | None, note: str | None
) -> list[str]:
    lines = [bars(texts, card), "", _headline(texts, card, community), *_facts(texts, card)]
    if community is not None and card.place is not None and not card.untrained:
        lines.append(_place_line(texts, card, card.place, community))
    elif community is None:
        lines.append(texts("card.pooled"))
    if card.untrained:
        lines.append(texts("card.knows_nothing"))
    elif community is not None and card.quantiles == "platform":
        lines.append(texts("card.borrowed", community=community))
    elif community is not None and card.quantiles == "none":
        lines.append(texts("card.no_history", community=community))
    if seen is not None:
        lines.append(_seen_line(texts, seen))
    if note is not None:
        lines.append(note)
    return lines


def _facts(texts: Texts, card: Card) -> list[str]:
    """The score, what the picture looks like, and what was not gone by."""
    lines = []
    if card.score is not None:
        low, median, high = (texts.number(value) for value in card.score)
        lines.append(texts("card.score", median=median, low=low, high=high))
    if (looks := looks_like(texts, card)) is not None:
        lines.append(looks)
    if card.set_aside:
        sources = ", ".join(texts(f"source.{source}") for source in card.set_aside)
        lines.append(texts("card.set_aside", sources=sources))
    return lines


def _headline(texts: Texts, card: Card, community: str | None) -> str:
    """The prediction in one sentence."""
    if card.blank:
        return texts("card.blank")
    share = texts.percent(card.beats)
    if community is None and not card.untrained:
        return texts("card.beats_somewhere", share=share)
    if card.tells_beats and not card.untrained:
        return texts("card.beats", share=share, community=community)
    return likely_words(
        texts, card, one="card.likely", two="card.likely_two", alike="card.likely_alike"
    )


def likely_words(texts: Texts, card: Card, *, one: str, two: str, alike: str) -> str:
    """The most probable bucket, or two that look equally probable, or that all do.

    Args:
        texts: the reader's language.
        card: the prediction.
        one: key of the text for one ``bucket``, with its ``share``.
        two: for two, ``first`` and ``second``, with the ``share`` of each.
        alike: for all three.
    """
    if not card.likely:
        return texts(alike)
    names = [texts(f"bucket.{bucket.value}") for bucket in card.likely]
    share = texts.percent(card.chances[card.likely[0]])
    if len(names) == 1:
        return texts(one, bucket=names[0], share=share)
    return texts(two, first=names[0], second=names[1], share=share)


def _place_line(texts: Texts, card: Card, place: Place, community: str) -> str:
    word = place.familiarity
    line = texts(
        "card.place",
        bar=known_bar(place.known), community=community, word=texts(f"familiarity.{word}"),
    )  # fmt: skip
    if word is not Familiarity.NEW:
        return line
    if not place.tested:
        return f"{line} {texts('card.place_untested')}"
    why = "card.place_no_help" if card.quantiles == "community" else "card.place_new"
    return f"{line} {texts(why)}"


def _seen_line(texts: Texts, seen: Duplicate) -> str:
    key = "card.seen_before"
    values: dict[str, object] = {"when": discord.utils.format_dt(seen.posted_at, "R")}
    if seen.score is not None and seen.bucket is not None:
        key += "_scored"
        values["score"] = texts.number(seen.score)
        values["bucket"] = texts(f"bucket.{seen.bucket.value}")
    if seen.link is None:
        key += "_no_link"
    else:
        values["link"] = seen.link
    return texts(key, **values)
