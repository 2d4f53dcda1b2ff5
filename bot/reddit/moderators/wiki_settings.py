"""The settings of a subreddit as its moderators write them: lines of YAML, read without trust."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, cast

import yaml

from bot.community_language import LANGUAGE
from bot.community_settings import CommunityChange, time_zone_exists
from bot.reddit.options import (
    ANSWER_GUESSES,
    CROSSPOSTS,
    FLAIR_WORDS,
    FORECASTER_FLAIR,
    GUESSES,
    NOTICES,
    NSFW,
    POST_FLAIR,
    REPLIES_PER_HOUR,
)
from bot.texts.language import LANGUAGES
from storage.types import ReplyMode

#: Longest page that is read, characters.
LONGEST: Final = 20_000

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YES, _NO = ("yes", "on", "true"), ("no", "off", "false")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_HOURS = re.compile(rf"{_TIME.pattern}\s*(?:-|–|to)\s*{_TIME.pattern}")
_DAY_MINUTES = 24 * 60


class PageRefused(Exception):
    """A page cannot be read as settings.

    Attributes:
        line: of the page, from 1.
        reason: a sentence.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Line {line}: {reason}")
        self.line = line
        self.reason = reason


class LeaderboardForm(StrEnum):
    """How the weekly leaderboard is shown."""

    POST = "post"
    STICKY = "sticky"
    WIKI = "wiki"


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """When the leaderboard of a week is shown, and how.

    Attributes:
        form: how; None: not at all.
        weekday: Monday is 0.
        minute: of the day, by the subreddit's time zone.
    """

    form: LeaderboardForm | None = None
    weekday: int = 0
    minute: int = 18 * 60


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What a page says.

    Attributes:
        change: of the community; a setting that the page does not name is not in it.
        leaderboard: the weekly one.
        names: the settings that the page names.
        lines: of each of them, from 1.
        written: what stands behind each of them.
    """

    change: CommunityChange
    leaderboard: Leaderboard
    names: frozenset[str]
    lines: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)


def read_page(text: str) -> PageSettings:
    """The settings of a page.

    Raises:
        PageRefused: it holds something that is no setting, or a value that is none of it.
    """
    given = _lines_of(text)
    change: dict[str, Any] = {}
    options: dict[str, Any] = {}
    board: dict[str, Any] = {}
    for name, (line, value) in given.items():
        reader = _READERS.get(name)
        if reader is None:
            raise PageRefused(line, _unknown(name))
        try:
            found = reader(value)
        except ValueError as error:
            raise PageRefused(line, f"{name} {error}") from error
        options |= found.pop("options", {})
        board |= found.pop("leaderboard", {})
        change |= found
    if options:
        change["options"] = options
    lines = {name: line for name, (line, _) in given.items()}
    return PageSettings(
        _as_change(change),
        Leaderboard(**board),
        frozenset(given),
        lines,
        {
            name: value if isinstance(value, str) else ", ".join(value)
            for name, (_, value) in given.items()
        },
    )


def without(names: Collection[str]) -> CommunityChange:
    """What takes settings back that a page does not name any more."""
    change: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name in names:
        back = dict(_DEFAULTS.get(name, {}))
        options |= back.pop("options", {})
        change |= back
    if options:
        change["options"] = options
    return _as_change(change)


def _as_change(found: dict[str, Any]) -> CommunityChange:
    """What the readers found: they give no other names than those of a change."""
    return cast("CommunityChange", found)


def _lines_of(text: str) -> dict[str, tuple[int, str | tuple[str, ...]]]:
    """What stands behind each name, with its line.

    The page is not loaded as YAML loads things: what it holds are names with words, or lists of
    words, and nothing in it can name something of Python's, or repeat itself.
    """
    if len(text) > LONGEST:
        raise PageRefused(1, f"the page is longer than {LONGEST:,} characters.")
    try:
        _check_tokens(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"this is no YAML ({error.problem or error.context})."
        raise PageRefused(1 if mark is None else mark.line + 1, reason) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise PageRefused(1, "the page holds signs that YAML does not allow.") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise PageRefused(root.start_mark.line + 1, "settings are lines such as `replies: on`.")
    found: dict[str, tuple[int, str | tuple[str, ...]]] = {}
    for key, value in root.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise PageRefused(line, "settings are lines such as `replies: on`.")
        name = key.value.strip().lower()
        if name in found:
            raise PageRefused(line, f"{name[:40]!r} is set twice.")
        found[name] = line, _value(value, line, name)
    return found


def _check_tokens(text: str) -> None:
    """Refuse what settings never need, before anything is made of it."""
    deep = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            raise PageRefused(line, "anchors (&), aliases (*) and tags (!) are not read.")
        if isinstance(
            token,
            yaml.FlowSequenceStartToken
            | yaml.FlowMappingStartToken
            | yaml.BlockSequenceStartToken
            | yaml.BlockMappingStartToken,
        ):
            deep += 1
        elif isinstance(
            token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken | yaml.BlockEndToken
        ):
            deep -= 1
        if deep > 2:
            raise PageRefused(line, "settings are not nested.")


def _value(node: yaml.Node, line: int, name: str) -> str | tuple[str, ...]:
    if isinstance(node, yaml.ScalarNode):
        # As it is written: YAML itself reads 22:00 as a number.
        return str(node.value).strip()
    if isinstance(node, yaml.SequenceNode) and all(
        isinstance(each, yaml.ScalarNode) for each in node.value
    ):
        return tuple(str(each.value).strip() for each in node.value)
    raise PageRefused(line, f"{name[:40]!r} is one word or number, or a list of them.")


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, _READERS, n=1)
    meant = f" Is {close[0]} meant?" if close else f" There are {', '.join(sorted(_READERS))}."
    return f"there is no setting {name[:40]!r}.{meant}"


def _word(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        raise ValueError("is one word or number, not a list.")  # noqa: TRY004 - of the page
    return value.lower()


def _switch(value: str | tuple[str, ...]) -> bool:
    word = _word(value)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("is on or off.")


def _number(value: str | tuple[str, ...], least: float, most: float) -> float:
    try:
        found = float(_word(value))
    except ValueError:
        found = float("nan")
    if not least <= found <= most:
        raise ValueError(f"is a number from {least:g} to {most:g}.")
    return found


def _minute(match: re.Match[str], first: int) -> int:
    return int(match[first]) * 60 + int(match[first + 1])


def _replies(value: str | tuple[str, ...]) -> dict[str, Any]:
    return {"reply_mode": ReplyMode.REPLY if _switch(value) else ReplyMode.SILENT}


def _buckets(value: str | tuple[str, ...]) -> dict[str, Any]:
    if isinstance(value, str) and value.lower() in ("thirds", "terciles"):
        return {"low_up_to": None, "medium_up_to": None}
    parts = value if isinstance(value, tuple) else tuple(re.split(r"[\s,]+", value))
    try:
        low, medium = (int(part) for part in parts)
    except ValueError:
        raise ValueError(
            "are `thirds`, or two scores: where low ends and where medium ends, [2000, 20000]."
        ) from None
    if not -(10**9) < low < medium < 10**9:
        raise ValueError("need a first score below the second.")
    return {"low_up_to": low, "medium_up_to": medium}


def _quiet_hours(value: str | tuple[str, ...]) -> dict[str, Any]:
    word = _word(value)
    if word in _NO:
        return {"quiet_from": None, "quiet_until": None}
    match = _HOURS.fullmatch(word)
    if match is None:
        raise ValueError("are two times of day, 22:00-06:00, or off.")
    return {"quiet_from": _minute(match, 1), "quiet_until": _minute(match, 3)}


def _time_zone(value: str | tuple[str, ...]) -> dict[str, Any]:
    name = "" if isinstance(value, tuple) else value
    if not time_zone_exists(name):
        raise ValueError("is a name such as Europe/Berlin or UTC.")
    return {"time_zone": name}


def _language(value: str | tuple[str, ...]) -> dict[str, Any]:
    word = _word(value)
    for each in LANGUAGES:
        if word == each.lower():
            return {"options": {LANGUAGE: None if each == "en" else each}}
    raise ValueError(f"is one of {', '.join(LANGUAGES)}.")


def _least(value: str | tuple[str, ...]) -> dict[str, Any]:
    share = _number(value, 0, 100) / 100
    return {"min_percentile": share or None}


def _board(value: str | tuple[str, ...]) -> dict[str, Any]:
    word = _word(value)
    if word in _NO:
        return {"leaderboard": {"form": None}}
    if word not in {*LeaderboardForm}:
        raise ValueError(f"is off, or one of {', '.join(LeaderboardForm)}.")
    return {"leaderboard": {"form": LeaderboardForm(word)}}


def _day(value: str | tuple[str, ...]) -> dict[str, Any]:
    word = _word(value)
    if word not in _DAYS:
        raise ValueError(f"is one of {', '.join(_DAYS)}.")
    return {"leaderboard": {"weekday": _DAYS.index(word)}}


def _time(value: str | tuple[str, ...]) -> dict[str, Any]:
    match = _TIME.fullmatch(_word(value))
    if match is None:
        raise ValueError("is a time of day, such as 18:00.")
    return {"leaderboard": {"minute": _minute(match, 1) % _DAY_MINUTES}}


def _option(key: str) -> Callable[[str | tuple[str, ...]], dict[str, Any]]:
    """A switch that only Reddit knows; where it is off it is not kept."""
    return lambda value: {"options": {key: True if _switch(value) else None}}


_READERS: Final[Mapping[str, Callable[[str | tuple[str, ...]], dict[str, Any]]]] = MappingProxyType(
    {
        "replies": _replies,
        "replies_per_hour": lambda value: {
            "options": {REPLIES_PER_HOUR: round(_number(value, 1, 60))}
        },
        "min_percentile": _least,
        "quiet_hours": _quiet_hours,
        "time_zone": _time_zone,
        "language": _language,
        "horizon_hours": lambda value: {
            "horizon_seconds": round(_number(value, 1 / 6, 720) * 3600)
        },
        "buckets": _buckets,
        "guesses": _option(GUESSES),
        "guess_minutes": lambda value: {"guess_seconds": round(_number(value, 1, 43_200) * 60)},
        "blind": lambda value: {"blind": _switch(value)},
        "answer_guesses": _option(ANSWER_GUESSES),
        "forecaster_flair": _option(FORECASTER_FLAIR),
        "post_flair": _option(POST_FLAIR),
        # What is off for all may be on here, and the other way round.
        "crossposts": lambda value: {"options": {CROSSPOSTS: _switch(value)}},
        "nsfw": lambda value: {"options": {NSFW: _switch(value)}},
        "flair_words": _option(FLAIR_WORDS),
        "notices": lambda value: {"options": {NOTICES: _switch(value)}},
        "leaderboard": _board,
        "leaderboard_day": _day,
        "leaderboard_time": _time,
    }
)

#: What holds where nothing is set. The horizon has no default of its own: it stays as it was.
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "replies": {"reply_mode": ReplyMode.REPLY},
        "replies_per_hour": {"options": {REPLIES_PER_HOUR: None}},
        "min_percentile": {"min_percentile": None},
        "quiet_hours": {"quiet_from": None, "quiet_until": None},
        "time_zone": {"time_zone": "UTC"},
        "language": {"options": {LANGUAGE: None}},
        "buckets": {"low_up_to": None, "medium_up_to": None},
        "guesses": {"options": {GUESSES: None}},
        "guess_minutes": {"guess_seconds": 3600},
        "blind": {"blind": False},
        "answer_guesses": {"options": {ANSWER_GUESSES: None}},
        "forecaster_flair": {"options": {FORECASTER_FLAIR: None}},
        "post_flair": {"options": {POST_FLAIR: None}},
        "crossposts": {"options": {CROSSPOSTS: None}},
        "nsfw": {"options": {NSFW: None}},
        "flair_words": {"options": {FLAIR_WORDS: None}},
        "notices": {"options": {NOTICES: None}},
    }
)
