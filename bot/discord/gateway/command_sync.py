"""Telling Discord which commands there are: when they changed, not at every start.

Discord limits how often commands may be created, and everybody's client shows "outdated command"
for a while after each change.
"""

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from discord import app_commands

from storage.files.atomic import replacing

log = logging.getLogger(__name__)

FILE = "discord-commands.sha256"


async def sync_commands(tree: app_commands.CommandTree[Any], data_dir: Path) -> bool:
    """Send the commands to Discord if they have changed; return whether they were sent.

    Raises:
        discord.HTTPException: Discord did not take them.
        OSError: the data folder cannot be written.
    """
    fingerprint = await _fingerprint(tree)
    if await asyncio.to_thread(_read, data_dir) == fingerprint:
        return False
    synced = await tree.sync()
    # Noted only once Discord has them: a failure is tried again at the next start.
    await asyncio.to_thread(_note, data_dir, fingerprint)
    log.info("%s commands were sent to Discord.", len(synced))
    return True


async def commands_are_in_sync(tree: app_commands.CommandTree[Any], data_dir: Path) -> bool:
    """Whether the commands that were last sent to Discord are those of now."""
    return await asyncio.to_thread(_read, data_dir) == await _fingerprint(tree)


async def _fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    """A hash of everything that is sent: commands, translations and the application's id."""
    payloads = []
    for command in tree.get_commands():
        if tree.translator is None:
            payloads.append(command.to_dict(tree))
        else:
            payloads.append(await command.get_translated_payload(tree, tree.translator))
    payloads.sort(key=lambda payload: (payload["type"], payload["name"]))
    synced = json.dumps([tree.client.application_id, payloads], sort_keys=True)
    return hashlib.sha256(synced.encode()).hexdigest()


def _read(data_dir: Path) -> str | None:
    try:
        return (data_dir / FILE).read_text("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _note(data_dir: Path, fingerprint: str) -> None:
    with replacing(data_dir / FILE) as file:
        file.write_text(fingerprint, "ascii")
