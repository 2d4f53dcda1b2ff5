"""Passwords and tokens, from a file or from a setting."""

import logging
import stat
from pathlib import Path

from pydantic import SecretStr

from bot.platform import PlatformRefused

log = logging.getLogger(__name__)


def read_secret(value: SecretStr | None, file: Path | None, setting: str) -> str | None:
    """A secret: a file goes before the setting; None where neither is given.

    Args:
        setting: name of the setting that names the file.

    Raises:
        PlatformRefused: the file cannot be read; the message says what to do.
    """
    if file is None:
        return None if value is None else value.get_secret_value().strip()
    try:
        secret, mode = file.read_text("utf-8").strip(), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise PlatformRefused(f"{setting} cannot be read ({file}: {reason}).") from error
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        log.warning("%s can be read by others; `chmod 600` keeps them out.", file)
    return secret
