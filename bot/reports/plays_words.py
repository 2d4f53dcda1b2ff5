"""What plays here, in plain English."""

from typing import Final

from bot.reports.attribute_effects import Effect, Pair
from bot.reports.plays import HOURS, LEAST_LABELS, NOT_SURE, Plays
from bot.serving.attribute_phrases import expression_word, genre_name
from bot.serving.number_format import number

#: Headings of the factors, in the order in which they are shown.
FACTOR_NAMES: Final = {
    "genre": "Genre",
    "expression": "Expression",
    "faces": "Faces",
    "colourfulness": "Colours",
    "sharpness": "Sharpness",
    "brightness": "Brightness",
    "text_share": "Text in the picture",
    "text_place": "Where the text stands",
    "hour": "Hour",
    "weekday": "Weekday",
}
_DAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_THIRDS: Final = {
    "colourfulness": {"low": "few colours", "middle": "some colours", "high": "many colours"},
    "sharpness": {"low": "soft", "middle": "fairly sharp", "high": "sharp"},
    "brightness": {"low": "dark", "middle": "neither dark nor bright", "high": "bright"},
    "text_share": {"low": "little text", "middle": "some text", "high": "much text"},
    "text_place": {
        "none": "no text",
        "top": "text at the top",
        "bottom": "text at the bottom",
        "top_and_bottom": "text at the top and the bottom",
        "spread": "text all over",
    },
}

#: What has to be known to read the figures, whatever they are.
CAVEATS: Final = (
    (
        "Points are hundredths of the percentile: +5 means that such posts beat 5% more of the"
        " posts here than the average post that is alike in everything else that is listed."
    ),
    (
        "Effects are drawn towards 0, the more so the fewer posts there are, so that the best of"
        " many is not taken for more than it is. The interval of 95% is that of the drawn effect."
    ),
    (
        "This is what goes together, and not what causes what: who posts, and what the joke is,"
        " are in it, too."
    ),
)


def level_name(factor: str, level: str) -> str:
    """A level as people read it."""
    match factor:
        case "genre":
            return "no genre for sure" if level == NOT_SURE else genre_name(level)
        case "expression":
            return f"{expression_word(level)} face"
        case "faces":
            return {"0": "no face", "1": "1 face", "2": "2 faces"}.get(level, "3 faces or more")
        case "hour":
            return f"{int(level):02}:00 to {int(level) + HOURS - 1:02}:59"
        case "weekday":
            return _DAYS[int(level)]
        case _:
            return _THIRDS[factor][level]


def points(share: float) -> str:
    """A difference of percentiles in points: ``+5.2``."""
    # Without the sign of a zero: a small loss is "+0.0", not "−0.0".
    return f"{round(100 * share, 1) + 0.0:+.1f}".replace("-", "−")


def effect_sentence(effect: Effect) -> str:
    """One effect, for example "text post: +5.2 points [+1.0, +9.1]"."""
    interval = f"[{points(effect.low)}, {points(effect.high)}]"
    return f"{level_name(effect.factor, effect.level)}: {points(effect.effect)} points {interval}"


def pair_sentence(pair: Pair) -> str:
    """Two levels that are hard to tell apart."""
    first, second = (level_name(*each) for each in (pair.first, pair.second))
    how = "often come" if pair.correlation > 0 else "seldom come"
    return (
        f"“{first}” and “{second}” {how} together here (correlation"
        f" {pair.correlation:+.2f}): which of them it is cannot be told well."
    )


def plays_sentence(plays: Plays) -> str:
    """What was found, or why nothing is told."""
    if plays.missing:
        unread = plays.labels - plays.used
        sentence = (
            f"Too few labels to say what plays here: {number(plays.used)} of {LEAST_LABELS};"
            f" {number(plays.missing)} more are needed."
        )
        if unread:
            sentence += (
                f" {number(unread)} more have images whose attributes were not read yet: Peoria"
                " reads them in the background while it runs."
            )
        return sentence
    told = [each for each in plays.effects.effects if each.told]
    among = f"of {len(plays.effects.effects)} that were compared, by {number(plays.used)} labels"
    if not told:
        return f"Nothing stands out: the interval of every effect holds 0, {among}."
    wrong = sum(each.wrong_way for each in told)
    one = len(told) == 1
    return (
        f"{len(told)} {'effect stands' if one else 'effects stand'} out {among}; of"
        f" {'it' if one else 'these'}, {wrong:.2f} can be expected to point the wrong way."
    )
