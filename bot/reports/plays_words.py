"""What plays here, in plain words."""

from typing import Final

from bot.reports.attribute_effects import Effect, Pair
from bot.reports.plays import HOURS, LEAST_LABELS, NOT_SURE, Plays
from bot.serving.attribute_phrases import expression_word, genre_name
from bot.serving.number_format import day_name, number, signed
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, ngettext

#: Headings of the factors, in the order in which they are shown.
FACTOR_NAMES: Final = {
    "genre": mark("Genre"),
    "expression": mark("Expression"),
    "faces": mark("Faces"),
    "colourfulness": mark("Colours"),
    "sharpness": mark("Sharpness"),
    "brightness": mark("Brightness"),
    "text_share": mark("Text in the picture"),
    "text_place": mark("Where the text stands"),
    "hour": mark("Hour"),
    "weekday": mark("Weekday"),
}
_THIRDS: Final = {
    "colourfulness": {
        "low": mark("few colours"),
        "middle": mark("some colours"),
        "high": mark("many colours"),
    },
    "sharpness": {"low": mark("soft"), "middle": mark("fairly sharp"), "high": mark("sharp")},
    "brightness": {
        "low": mark("dark"),
        "middle": mark("neither dark nor bright"),
        "high": mark("bright"),
    },
    "text_share": {
        "low": mark("little text"),
        "middle": mark("some text"),
        "high": mark("much text"),
    },
    "text_place": {
        "none": mark("no text"),
        "top": mark("text at the top"),
        "bottom": mark("text at the bottom"),
        "top_and_bottom": mark("text at the top and the bottom"),
        "spread": mark("text all over"),
    },
}

#: What has to be known to read the figures, whatever they are.
CAVEATS: Final = (
    mark(
        "Points are hundredths of the percentile: +5 means that such posts beat 5% more of the"
        " posts here than the average post that is alike in everything else that is listed."
    ),
    mark(
        "Effects are drawn towards 0, the more so the fewer posts there are, so that the best of"
        " many is not taken for more than it is. The interval of 95% is that of the drawn effect."
    ),
    mark(
        "This is what goes together, and not what causes what: who posts, and what the joke is,"
        " are in it, too."
    ),
)


def level_name(factor: str, level: str) -> str:
    """A level as people read it."""
    match factor:
        case "genre":
            return _("no genre for sure") if level == NOT_SURE else genre_name(level)
        case "expression":
            return _("{expression} face").format(expression=expression_word(level))
        case "faces":
            if level == "0":
                return _("no face")
            if level in ("1", "2"):
                return ngettext("{count} face", "{count} faces", int(level)).format(count=level)
            return _("3 faces or more")
        case "hour":
            return _("{begin}:00 to {end}:59").format(
                begin=f"{int(level):02}", end=f"{int(level) + HOURS - 1:02}"
            )
        case "weekday":
            return day_name(int(level))
        case _:
            return _(_THIRDS[factor][level])


def points(share: float) -> str:
    """A difference of percentiles in points: ``+5.2``."""
    # Without the sign of a zero: a small loss is "+0.0", not "−0.0".
    return signed(round(100 * share, 1) + 0.0)


def effect_sentence(effect: Effect) -> str:
    """One effect, for example "text post: +5.2 points [+1.0, +9.1]"."""
    interval = f"[{points(effect.low)}, {points(effect.high)}]"
    return _("{level}: {points} points {interval}").format(
        level=level_name(effect.factor, effect.level), points=points(effect.effect),
        interval=interval,
    )  # fmt: skip


def pair_sentence(pair: Pair) -> str:
    """Two levels that are hard to tell apart."""
    first, second = (level_name(*each) for each in (pair.first, pair.second))
    sentence = (
        _(
            "“{first}” and “{second}” often come together here (correlation {correlation}): which"
            " of them it is cannot be told well."
        )
        if pair.correlation > 0
        else _(
            "“{first}” and “{second}” seldom come together here (correlation {correlation}): which"
            " of them it is cannot be told well."
        )
    )
    return sentence.format(first=first, second=second, correlation=f"{pair.correlation:+.2f}")


def plays_sentence(plays: Plays) -> str:
    """What was found, or why nothing is told."""
    if plays.missing:
        unread = plays.labels - plays.used
        sentence = ngettext(
            "Too few labels to say what plays here: {used} of {least}; {missing} more is needed.",
            "Too few labels to say what plays here: {used} of {least}; {missing} more are needed.",
            plays.missing,
        ).format(used=number(plays.used), least=LEAST_LABELS, missing=number(plays.missing))
        if not unread:
            return sentence
        more = _(
            "{unread} more have images whose attributes were not read yet: Peoria reads them in the"
            " background while it runs."
        ).format(unread=number(unread))
        return f"{sentence} {more}"
    told = [each for each in plays.effects.effects if each.told]
    compared, used = len(plays.effects.effects), number(plays.used)
    if not told:
        return _(
            "Nothing stands out: the interval of every effect holds 0, of {compared} that were"
            " compared, by {used} labels."
        ).format(compared=compared, used=used)
    wrong = sum(each.wrong_way for each in told)
    return ngettext(
        "{count} effect stands out of {compared} that were compared, by {used} labels; of it,"
        " {wrong} can be expected to point the wrong way.",
        "{count} effects stand out of {compared} that were compared, by {used} labels; of these,"
        " {wrong} can be expected to point the wrong way.",
        len(told),
    ).format(count=len(told), compared=compared, used=used, wrong=number(wrong, 2))
