"""Who we are on Lemmy, from the settings."""

from bot.lemmy.client import Credentials
from bot.networks.secret_files import read_secret
from bot.platform import PlatformRefused
from bot.settings import Settings


def read_credentials(settings: Settings) -> Credentials:
    """The credentials: a password file goes before the setting.

    Raises:
        PlatformRefused: something is missing; the message says what.
    """
    password = read_secret(
        settings.lemmy_password, settings.lemmy_password_file, "PEORIA_LEMMY_PASSWORD_FILE"
    )
    if not settings.lemmy_instance or not settings.lemmy_username or not password:
        raise PlatformRefused(
            "Lemmy needs an account: type it in on the page /admin/setup, or set"
            " PEORIA_LEMMY_INSTANCE, PEORIA_LEMMY_USERNAME, and PEORIA_LEMMY_PASSWORD or"
            " PEORIA_LEMMY_PASSWORD_FILE; docs/lemmy.md says how."
        )
    return Credentials(settings.lemmy_instance, settings.lemmy_username, password)
