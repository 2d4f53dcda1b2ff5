"""The bot's token: from a setting, or from a file that only this account can read."""

from bot.platform import PlatformRefused
from bot.settings import Settings

NONE_IS_SET = (
    "There is no Discord token. Type it in on the page /admin/setup, or set PEORIA_DISCORD_TOKEN,"
    " or PEORIA_DISCORD_TOKEN_FILE to a file that holds it; docs/discord.md says where to get one."
)
NOT_ACCEPTED = (
    "Discord does not accept the token. Copy it anew from the Discord Developer Portal (your"
    " application → Bot → Reset Token) into the page /admin/setup, into PEORIA_DISCORD_TOKEN in the"
    " file .env, or into PEORIA_DISCORD_TOKEN_FILE: within a minute Peoria takes up what is in a"
    " file. Where the token is a variable of the environment, start Peoria again."
)


def read_token(settings: Settings) -> str:
    """The token.

    Raises:
        PlatformRefused: there is none, or its file cannot be read.
    """
    if settings.discord_token is not None:
        token = settings.discord_token.get_secret_value().strip()
    elif settings.discord_token_file is not None:
        try:
            token = settings.discord_token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PlatformRefused(
                f"The Discord token cannot be read from {settings.discord_token_file}"
                f" (PEORIA_DISCORD_TOKEN_FILE): {getattr(error, 'strerror', None) or 'no text'}."
            ) from error
    else:
        token = ""
    if not token:
        raise PlatformRefused(NONE_IS_SET)
    return token
