"""The settings of a channel in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.discord.gateway.guild_options import (
    ACCOUNT_DAYS,
    ANNOUNCEMENTS,
    AUTOSTAR,
    GUESSES_PER_DAY,
    IGNORED_PEOPLE,
    IGNORED_ROLES,
    NOWHERE,
    ONLY_PEOPLE,
    ONLY_ROLES,
    POSTS_PER_DAY,
    PROXIED,
    PROXIED_AUTHORS,
    QUESTIONS_PER_DAY,
    REPLY_VOTES,
    STICKERS,
    TEMPLATE,
    VOTER_DAYS,
    downvote_of,
    upvote_of,
)
from bot.discord.gateway.thread_rule import thread_rule
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape, plain
from bot.texts.language import speaking
from bot.texts.translate import retell
from storage.tables import Community


def settings_lines(texts: Texts, community: Community) -> list[str]:
    """The settings of a channel in sentences, one a line."""
    options = community.options
    lines = [
        texts("settings.line.watched", value=texts("word.yes" if community.watched else "word.no")),
        texts("settings.line.mode", value=texts(f"mode.{community.reply_mode.value}")),
        texts("settings.line.blind", value=texts("word.yes" if community.blind else "word.no")),
        texts("settings.line.votes", upvote=upvote_of(options), downvote=downvote_of(options)),
        texts("settings.line.horizon", value=texts.duration(community.horizon_seconds)),
        texts("settings.line.guessing", value=texts.duration(community.guess_seconds)),
    ]
    if community.low_up_to is None or community.medium_up_to is None:
        lines.append(texts("settings.line.buckets_terciles"))
    else:
        low, medium = texts.number(community.low_up_to), texts.number(community.medium_up_to)
        lines.append(texts("settings.line.buckets_fixed", low=low, medium=medium))
    if community.min_percentile is None:
        lines.append(texts("settings.line.answers_all"))
    else:
        value = texts.percent(community.min_percentile)
        lines.append(texts("settings.line.min_percentile", value=value))
    if community.quiet_from is None or community.quiet_until is None:
        lines.append(texts("settings.line.never_quiet"))
    else:
        begin, end = (
            f"{m // 60:02}:{m % 60:02}" for m in (community.quiet_from, community.quiet_until)
        )
        zone = plain(_zone(community.time_zone), 64)
        lines.append(texts("settings.line.quiet", begin=begin, end=end, time_zone=zone))
    if community.replies_per_minute is None:
        lines.append(texts("settings.line.no_rate"))
    else:
        lines.append(texts("settings.line.rate", value=texts.number(community.replies_per_minute)))
    lines.append(
        texts("settings.line.threads", value=texts(f"threads.{thread_rule(options).value}"))
    )
    lines += [
        texts(f"settings.line.{key}")
        for key in (STICKERS, AUTOSTAR, REPLY_VOTES, PROXIED, PROXIED_AUTHORS, TEMPLATE)
        if options.get(key)
    ]
    if days := options.get(VOTER_DAYS):
        lines.append(texts("settings.line.voter_days", days=texts.count("count.days", days)))
    lines += poster_lines(texts, options)
    lines.append(_announcements_line(texts, options.get(ANNOUNCEMENTS)))
    if community.paused_reason is not None:
        with speaking(texts.language):
            reason = retell(community.paused_reason)
        lines.append(texts("settings.line.paused", reason=escape(reason, 300)))
    return lines


def poster_lines(texts: Texts, options: Mapping[str, Any]) -> list[str]:
    """Whose images are posts, in sentences; none where everybody's are."""
    lines = []
    if roles := options.get(ONLY_ROLES):
        lines.append(texts("posters.line.only", roles=_roles(roles)))
    if people := options.get(ONLY_PEOPLE):
        lines.append(texts.count("posters.line.only_people", len(people)))
    if roles := options.get(IGNORED_ROLES):
        lines.append(texts("posters.line.ignored_roles", roles=_roles(roles)))
    if people := options.get(IGNORED_PEOPLE):
        lines.append(texts.count("posters.line.ignored_people", len(people)))
    if days := options.get(ACCOUNT_DAYS):
        lines.append(texts("posters.line.account_days", days=texts.count("count.days", days)))
    if most := options.get(POSTS_PER_DAY):
        lines.append(texts.count("posters.line.posts_per_day", most))
    if most := options.get(GUESSES_PER_DAY):
        lines.append(texts.count("posters.line.guesses_per_day", most))
    if most := options.get(QUESTIONS_PER_DAY):
        lines.append(texts.count("posters.line.questions_per_day", most))
    return lines


def _roles(ids: Sequence[str]) -> str:
    return ", ".join(f"<@&{each}>" for each in ids)


def _zone(name: str) -> str:
    """A time zone as people write it: the sign of those by hours is the other way round."""
    if name.startswith("Etc/GMT") and name[7:8] in ("+", "-"):
        return f"UTC{'+' if name[7] == '-' else '−'}{name[8:]}"
    return name


def _announcements_line(texts: Texts, where: object) -> str:
    if where == NOWHERE:
        return texts("settings.line.no_announcements")
    if where is None:
        return texts("settings.line.usual_announcements")
    return texts("settings.line.announcements", channel=f"<#{where}>")
