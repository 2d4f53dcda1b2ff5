"""What people are told when something goes wrong, by whose it is to mend."""

import logging
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from sqlalchemy.exc import OperationalError

from bot.community_settings import SettingRefused
from bot.discord.texts.lookup import Texts
from bot.discord.ui import error_replies
from bot.discord.ui.error_replies import Refused, answer_error, permission_name, sentence_of
from bot.league.guesses import CLOSED, GuessRefused
from bot.platform import PlatformUnavailable
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.champion import NoChampion
from bot.training.run_table import RunUnderWay
from models.decoding import ImageRefused
from models.registry import VersionUnusable
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.discord import Channel, FakeDiscord, Member
from tests.fakes.discord.faults import error
from tests.fakes.full_disk import full_database
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")
ENGLISH, GERMAN = Texts("en-US"), Texts("de")


def answered(kind: type[discord.HTTPException], status: int) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="no")
    return kind(response, {"code": 0, "message": "no"})


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Refused("error.cooldown", seconds=3), "Try again in 3 s"),
        (ImageRefused("empty", "This file is empty."), "This file is empty."),
        (DownloadRefused("dead"), "nothing to fetch"),
        (DownloadFailed("503"), "did not arrive"),
        (SettingRefused("time_zone", "There is none."), "no such time zone"),
        (RunUnderWay("one"), "under way already"),
        (VersionUnusable("no manifest"), "cannot serve: no manifest"),
        (GuessRefused(CLOSED), "has closed"),
        (NoChampion("none"), "No model version can serve"),
        (app_commands.BotMissingPermissions(["embed_links"]), "I need: Embed Links"),
        (answered(discord.HTTPException, 429), "Discord"),
        (discord.RateLimited(70.0), "Discord"),
        (app_commands.NoPrivateMessage(), "only in a server"),
        (app_commands.CheckFailure(), "may not do that"),
        (app_commands.CommandNotFound("x", []), "has changed"),
        (answered(discord.Forbidden, 403), "does not let me"),
        (answered(discord.DiscordServerError, 503), "did not answer"),
        (aiohttp.ClientConnectionError("gone"), "did not answer"),
        (TimeoutError(), "did not answer"),
        (PlatformUnavailable("away"), "did not answer"),
    ],
)
def test_what_is_foreseen_has_a_sentence(problem: Exception, words: str) -> None:
    assert words in (sentence_of(ENGLISH, problem) or "")
    assert sentence_of(GERMAN, problem)


@pytest.mark.parametrize(
    "problem", [RuntimeError("x"), KeyError("x"), answered(discord.HTTPException, 400)]
)
def test_what_is_not_foreseen_is_ours(problem: Exception) -> None:
    assert sentence_of(ENGLISH, problem) is None


def test_every_reason_to_refuse_an_image_is_translated() -> None:
    for reason in (
        "empty", "too_large", "unsupported_format", "truncated", "corrupt", "too_many_pixels",
        "too_complex",
    ):  # fmt: skip
        refusal = ImageRefused(reason, "In English.")  # type: ignore[arg-type]
        sentence = sentence_of(GERMAN, refusal) or ""
        assert sentence not in ("", "In English.")
        assert "{" not in sentence


def test_permissions_are_called_what_discord_calls_them() -> None:
    assert permission_name(ENGLISH, "attach_files") == "Attach Files"
    assert permission_name(GERMAN, "attach_files") == "Dateien anhängen"
    assert permission_name(GERMAN, "manage_webhooks") == "Manage Webhooks"


async def test_an_answer_that_comes_too_late_is_only_logged(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, "bot.discord.ui.error_replies")
    fake.on("POST /interactions/{interaction_id}/{interaction_token}/callback", error(404, 10062))
    await fake.slash(ann, channel, "help", wait=False)
    await fake.settle()
    assert "/help was answered too late" in caplog.text
    assert "Fault" not in caplog.text


async def test_discord_being_away_is_said_when_it_is_back(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    fake.on("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", error(403, 50013))
    await fake.slash(ann, channel, "predict", image=PNG)
    await fake.settle()
    (whisper,) = fake.whispers_to(ann)
    assert "Discord does not let me do that here" in whisper.text


async def test_a_full_disk_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    async def respond(_: object, sentence: str) -> None:
        told.append(sentence)

    monkeypatch.setattr(error_replies, "respond_privately", respond)
    client = SimpleNamespace(is_closed=lambda: False)
    asked: Any = SimpleNamespace(locale="de", client=client, command=None, data={}, type=None)
    for problem in (OperationalError("INSERT", {}, full_database()), OSError(28, "No space left")):
        await answer_error(asked, problem)
    assert [sentence.partition(";")[0] for sentence in told] == [
        "Gerade lässt sich nichts speichern"
    ] * 2
