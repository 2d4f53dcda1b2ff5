"""What a person reads when a command or a button could not do what they asked.

One place, in this order:

1. A refusal of ours (`Refused`): its sentence.
2. What a person can mend: an image, a setting, a guess, a model's name, a season.
3. What an admin can mend: a permission that the bot lacks.
4. Discord itself: away, or the question is older than Discord lets us answer.
5. The disk or the database: nothing can be stored, and the log says why.
6. Anything else is a fault of ours: it is logged whole under a number, and the person gets the
   number, nothing else.

Only that person sees the sentence.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp
import discord
from discord import app_commands

from bot.community_settings import SettingRefused
from bot.discord.gateway.error_codes import AWAY
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name
from bot.discord.ui.responses import respond_privately
from bot.league.guesses import GuessRefused
from bot.platform import PlatformUnavailable
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.champion import NoChampion
from bot.training.run_table import RunUnderWay
from bot.training.versions import UnknownVersion
from models.backbone import BackboneUnusable
from models.decoding import ImageRefused
from models.extras import TrainMissing
from models.head import HeadUnusable
from models.registry import VersionUnusable
from storage.engine.faults import storage_fault

log = logging.getLogger(__name__)

#: Codes of Discord's answers that say: the question is gone, or was answered already.
_UNKNOWN_INTERACTION, _ALREADY_ANSWERED, _TOKEN_EXPIRED, _UNKNOWN_MESSAGE = (
    10062, 40060, 50027, 10008,
)  # fmt: skip


class Refused(app_commands.AppCommandError):
    """The command will not do that; ``key`` is the text that says why."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


async def answer_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell the person who asked what went wrong, or log it where nobody can be reached."""
    cause = error
    if isinstance(error, app_commands.CommandInvokeError | app_commands.TransformerError):
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, app_commands.CommandInvokeError):
        cause = error.original
    texts = Texts(interaction.locale)
    if _is_gone(cause):
        log.info("%s was answered too late: %s", _name(interaction), cause)
        return
    if interaction.client.is_closed():
        log.info("%s was not answered: the bot was stopping (%s).", _name(interaction), cause)
        return
    sentence = sentence_of(texts, cause)
    if sentence is None:
        number = secrets.token_hex(3)
        log.error("Fault %s in %s.", number, _name(interaction), exc_info=cause)
        # A full disk is no fault of ours, and its number would help nobody.
        ours = storage_fault(cause) is None
        sentence = texts("error.ours", number=number) if ours else texts("error.not_stored")
    try:
        await respond_privately(interaction, sentence)
    except (discord.HTTPException, PlatformUnavailable, *AWAY) as lost:
        log.warning("%s: the person could not be answered: %s", _name(interaction), lost)
    except Exception:
        # An answer of another shape, after which nobody knows whether they were told.
        log.exception("%s: whether the person was answered is not known.", _name(interaction))


def sentence_of(texts: Texts, error: Exception) -> str | None:
    """The sentence for an expected error; None for a fault of ours."""
    for respond in (_ours, _mended_by_a_person, _mended_by_an_admin, _discords):
        sentence = respond(texts, error)
        if sentence is not None:
            return sentence
    return None


def _ours(texts: Texts, error: Exception) -> str | None:
    return texts(error.key, **error.values) if isinstance(error, Refused) else None


def _mended_by_a_person(texts: Texts, error: Exception) -> str | None:
    match error:
        case ImageRefused():
            return image_sentence(texts, error)
        case DownloadRefused():
            return texts("image.not_fetched")
        case DownloadFailed():
            return texts("predict.not_arrived")
        case SettingRefused():
            return texts(f"refused.{error.reason}", **error.values)
        case RunUnderWay():
            return texts("retrain.under_way")
        case VersionUnusable() | HeadUnusable():
            return texts("model.unusable", reason=str(error))
        case GuessRefused() | UnknownVersion() | TrainMissing():
            return str(error)
        case NoChampion() | BackboneUnusable():
            return texts("error.no_model")
    return None


def _mended_by_an_admin(texts: Texts, error: Exception) -> str | None:
    match error:
        case app_commands.BotMissingPermissions():
            names = [permission_name(texts, name) for name in error.missing_permissions]
            return texts("error.missing_permissions", permissions=", ".join(names))
        case app_commands.NoPrivateMessage():
            return texts("error.guild_only")
        case app_commands.CheckFailure():
            return texts("error.not_allowed")
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return texts("error.out_of_date")
        case discord.Forbidden():
            return texts("error.forbidden")
    return None


def _discords(texts: Texts, error: Exception) -> str | None:
    if isinstance(error, discord.RateLimited) or (
        # Also one that did not come from Discord itself but from what stands before it.
        isinstance(error, discord.HTTPException) and error.status == 429
    ):
        return texts("error.discord_away")
    if isinstance(
        error, discord.DiscordServerError | aiohttp.ClientError | TimeoutError | PlatformUnavailable
    ):
        return texts("error.discord_away")
    return None


def image_sentence(texts: Texts, refusal: ImageRefused) -> str:
    """Why an image is refused, in the reader's language."""
    if texts.language == "en":
        # The decoder knows the figures.
        return str(refusal)
    return texts(f"image.{refusal.reason}")


def _is_gone(error: Exception) -> bool:
    return isinstance(error, discord.HTTPException) and error.code in (
        _UNKNOWN_INTERACTION, _ALREADY_ANSWERED, _TOKEN_EXPIRED, _UNKNOWN_MESSAGE,
    )  # fmt: skip


def _name(interaction: discord.Interaction[Any]) -> str:
    command = interaction.command
    if command is not None:
        return f"/{command.qualified_name}"
    data: Mapping[str, Any] = dict(interaction.data or {})
    return f"button {str(data.get('custom_id')).partition(':')[0]}"
