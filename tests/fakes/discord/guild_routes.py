"""The API of the loopback Discord about the bot itself, guilds, channels and members."""

from datetime import datetime

from discord import Permissions
from tests.fakes.discord.calls import (
    INVALID_FORM,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_EMOJI,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    Call,
    Calls,
    Refused,
    route,
)
from tests.fakes.discord.world import THREAD, Member, Payload, Role


class GuildRoutes(Calls):
    """Answers what is asked about guilds."""

    # The bot itself.

    @route("GET", "/users/@me")
    async def me(self, _: Call) -> Payload:
        fake = self._fake
        return {
            **fake.bot.payload(), "mfa_enabled": True, "locale": "en-US", "verified": True,
            "email": None, "premium_type": 0,
        }  # fmt: skip

    @route("GET", "/oauth2/applications/@me")
    @route("GET", "/applications/@me")
    async def application(self, _: Call) -> Payload:
        fake = self._fake
        return {
            "id": str(fake.application_id), "name": fake.bot.name, "icon": None,
            "description": "Will it play?", "bot_public": True, "bot_require_code_grant": False,
            "owner": fake.owner.payload(), "verify_key": "0" * 64, "team": None, "type": None,
            "flags": fake.application_flags, "bot": fake.bot.payload(), "redirect_uris": [],
            "interactions_endpoint_url": None, "role_connections_verification_url": None,
            "hook": True, "tags": [], "flags_new": str(fake.application_flags),
            "eligible_oauth2_scopes": [], "approximate_user_authorization_count": 0,
            "approximate_guild_count": len(fake.guilds),
            "approximate_user_install_count": 0, "explicit_content_filter": 0,
            "event_webhooks_url": None, "event_webhooks_status": 1, "rpc_origins": [],
            "integration_types_config": {"0": {}, "1": {}},
        }  # fmt: skip

    @route("GET", "/gateway")
    async def gateway(self, _: Call) -> Payload:
        return {"url": self._fake.gateway_url}

    @route("GET", "/gateway/bot")
    async def gateway_for_bots(self, _: Call) -> Payload:
        left = self._fake.sessions_left
        limit = {"total": 1000, "remaining": left, "reset_after": 14_400_000, "max_concurrency": 1}
        return {
            "url": self._fake.gateway_url, "shards": self._fake.shards,
            "session_start_limit": limit,
        }  # fmt: skip

    @route("GET", "/users/@me/guilds")
    async def my_guilds(self, _: Call) -> list[Payload]:
        return [
            {
                "id": str(guild.id), "name": guild.name, "icon": None, "banner": None,
                "owner": False, "permissions": "0", "features": [],
            }
            for guild in self._fake.guilds.values() if guild.has_bot
        ]  # fmt: skip

    @route("POST", "/users/@me/channels")
    async def open_dm(self, call: Call) -> Payload:
        user = self._fake.users.get(int(call.payload["recipient_id"]))
        if user is None:
            raise Refused(400, INVALID_FORM, "Invalid Recipient(s)")
        return self._fake.dm(user).payload()

    @route("GET", "/users/{user_id}")
    async def user(self, call: Call) -> Payload:
        user = self._fake.users.get(call.id("user_id"))
        if user is None:
            raise Refused(404, UNKNOWN_USER, "Unknown User")
        return user.payload()

    # Guilds and channels.

    @route("GET", "/guilds/{guild_id}")
    async def get_guild(self, call: Call) -> Payload:
        return self.guild(call).payload()

    @route("GET", "/guilds/{guild_id}/channels")
    async def guild_channels(self, call: Call) -> list[Payload]:
        return [channel.payload() for channel in self.guild(call).channels.values()]

    @route("GET", "/guilds/{guild_id}/roles")
    async def guild_roles(self, call: Call) -> list[Payload]:
        return [role.payload() for role in self.guild(call).roles.values()]

    @route("GET", "/guilds/{guild_id}/emojis/{emoji_id}")
    async def guild_emoji(self, call: Call) -> Payload:
        name = self.guild(call).emojis.get(call.id("emoji_id"))
        if name is None:
            raise Refused(404, UNKNOWN_EMOJI, "Unknown Emoji")
        return {
            "id": str(call.id("emoji_id")), "name": name, "roles": [], "require_colons": True,
            "managed": False, "animated": False, "available": True,
        }  # fmt: skip

    @route("GET", "/guilds/{guild_id}/members/{user_id}")
    async def guild_member(self, call: Call) -> Payload:
        member = self.guild(call).members.get(call.id("user_id"))
        if member is None:
            raise Refused(404, UNKNOWN_MEMBER, "Unknown Member")
        return member.payload()

    @route("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", 204)
    async def give_role(self, call: Call) -> None:
        member, role = self._member_and_role(call)
        if role not in member.roles:
            member.roles.append(role)

    @route("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", 204)
    async def take_role(self, call: Call) -> None:
        member, role = self._member_and_role(call)
        if role in member.roles:
            member.roles.remove(role)

    def _member_and_role(self, call: Call) -> tuple[Member, Role]:
        guild = self.guild(call)
        member, role = guild.members.get(call.id("user_id")), guild.roles.get(call.id("role_id"))
        if member is None or role is None:
            raise Refused(404, UNKNOWN_MEMBER, "Unknown Member")
        mine = guild.members[self._fake.bot.id].roles
        allowed = any(Permissions(each.permissions).manage_roles for each in mine)
        if not allowed or role.position >= max(each.position for each in mine):
            raise Refused(403, MISSING_PERMISSIONS, "Missing Permissions")
        return member, role

    @route("GET", "/guilds/{guild_id}/members")
    async def guild_members(self, call: Call) -> list[Payload]:
        if not self._fake.members_intent:
            raise Refused(403, MISSING_ACCESS, "Missing Access")
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
        members = sorted(self.guild(call).members.values(), key=lambda member: member.id)
        return [each.payload() for each in members if each.id > after][:limit]

    @route("DELETE", "/users/@me/guilds/{guild_id}", 204)
    async def leave_guild(self, call: Call) -> None:
        self._fake.remove_bot(self.guild(call))

    @route("GET", "/channels/{channel_id}")
    async def get_channel(self, call: Call) -> Payload:
        return self.channel(call).payload()

    @route("GET", "/channels/{channel_id}/threads/archived/public")
    async def archived_threads(self, call: Call) -> Payload:
        channel = self.channel(call)
        self.need(channel, "read_message_history")
        before = call.query.get("before")
        found = [
            (each.archived_at, each) for each in channel.threads()
            if each.archived_at is not None and each.kind == THREAD
            and (before is None or each.archived_at < datetime.fromisoformat(before))
        ]  # fmt: skip
        found.sort(key=lambda each: each[0], reverse=True)
        limit = int(call.query.get("limit", 50))
        return {
            "threads": [each.payload() for _, each in found[:limit]], "members": [],
            "has_more": len(found) > limit,
        }  # fmt: skip

    @route("POST", "/channels/{channel_id}/typing", 204)
    async def typing(self, call: Call) -> None:
        self.need(self.channel(call), "send_messages")
