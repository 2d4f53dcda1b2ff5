"""Answers to commands and buttons: deferred at once, filled in when they are known."""

from typing import Any, TypeAlias

import discord

Interaction: TypeAlias = discord.Interaction[Any]

#: Key of an interaction's extras: whether only the person who asked sees the answer.
_EPHEMERAL = "ephemeral"


async def defer(interaction: Interaction, *, ephemeral: bool) -> None:
    """Acknowledge a command at once: "is thinking", for all to see or for who asked alone."""
    interaction.extras[_EPHEMERAL] = ephemeral
    await interaction.response.defer(thinking=True, ephemeral=ephemeral)


async def respond(
    interaction: Interaction,
    text: str | None = None,
    *,
    embed: discord.Embed | None = None,
    embeds: list[discord.Embed] | None = None,
    files: list[discord.File] | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """Put the answer in the place of "is thinking"; nobody is pinged, whatever the text holds."""
    await interaction.edit_original_response(
        content=text,
        embeds=embeds if embeds is not None else [embed] if embed else [],
        attachments=files or [],
        view=view,
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def respond_privately(interaction: Interaction, sentence: str) -> None:
    """Say something that only the person who asked sees, whatever `defer` announced."""
    if not interaction.response.is_done():
        await interaction.response.send_message(sentence, ephemeral=True)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        if interaction.extras.get(_EPHEMERAL):
            await interaction.edit_original_response(content=sentence, embeds=[], view=None)
            return
        # What takes the place of a public "is thinking" would be public, too.
        await interaction.delete_original_response()
    await interaction.followup.send(sentence, ephemeral=True)
