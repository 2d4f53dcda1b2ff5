"""The settings of a community as the fields of a form, and back. No database."""

import re
from collections.abc import Mapping

from bot.community_language import LANGUAGE, language_for
from bot.community_settings import CommunityChange, SettingRefused
from bot.servers import has_own_head
from bot.texts.language import LANGUAGES
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from storage.tables import Community, Server
from storage.types import ReplyMode

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_ON_SITE: dict[str, bool | None] = {"": None, "yes": True, "no": False}


def as_form(community: Community) -> dict[str, str]:
    """The settings as the fields of the form have them."""
    least = community.min_percentile
    return {
        "on_site": {None: "", True: "yes", False: "no"}[community.on_site],
        "reply_mode": community.reply_mode.value,
        "language": language_for(community),
        "horizon_hours": f"{community.horizon_seconds / 3600:g}",
        "guess_minutes": f"{community.guess_seconds / 60:g}",
        "guess_score": _text(community.guess_score),
        "blind": "yes" if community.blind else "",
        "low_up_to": _text(community.low_up_to),
        "medium_up_to": _text(community.medium_up_to),
        "min_percentile": "" if least is None else f"{100 * least:g}",
        "quiet_from": _clock(community.quiet_from),
        "quiet_until": _clock(community.quiet_until),
        "time_zone": community.time_zone,
        "replies_per_minute": _text(community.replies_per_minute),
    }


def own_as_form(server: Server | None) -> dict[str, str]:
    """The field of the form that is set for the community's whole server; None: nothing is set."""
    return {"own_head": "yes" if has_own_head(server) else ""}


def read_own(form: Mapping[str, str]) -> dict[str, str]:
    """The same as a form asks for it."""
    return {"own_head": "yes" if form.get("own_head") == "yes" else ""}


def read_on_site(form: Mapping[str, str]) -> bool | None:
    """Whether the site shows a community; None: by the rule.

    Raises:
        SettingRefused: the field is neither yes nor no nor empty.
    """
    choice = form.get("on_site", "")
    if choice not in _ON_SITE:
        raise SettingRefused("on_site", "On the site is yes, no, or empty: by the rule.")
    return _ON_SITE[choice]


def read_changes(form: Mapping[str, str]) -> CommunityChange:
    """The settings that a form asks for.

    Raises:
        SettingRefused: a field cannot be read.
    """
    mode = form.get("reply_mode", "")
    if mode not in [*ReplyMode]:
        raise SettingRefused("reply_mode", "New posts get a reply, a reaction only, or nothing.")
    spoken = form.get("language", "en")
    if spoken not in LANGUAGES:
        raise SettingRefused("language", "There is no such language here.")
    least = _number(form, "min_percentile", mark("The least percentile"))
    return CommunityChange(
        reply_mode=ReplyMode(mode),
        horizon_seconds=round(3600 * (_number(form, "horizon_hours", mark("The horizon")) or 0)),
        guess_seconds=round(
            60 * (_number(form, "guess_minutes", mark("The time for guesses")) or 0)
        ),
        guess_score=_whole(form, "guess_score", mark("The score that closes guessing")),
        blind=form.get("blind") == "yes",
        low_up_to=_whole(form, "low_up_to", mark("The score where low ends")),
        medium_up_to=_whole(form, "medium_up_to", mark("The score where medium ends")),
        min_percentile=None if least is None else least / 100,
        quiet_from=_minutes(form, "quiet_from"),
        quiet_until=_minutes(form, "quiet_until"),
        time_zone=form.get("time_zone", "UTC").strip() or "UTC",
        options={LANGUAGE: None if spoken == "en" else spoken},
        replies_per_minute=_whole(form, "replies_per_minute", mark("The replies a minute")),
    )


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _clock(minutes: int | None) -> str:
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


def _number(form: Mapping[str, str], name: str, what: str) -> float | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        raise SettingRefused(name, _("{what} must be a number, such as 24.").format(what=_(what)))
    return float(text)


def _whole(form: Mapping[str, str], name: str, what: str) -> int | None:
    number = _number(form, name, what)
    if number is not None and number != int(number):
        raise SettingRefused(name, _("{what} must be a whole number.").format(what=_(what)))
    return None if number is None else int(number)


def _minutes(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise SettingRefused(name, "A time of day is written as 22:30.")
    return 60 * int(found[1]) + int(found[2])
