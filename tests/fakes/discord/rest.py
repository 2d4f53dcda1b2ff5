"""The REST API v10 of the loopback Discord: what the bot asks for, and what it is told."""

from typing import TYPE_CHECKING

from tests.fakes.discord.calls import (
    ALREADY_ACKNOWLEDGED,
    COMPONENT,
    INVALID_WEBHOOK_TOKEN,
    TOKEN_SECONDS,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Call,
    Refused,
    invalid,
    route,
)
from tests.fakes.discord.guild_routes import GuildRoutes
from tests.fakes.discord.message_routes import MessageRoutes
from tests.fakes.discord.messages import Message
from tests.fakes.discord.world import EPHEMERAL, Guild, Payload, User

if TYPE_CHECKING:
    from tests.fakes.discord.interactions import Interaction


class Rest(GuildRoutes, MessageRoutes):
    """All of it: with commands and interactions, which make and change messages."""

    # Application commands.

    @route("GET", "/applications/{application_id}/commands")
    async def global_commands(self, _: Call) -> list[Payload]:
        return list(self._fake.commands.values())

    @route("PUT", "/applications/{application_id}/commands")
    async def set_global_commands(self, call: Call) -> list[Payload]:
        self._fake.commands = self._registered(self._fake.commands, call.payload)
        return list(self._fake.commands.values())

    @route("POST", "/applications/{application_id}/commands")
    async def add_global_command(self, call: Call) -> Payload:
        added = self._registered(self._fake.commands, [call.payload])
        self._fake.commands |= added
        return next(iter(added.values()))

    @route("GET", "/applications/{application_id}/guilds/{guild_id}/commands")
    async def guild_commands(self, call: Call) -> list[Payload]:
        return list(self._fake.guild_commands.get(self.guild(call).id, {}).values())

    @route("PUT", "/applications/{application_id}/guilds/{guild_id}/commands")
    async def set_guild_commands(self, call: Call) -> list[Payload]:
        guild = self.guild(call)
        known = self._fake.guild_commands.get(guild.id, {})
        self._fake.guild_commands[guild.id] = self._registered(known, call.payload, guild)
        return list(self._fake.guild_commands[guild.id].values())

    @route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
    async def command_permissions(self, _: Call) -> list[Payload]:
        return []

    def _registered(
        self, known: dict[tuple[str, int], Payload], wanted: list[Payload],
        guild: Guild | None = None,
    ) -> dict[tuple[str, int], Payload]:  # fmt: skip
        commands = {}
        for command in wanted:
            key = (command["name"], command.get("type", 1))
            stored = {
                "type": 1, "description": "", "default_member_permissions": None, "nsfw": False,
                "dm_permission": True, "contexts": None, "integration_types": [0],
                "name_localizations": None, "description_localizations": None,
                **{name: value for name, value in command.items() if value is not None},
                "id": known[key]["id"] if key in known else str(self._fake.new_id()),
                "application_id": str(self._fake.application_id),
                "version": str(self._fake.new_id()),
            }  # fmt: skip
            if stored["default_member_permissions"] is not None:
                stored["default_member_permissions"] = str(stored["default_member_permissions"])
            if guild is not None:
                stored["guild_id"] = str(guild.id)
            commands[key] = stored
        return commands

    # Interactions.

    @route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", token=False)
    async def callback(self, call: Call) -> Payload | None:
        interaction = self._fake.interactions.get(call.path["interaction_token"])
        if interaction is None or interaction.too_late:
            raise Refused(404, UNKNOWN_INTERACTION, "Unknown interaction")
        if interaction.callback is not None:
            raise Refused(400, ALREADY_ACKNOWLEDGED, "Interaction has already been acknowledged.")
        message = self._respond(interaction, call)
        interaction.acknowledge(call.payload)
        if message is not None and call.payload["type"] in (4, 5):
            self._fake.publish(message)
        self._fake.settle_interaction(interaction)
        return _callback_response(interaction, message, self._fake.bot)

    def _respond(self, interaction: "Interaction", call: Call) -> Message | None:
        kind, data = call.payload["type"], call.payload.get("data") or {}
        if kind == 4:
            message = self.build(call, interaction.channel, data)
        elif kind == 5:
            message = Message(self._fake.new_id(), interaction.channel, self._fake.bot)
            message.flags, message.loading = data.get("flags", 0), True
        elif kind in (6, 7):
            if interaction.message is None:
                raise invalid("type", "BASE_TYPE_CHOICES", "Only components can update a message.")
            if kind == 7:
                self.change(interaction.message, call, data)
            interaction.response = interaction.message
            return interaction.message
        elif kind == 8:
            interaction.choices = data["choices"]
            return None
        elif kind == 9:
            interaction.modal = data
            return None
        else:
            raise invalid("type", "BASE_TYPE_CHOICES", f"Callback type {kind}.")
        self._belongs(message, interaction)
        interaction.response = message
        return message

    def _belongs(self, message: Message, interaction: "Interaction") -> None:
        message.webhook_id = self._fake.application_id
        message.interaction = _origin(interaction)
        if interaction.opened_by is not None:
            message.interaction["triggering_interaction_metadata"] = _origin(interaction.opened_by)
        elif interaction.command is not None:
            message.interaction |= {"name": interaction.command["name"], "command_type": 1}
        if message.ephemeral:
            message.only_for = interaction.user

    def _interaction(self, call: Call) -> "Interaction":
        fake = self._fake
        if call.id("webhook_id") != fake.application_id:
            raise Refused(404, UNKNOWN_WEBHOOK, "Unknown Webhook")
        interaction = fake.interactions.get(call.path["webhook_token"])
        if interaction is None or interaction.age > TOKEN_SECONDS:
            raise Refused(401, INVALID_WEBHOOK_TOKEN, "Invalid Webhook Token")
        if interaction.callback is None:
            raise Refused(404, UNKNOWN_WEBHOOK, "Unknown Webhook")
        return interaction

    def _original(self, call: Call) -> "tuple[Interaction, Message]":
        interaction = self._interaction(call)
        if interaction.response is None or interaction.response.deleted:
            raise Refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        return interaction, interaction.response

    @route("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", token=False)
    async def get_original(self, call: Call) -> Payload:
        return self._original(call)[1].payload(self._fake.bot)

    @route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", token=False)
    async def edit_original(self, call: Call) -> Payload:
        interaction, message = self._original(call)
        self.change(message, call)
        message.loading = False
        interaction.edits.append(call.payload)
        self._fake.settle_interaction(interaction)
        return message.payload(self._fake.bot)

    @route("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 204, token=False)
    async def delete_original(self, call: Call) -> None:
        interaction, message = self._original(call)
        self._fake.drop(message)
        self._fake.settle_interaction(interaction)

    @route("POST", "/webhooks/{webhook_id}/{webhook_token}", token=False)
    async def follow_up(self, call: Call) -> Payload:
        interaction = self._interaction(call)
        original = interaction.response
        if original is not None and original.loading and not original.deleted:
            # The first follow-up of a deferred answer takes its place, its ephemerality included.
            self.change(original, call)
            original.loading = False
            interaction.followups.append(original)
            self._fake.settle_interaction(interaction)
            return original.payload(self._fake.bot)
        message = self.build(call, interaction.channel)
        self._belongs(message, interaction)
        interaction.followups.append(message)
        self._fake.publish(message)
        self._fake.settle_interaction(interaction)
        return message.payload(self._fake.bot)

    def _followup(self, call: Call) -> Message:
        interaction = self._interaction(call)
        for message in interaction.messages:
            if message.id == call.id("message_id") and not message.deleted:
                return message
        raise Refused(404, UNKNOWN_MESSAGE, "Unknown Message")

    @route("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", token=False)
    async def get_follow_up(self, call: Call) -> Payload:
        return self._followup(call).payload(self._fake.bot)

    @route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", token=False)
    async def edit_follow_up(self, call: Call) -> Payload:
        message = self._followup(call)
        self.change(message, call)
        return message.payload(self._fake.bot)

    @route(
        "DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", 204, token=False
    )
    async def delete_follow_up(self, call: Call) -> None:
        self._fake.drop(self._followup(call))


def _origin(interaction: "Interaction") -> Payload:
    origin: Payload = {
        "id": str(interaction.id), "type": interaction.kind, "user": interaction.user.payload(),
        "authorizing_integration_owners": {},
    }  # fmt: skip
    if interaction.kind == COMPONENT and interaction.message is not None:
        origin["interacted_message_id"] = str(interaction.message.id)
    return origin


def _callback_response(interaction: "Interaction", message: Message | None, bot: User) -> Payload:
    assert interaction.callback is not None
    kind = interaction.callback["type"]
    told: Payload = {"id": str(interaction.id), "type": interaction.kind}
    body: Payload = {"interaction": told}
    if message is not None:
        told["response_message_id"] = str(message.id)
        told["response_message_loading"] = kind == 5
        told["response_message_ephemeral"] = bool(message.flags & EPHEMERAL)
        if kind in (4, 7):
            body["resource"] = {"type": kind, "message": message.payload(bot)}
    return body
