"""Commands, buttons, menus and forms on the loopback Discord: what people ask of the bot."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from tests.fakes.discord.activity import Activity
from tests.fakes.discord.calls import COMPONENT
from tests.fakes.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    IN_BOT_DM,
    IN_GUILD,
    MODAL,
    Interaction,
    NotOffered,
)
from tests.fakes.discord.messages import Message, walk
from tests.fakes.discord.people import as_upload
from tests.fakes.discord.world import (
    EVERYBODY,
    Channel,
    Member,
    Payload,
    Person,
    Role,
    may,
    permissions_in,
)


class Asking(Activity):
    """The part of `FakeDiscord` in which people ask something of the bot."""

    application_id: int

    def __init__(self) -> None:
        super().__init__()
        #: What the bot registered: by (name, type).
        self.commands: dict[tuple[str, int], Payload] = {}
        self.guild_commands: dict[int, dict[tuple[str, int], Payload]] = {}
        self.interactions: dict[str, Interaction] = {}
        self._tokens = itertools.count(1)

    async def slash(
        self, person: Person, channel: Channel, name: str, /, *, wait: bool = True,
        anyway: bool = False, **options: Any,
    ) -> Interaction:  # fmt: skip
        """Somebody uses a slash command; "model rollback" is a subcommand.

        Options are what the command says they are: text, numbers, members, channels, and for
        attachments bytes or an `Upload`. With ``anyway`` the server's admins have allowed the
        command to people whom its default permissions leave out.

        Raises:
            NotOffered: the bot has no such command, or not for them, there, or with this option.
        """
        command, data = self._invocation(person, channel, name, options, anyway=anyway)
        return await self._ask(COMMAND, person, channel, data, wait=wait, command=command)

    async def autocomplete(
        self, person: Person, channel: Channel, name: str, option: str, typed: str = "", /,
        **options: Any,
    ) -> list[Payload]:  # fmt: skip
        """What is offered while somebody types: [{"name", "value"}]."""
        command, data = self._invocation(
            person, channel, name, {**options, option: typed}, anyway=False, complete=option
        )
        asked = await self._ask(AUTOCOMPLETE, person, channel, data, wait=True, command=command)
        return asked.choices or []

    async def menu(
        self, person: Person, message: Message, name: str, *, wait: bool = True
    ) -> Interaction:
        """Somebody picks an entry of a message's menu."""
        command = self._offered(person, message.channel, name, 3, anyway=False)
        # The target comes with its content, whatever the bot's intents.
        data = {
            "id": command["id"], "name": name, "type": 3, "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): message.payload(self.bot)}},
        }  # fmt: skip
        return await self._ask(COMMAND, person, message.channel, data, wait=wait, command=command)

    async def click(
        self, person: Person, message: Message, button: str, *, wait: bool = True
    ) -> Interaction:
        """Somebody presses a button, named by its custom_id or its label.

        Raises:
            NotOffered: the message has no such button, or it is greyed out, or cannot be seen.
        """
        part = self._component(person, message, button)
        data = {"custom_id": part["custom_id"], "component_type": 2, "id": part.get("id", 1)}
        return await self._ask(COMPONENT, person, message.channel, data, wait=wait, message=message)

    async def select(
        self, person: Person, message: Message, menu: str, *values: str, wait: bool = True
    ) -> Interaction:
        """Somebody chooses from a menu, named by its custom_id or its placeholder."""
        part = self._component(person, message, menu)
        data = {
            "custom_id": part["custom_id"], "component_type": part["type"],
            "id": part.get("id", 1), "values": list(values),
        }  # fmt: skip
        return await self._ask(COMPONENT, person, message.channel, data, wait=wait, message=message)

    async def submit(
        self, asked: Interaction, answers: Mapping[str, str], *, wait: bool = True
    ) -> Interaction:
        """Somebody sends the form that ``asked`` opened: its fields by custom_id."""
        if asked.modal is None:
            raise NotOffered("no form was opened")

        def filled(part: Payload) -> Payload:
            if part["type"] == 4:
                given = answers.get(part["custom_id"], part.get("value", ""))
                return {"type": 4, "id": 1, "custom_id": part["custom_id"], "value": given}
            inner = [filled(each) for each in part.get("components", [])]
            if part["type"] == 18:
                return {"type": 18, "id": 1, "component": filled(part["component"])}
            return {"type": part["type"], "id": 1, "components": inner}

        data = {
            "custom_id": asked.modal["custom_id"],
            "components": [filled(part) for part in asked.modal["components"]],
        }
        return await self._ask(
            MODAL, asked.user, asked.channel, data, wait=wait, message=asked.message,
            opened_by=asked,
        )  # fmt: skip

    def settle_interaction(self, interaction: Interaction) -> None:
        """Note whether the bot has now said what it has to say."""
        response = interaction.response
        # A bot that takes its "is thinking" back has something else to say.
        if response is None or not response.loading or interaction.followups:
            interaction.finished.set()
        self.changed()

    def _offered(
        self, person: Person, channel: Channel, name: str, kind: int, *, anyway: bool
    ) -> Payload:
        """The command as it was registered, if Discord would show it to that person there."""
        guild = channel.guild
        local = self.guild_commands.get(guild.id, {}) if guild is not None else {}
        command = local.get((name, kind)) or self.commands.get((name, kind))
        if command is None:
            raise NotOffered(f"the bot has not registered {name}; it has {[*self.commands]}")
        contexts = command.get("contexts")
        context = IN_BOT_DM if guild is None else IN_GUILD
        if contexts is not None and context not in contexts:
            raise NotOffered(f"{name} is not for this kind of channel")
        if guild is None and contexts is None and not command.get("dm_permission", True):
            raise NotOffered(f"{name} is not for DMs")
        if guild is not None and not guild.has_bot and 1 not in command["integration_types"]:
            raise NotOffered(f"{name} cannot be used where the bot is no member")
        needed = command.get("default_member_permissions")
        if guild is not None and needed is not None and not anyway:
            has = permissions_in(channel, person)
            if int(needed) & ~has:
                raise NotOffered(f"{name} is not for {person.user.name}")
        return command

    def _invocation(
        self, person: Person, channel: Channel, name: str, given: Mapping[str, Any], *,
        anyway: bool, complete: str | None = None,
    ) -> tuple[Payload, Payload]:  # fmt: skip
        first, *path = name.split()
        command = self._offered(person, channel, first, 1, anyway=anyway)
        data: Payload = {"id": command["id"], "name": first, "type": 1, "resolved": {}}
        known, said = command.get("options") or [], data
        for part in path:
            inner = next((each for each in known if each["name"] == part), None)
            if inner is None or inner["type"] not in (1, 2):
                raise NotOffered(f"/{name} has no {part}")
            said["options"] = [{"name": part, "type": inner["type"]}]
            known, said = inner.get("options") or [], said["options"][0]
        if any(each["type"] in (1, 2) for each in known):
            raise NotOffered(f"/{name} needs a subcommand")
        by_name = {each["name"]: each for each in known}
        if unknown := given.keys() - by_name.keys():
            raise NotOffered(f"/{name} has no {', '.join(sorted(unknown))}; it has {[*by_name]}")
        missing = [
            each["name"] for each in known if each.get("required") and each["name"] not in given
        ]
        if missing and complete is None:
            raise NotOffered(f"/{name} needs {', '.join(missing)}")
        said["options"] = [
            self._option(by_name[key], value, person, channel, data["resolved"], complete == key)
            for key, value in given.items()
        ]
        return command, data

    def _option(  # noqa: C901 - a case for each kind of option
        self, known: Payload, value: Any, person: Person, channel: Channel, resolved: Payload,
        completing: bool,
    ) -> Payload:  # fmt: skip
        option: Payload = {"name": known["name"], "type": known["type"], "value": value}
        if completing:
            if not known.get("autocomplete"):
                raise NotOffered(f"{known['name']} has no autocompletion")
            return option | {"focused": True}
        choices = [choice["value"] for choice in known.get("choices") or []]
        if choices and value not in choices:
            raise NotOffered(f"{known['name']} is one of {choices}")
        low, high = known.get("min_value"), known.get("max_value")
        if (low is not None and value < low) or (high is not None and value > high):
            raise NotOffered(f"{known['name']} goes from {low} to {high}")
        short, long = known.get("min_length"), known.get("max_length")
        if isinstance(value, str) and (
            len(value) < (short or 0) or len(value) > (6000 if long is None else long)
        ):
            raise NotOffered(f"{known['name']} has {len(value)} characters")
        if known["type"] == 11:
            attachment = self.store(as_upload(value), channel, ephemeral=True)
            resolved.setdefault("attachments", {})[str(attachment.id)] = attachment.payload()
            option["value"] = str(attachment.id)
        elif known["type"] == 6 or (known["type"] == 9 and not isinstance(value, Role)):
            resolved.setdefault("users", {})[str(value.id)] = value.user.payload()
            if isinstance(value, Member):
                resolved.setdefault("members", {})[str(value.id)] = {
                    **value.partial(), "permissions": str(permissions_in(channel, value)),
                }  # fmt: skip
            option["value"] = str(value.id)
        elif known["type"] == 7:
            resolved.setdefault("channels", {})[str(value.id)] = {
                **value.payload(), "permissions": str(permissions_in(value, person)),
            }  # fmt: skip
            option["value"] = str(value.id)
        elif known["type"] in (8, 9):
            resolved.setdefault("roles", {})[str(value.id)] = value.payload()
            option["value"] = str(value.id)
        return option

    def _component(self, person: Person, message: Message, name: str) -> Payload:
        if message.deleted or message.only_for not in (None, person.user):
            raise NotOffered("the message cannot be seen")
        if message.only_for is None and not may(message.channel, person, "view_channel"):
            raise NotOffered("the channel cannot be seen")
        parts = [part for part in walk(message.components) if "custom_id" in part]
        for part in parts:
            if name in (part["custom_id"], part.get("label"), part.get("placeholder")):
                if part.get("disabled"):
                    raise NotOffered(f"{name} is greyed out")
                return part
        names = [part.get("label") or part["custom_id"] for part in parts]
        raise NotOffered(f"there is no {name}; there are {names}")

    async def _ask(
        self, kind: int, person: Person, channel: Channel, data: Payload, *, wait: bool,
        command: Payload | None = None, message: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:  # fmt: skip
        token = f"token-{next(self._tokens)}"
        asked = Interaction(
            self.new_id(), token, kind, person.user, channel,
            asyncio.get_running_loop().time(), command, message,
            opened_by,
        )  # fmt: skip
        self.interactions[token] = asked
        self.gateway.dispatch(
            "INTERACTION_CREATE", self._interaction_payload(asked, data), guild=channel.guild
        )
        return await asked.answered() if wait else asked

    def _interaction_payload(self, asked: Interaction, data: Payload) -> Payload:
        channel, guild, user = asked.channel, asked.channel.guild, asked.user
        payload: Payload = {
            "id": str(asked.id), "application_id": str(self.application_id), "type": asked.kind,
            "token": asked.token, "version": 1, "data": data, "channel_id": str(channel.id),
            "channel": channel.payload(), "locale": user.locale, "entitlements": [],
            "app_permissions": str(permissions_in(channel, self.bot)),
            "attachment_size_limit": 10 * 2**20, "context": IN_BOT_DM,
            "authorizing_integration_owners": {"0": "0"},
        }  # fmt: skip
        if guild is None:
            payload["user"] = user.payload()
        else:
            member = guild.members[user.id]
            payload |= {
                "guild_id": str(guild.id), "guild_locale": guild.locale, "context": IN_GUILD,
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "member": {
                    **member.payload(), "permissions": str(permissions_in(channel, member)),
                },
                "authorizing_integration_owners": (
                    {"0": str(guild.id)} if guild.has_bot else {"1": str(user.id)}
                ),
            }  # fmt: skip
            if not guild.has_bot:
                payload["app_permissions"] = str(EVERYBODY.value)
            if asked.command is not None and "guild_id" in asked.command:
                data["guild_id"] = asked.command["guild_id"]
        if asked.message is not None:
            payload["message"] = asked.message.payload(self.bot)
        return payload
