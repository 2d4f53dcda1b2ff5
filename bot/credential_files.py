"""Files with credentials that the first-run page of the board writes, and that settings then name.

Beside them are the names of subreddits that are typed in there.

They lie in the data folder, where no other account can read them. They are in no backup, in no
database and in no log.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.settings import Settings, read_subreddits
from bot.written_networks import (
    NETWORKS,
    as_written,
    checked,
    written_account,
    written_watched,
)
from storage.files.atomic import fsync_folder
from storage.private import make_private_folder
from storage.types import PlatformName

#: Characters of the longest value.
MOST_CHARACTERS = 500
#: Characters of all that is watched on a network: what is read back is no longer.
MOST_WATCHED = 4_000
_QUOTES = "\"'"
#: What has to be given to sign in at Reddit: one of these.
_WAYS_IN = (
    {"client_id", "username", "client_secret", "password"},
    {"client_id", "username", "refresh_token"},
)


class NoCredential(ValueError):
    """What was given cannot be one; the message says why, without it."""


def write_discord_token(settings: Settings, token: str) -> None:
    """Write the token, in place of one that was written before.

    Raises:
        NoCredential: it cannot be a token.
        OSError: it cannot be written.
    """
    _write(settings.written_discord_token, f"{_clean('The token', token)}\n")


def write_reddit_credentials(settings: Settings, values: Mapping[str, str]) -> None:
    """Write Reddit's credentials, in place of those that were written before.

    Args:
        settings: they say where.
        values: by the names that the file has; empty ones are left out.

    Raises:
        NoCredential: one is missing, or cannot be what it is given for.
        OSError: they cannot be written.
    """
    lines = [
        f"{name} = {_quoted(_clean(name.replace('_', ' ').capitalize(), value))}"
        for name, value in values.items()
        if value
    ]
    given = {name for name, value in values.items() if value}
    if not any(way <= given for way in _WAYS_IN):
        # What was written before stays: it may be whole.
        raise NoCredential(
            "Reddit needs the id of the app and the account, and either the app's secret and the"
            " password, or a refresh token."
        )
    _write(settings.written_reddit_credentials, "\n".join(lines) + "\n")


def write_subreddits(settings: Settings, names: str) -> None:
    """Write the names of subreddits, in place of those that were written before.

    Raises:
        ValidationError: one cannot be a subreddit.
        OSError: they cannot be written.
    """
    _write(settings.written_subreddits, f"{','.join(read_subreddits(names))}\n")


def network_account(name: PlatformName, values: Mapping[str, str]) -> Mapping[str, object]:
    """An account on a network as it was typed in, as settings have it.

    Args:
        values: by the names of the settings.

    Raises:
        NoCredential: one is missing, or cannot be what it is given for.
    """
    fields = NETWORKS[name]
    clean = {
        each: _clean(each.partition("_")[2].capitalize(), values.get(each, ""))
        for each in (*fields.account, fields.secret)
    }
    try:
        return checked(Settings.model_fields, clean)
    except ValidationError as error:
        raise NoCredential(f"The address cannot be used: it {what_is_wrong(error)}.") from None


def what_is_wrong(error: ValidationError) -> str:
    """The first thing that is wrong, without what was given: it may be a secret."""
    said = str(error.errors(include_input=False, include_url=False)[0]["msg"])
    return said.removeprefix("Value error, ")


def write_network_account(
    settings: Settings, name: PlatformName, account: Mapping[str, object]
) -> None:
    """Write an account on a network, in place of one that was written before.

    Raises:
        OSError: it cannot be written.
    """
    _write(written_account(settings.data_dir, name), as_written(account))


def write_network_watched(settings: Settings, name: PlatformName, places: str) -> None:
    """Write what is watched on a network, in place of what was written before.

    Raises:
        NoCredential: there are too many.
        ValidationError: one can be nothing of that network.
        OSError: it cannot be written.
    """
    if len(places) > MOST_WATCHED:
        raise NoCredential(f"What is watched must be at most {MOST_WATCHED} characters.")
    given = {NETWORKS[name].watched: places.strip()}
    checked(Settings.model_fields, given)
    _write(written_watched(settings.data_dir, name), as_written(given))


def _quoted(value: str) -> str:
    """A value as it is read back: a pair of quotes around it is none of it."""
    return f'"{value}"' if value[0] in _QUOTES and value[0] == value[-1] else value


def _clean(name: str, value: str) -> str:
    text = value.strip()
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable():
        raise NoCredential(
            f"{name} must be one line of at most {MOST_CHARACTERS} characters that can be seen."
        )
    return text


def _write(path: Path, text: str) -> None:
    make_private_folder(path.parent)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    fsync_folder(path.parent)
