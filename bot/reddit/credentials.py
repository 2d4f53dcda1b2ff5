"""Who we are on Reddit: from the settings, or from a file that only its owner can read."""

import logging
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bot.platform import PlatformRefused
from bot.settings import Settings

log = logging.getLogger(__name__)

_NAMES = ("client_id", "client_secret", "username", "password", "refresh_token", "user_agent")
_QUOTED = re.compile(r"""(["'])(.*)\1""")
_LINE = re.compile(r"\s*(?:PEORIA_REDDIT_)?(\w+)\s*=\s*(.*?)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Reddit needs for signing in: username and password, or a refresh token."""

    client_id: str
    client_secret: str | None = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    user_agent: str


def read_credentials(settings: Settings) -> Credentials:
    """The credentials: a line of the file goes before a setting.

    Raises:
        PlatformRefused: something is missing; the message says what.
    """
    secret = {
        name: value.get_secret_value() if value else None
        for name, value in (
            ("client_secret", settings.reddit_client_secret),
            ("password", settings.reddit_password),
            ("refresh_token", settings.reddit_refresh_token),
        )
    }
    found: dict[str, str | None] = {
        "client_id": settings.reddit_client_id,
        "username": settings.reddit_username,
        "user_agent": settings.reddit_user_agent,
        **secret,
    }
    if settings.reddit_credentials_file is not None:
        found |= _read_file(settings.reddit_credentials_file)
    return _complete(found)


def _read_file(path: Path) -> dict[str, str]:
    """Lines of ``name = value``; the names are those of the settings, with or without prefix."""
    try:
        text, mode = path.read_text("utf-8"), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise PlatformRefused(
            f"PEORIA_REDDIT_CREDENTIALS_FILE cannot be read ({path}: {reason})."
        ) from error
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        log.warning("%s can be read by others; `chmod 600` keeps them out.", path)
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";", "[")):
            continue
        match = _LINE.fullmatch(line)
        if match is None or match[1].lower() not in _NAMES:
            raise PlatformRefused(
                f"Line {number} of {path} is none of {', '.join(_NAMES)}, followed by = and a"
                " value."
            )
        # One pair of quotes, not every quote: a password may end with one.
        quoted = _QUOTED.fullmatch(match[2])
        found[match[1].lower()] = match[2] if quoted is None else quoted[2]
    return found


def _complete(found: dict[str, str | None]) -> Credentials:
    value = {name: text or None for name, text in found.items()}
    client_id = value["client_id"]
    if client_id is None:
        raise PlatformRefused(
            "Reddit needs an app: type it in on the page /admin/setup, or set"
            " PEORIA_REDDIT_CLIENT_ID; docs/reddit.md says how."
        )
    if not value["refresh_token"] and not (value["username"] and value["password"]):
        raise PlatformRefused(
            "Reddit needs PEORIA_REDDIT_USERNAME and PEORIA_REDDIT_PASSWORD, or"
            " PEORIA_REDDIT_REFRESH_TOKEN."
        )
    if not value["refresh_token"] and not value["client_secret"]:
        raise PlatformRefused(
            "Signing in with a password needs PEORIA_REDDIT_CLIENT_SECRET (an app of the type"
            " script)."
        )
    agent = value["user_agent"]
    if agent is None:
        if value["username"] is None:
            raise PlatformRefused(
                "Reddit wants to know whom to ask about a bot: set PEORIA_REDDIT_USER_AGENT, for"
                " example: linux:peoria:0.2 (by /u/yourname)."
            )
        agent = f"python:peoria:0.2 (by /u/{value['username']})"
    if not agent.isascii() or not agent.isprintable() or len(agent) < 7:
        raise PlatformRefused(
            "PEORIA_REDDIT_USER_AGENT must be a line of plain letters, for example:"
            " linux:peoria:0.2 (by /u/yourname)."
        )
    return Credentials(
        client_id=client_id,
        client_secret=value["client_secret"],
        # With a refresh token praw must not be given a password: it would take that way.
        username=None if value["refresh_token"] else value["username"],
        password=None if value["refresh_token"] else value["password"],
        refresh_token=value["refresh_token"],
        user_agent=agent,
    )
