"""Who we are on Lemmy, from the settings."""

import logging
import stat

from bot.lemmy.client import Credentials
from bot.platform import PlatformRefused
from bot.settings import Settings

log = logging.getLogger(__name__)


def read_credentials(settings: Settings) -> Credentials:
    """The credentials: a password file goes before the setting.

    Raises:
        PlatformRefused: something is missing; the message says what.
    """
    password = settings.lemmy_password.get_secret_value() if settings.lemmy_password else None
    file = settings.lemmy_password_file
    if file is not None:
        try:
            password, mode = file.read_text("utf-8").strip(), file.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise PlatformRefused(
                f"PEORIA_LEMMY_PASSWORD_FILE cannot be read ({file}: {reason})."
            ) from error
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            log.warning("%s can be read by others; `chmod 600` keeps them out.", file)
    if not settings.lemmy_instance or not settings.lemmy_username or not password:
        raise PlatformRefused(
            "Lemmy needs PEORIA_LEMMY_INSTANCE, PEORIA_LEMMY_USERNAME, and PEORIA_LEMMY_PASSWORD or"
            " PEORIA_LEMMY_PASSWORD_FILE; docs/lemmy.md says how."
        )
    return Credentials(settings.lemmy_instance, settings.lemmy_username, password)
