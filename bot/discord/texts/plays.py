"""What plays in a channel, in a person's language."""

from typing import Final

from bot.discord.texts.lookup import Texts
from bot.reports.attribute_effects import Effect
from bot.reports.plays import HOURS, NOT_SURE, Plays

#: Effects that are named, the strongest.
_NAMED: Final = 5


def plays_text(texts: Texts, plays: Plays) -> str:
    """The effects that stand out, a line each; or that none does, or what is missing."""
    if plays.missing:
        return texts.count("plays.missing", plays.missing)
    told = sorted(
        (each for each in plays.effects.effects if each.told), key=lambda each: -abs(each.effect)
    )
    if not told:
        return texts("plays.none", n=texts.number(len(plays.effects.effects)))
    return "\n".join([*(_line(texts, each) for each in told[:_NAMED]), texts("plays.caveat")])


def level_name(texts: Texts, factor: str, level: str) -> str:
    """A level as people read it. Names that a community gave its own genres are as they are."""
    match factor:
        case "genre" if level != NOT_SURE:
            return texts.genre(level)
        case "expression":
            return texts("plays.expression", expression=texts(f"expression.{level}"))
        case "hour":
            first = int(level)
            return texts("plays.hour", first=first, last=first + HOURS - 1)
        case _:
            return texts(f"plays.{factor}.{level}")


def _line(texts: Texts, effect: Effect) -> str:
    low, middle, high = (
        ("+" if share > 0 else "") + texts.number(100 * share, 1)
        for share in (effect.low, effect.effect, effect.high)
    )
    name = level_name(texts, effect.factor, effect.level)
    return texts("plays.line", name=name, effect=middle, low=low, high=high)
