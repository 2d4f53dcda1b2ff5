"""Messages of the loopback Discord as pages: laid out as Discord's dark theme does, roughly.

Only what the bot and the people really sent is shown: content, embeds, files, buttons, reactions.
"""

import base64
import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from discord.asset import Asset

from tests.fakes.discord import FakeDiscord, Message

WIDTH = 640

STYLE = """
* { box-sizing: border-box } body { margin: 0; padding-bottom: 8px; background: #313338;
  color: #dbdee1; width: 640px;
  font: 15px/1.35 "Noto Sans", "DejaVu Sans", "Noto Color Emoji", sans-serif }
.message { padding: 10px 16px 8px 66px; position: relative }
.message.whisper { background: #36393f; border-left: 2px solid #5865f2 }
.avatar { position: absolute; left: 16px; top: 12px; width: 38px; height: 38px; border-radius: 50%;
  color: white; font-weight: bold; text-align: center; line-height: 38px }
.replied .avatar, .asked .avatar { top: 34px }
.above { font-size: 13px; color: #949ba4; margin: 0 0 4px -24px; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis } .above b { color: #c9cdfb; font-weight: normal }
.who { font-weight: bold; color: #f2f3f5 }
.app { background: #5865f2; color: white; font-size: 10px; border-radius: 3px; padding: 1px 4px;
  vertical-align: middle } .time { color: #949ba4;
  font-size: 12px; margin-left: 4px }
.embed { background: #2b2d31; border-left: 4px solid #1e1f22; border-radius: 4px;
  padding: 10px 14px; margin-top: 5px; max-width: 520px; font-size: 14px }
.embed .title { font-weight: bold;
  color: #f2f3f5; margin-bottom: 5px } .embed img { max-width: 100%; max-height: 300px;
  border-radius: 4px; margin-top: 10px; display: block } .footer { font-size: 12px; color: #b5bac1;
  margin-top: 8px } .fields { display: flex; flex-wrap: wrap; gap: 8px 24px; margin-top: 8px }
.field { flex-basis: 100% } .field.inline { flex-basis: 40% } .field b { color: #f2f3f5 }
.file { max-width: 300px; max-height: 220px; border-radius: 8px; margin-top: 5px; display: block }
.paper { background: #2b2d31; border: 1px solid #1e1f22; border-radius: 8px; padding: 10px 14px;
  margin-top: 5px; display: inline-block; color: #00a8fc }
.forward { border-left: 4px solid #4e5058; padding-left: 12px; margin-top: 4px }
.forward .above { margin: 0 }
.buttons { margin-top: 8px } .button { display: inline-block; padding: 6px 15px; border-radius: 6px;
  margin-right: 8px; color: white; font-size: 14px; background: #4e5058 }
.button.s1 { background: #5865f2 } .button.s3 { background: #248046 }
.button.s4 { background: #da373c } .button.off { opacity: .45 }
.reaction { display: inline-block; background: #2b2d31; border-radius: 8px; padding: 2px 8px;
  margin: 6px 6px 0 0; font-size: 14px } .alone { color: #949ba4; font-size: 12px; margin-top: 6px }
code { background: #1e1f22; border-radius: 3px; padding: 1px 4px;
  font-family: "DejaVu Sans Mono", monospace; white-space: pre } a { color: #00a8fc;
  text-decoration: none } .mention { background: #3c4270; color: #c9cdfb; border-radius: 3px;
  padding: 0 2px } .moment { background: #3b3d44; border-radius: 3px; padding: 0 2px }
"""


class Layout:
    """Lays messages out as people see them at one moment."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def page(self, messages: Sequence[Message]) -> str:
        """Messages, one below the other, as a page of HTML that is `WIDTH` pixels wide."""
        body = "".join(self._message(message) for message in messages)
        return f"<meta charset=utf-8><style>{STYLE}</style>{body}"

    def words(self, text: str) -> str:
        """A text for a transcript: mentions and moments as people read them."""
        text = re.sub(r"<t:(\d+)(?::(\w))?>", lambda m: self._when(int(m[1]), m[2]), text)
        text = re.sub(r"<#(\d+)>", lambda m: f"#{self._fake.channels[int(m[1])].name}", text)
        text = re.sub(r"<@&(\d+)>", lambda m: f"@{self._role(int(m[1]))}", text)
        return re.sub(r"<@(\d+)>", lambda m: f"@{self._fake.users[int(m[1])].name}", text)

    def _role(self, role_id: int) -> str:
        roles = (guild.roles.get(role_id) for guild in self._fake.guilds.values())
        return next((role.name for role in roles if role is not None), "?")

    def _message(self, message: Message) -> str:
        kinds = ["message"]
        above = ""
        if message.interaction is not None:
            kinds.append("asked")
            name = message.interaction.get("name", "")
            asker = self._fake.users[int(message.interaction["user"]["id"])].name
            verb = f"/{name}" if message.interaction.get("command_type", 1) == 1 else name
            above = (
                f"<div class=above>↱ <b>{html.escape(asker)}</b> used <b>{_safe(verb)}</b></div>"
            )
        elif message.replied_to is not None:
            kinds.append("replied")
            said = self.words(message.replied_to.content) or "Click to see attachment"
            who = html.escape(message.replied_to.author.name)
            above = f"<div class=above>↱ <b>@{who}</b> {_safe(said)}</div>"
        if message.only_for is not None:
            kinds.append("whisper")
        name = message.author.name
        machine = message.author.user.bot or message.webhook_id is not None
        app = " <span class=app>APP</span>" if machine else ""
        # A link that is shown as its picture is not written as well.
        content = "" if message.content in _shown_links(message) else message.content
        colour = f"hsl({sum(map(ord, name)) * 47 % 360} 45% 45%)"
        parts = [
            above,
            f'<div class=avatar style="background:{colour}">{html.escape(name[0].upper())}</div>',
            f"<span class=who>{html.escape(name)}</span>{app}",
            f"<span class=time>{message.sent_at:%d/%m/%Y %H:%M}</span>",
            f"<div>{self._markdown(content)}</div>" if content else "",
            *(self._embed(message, embed) for embed in message.embeds),
            *self._files(message),
            *self._stickers(message),
            self._forwarded(message),
            self._buttons(message),
            "".join(
                f"<span class=reaction>{html.escape(emoji)} {len(users)}</span>"
                for emoji, users in message.reactions.items() if users
            ),
            "<div class=alone>👁 Only you can see this</div>" if message.only_for else "",
        ]  # fmt: skip
        return f'<div class="{" ".join(kinds)}">{"".join(parts)}</div>'

    def _stickers(self, message: Message) -> list[str]:
        links = (f"{Asset.BASE}/stickers/{each['id']}.png" for each in message.stickers)
        return [self._linked(link) for link in links]

    def _linked(self, link: str) -> str:
        data = self._fake.linked(link)
        return "" if data is None else f'<img class=file src="{_data(data)}">'

    def _embed(self, message: Message, embed: dict[str, Any]) -> str:
        if embed.get("type") == "gifv":
            return self._linked(embed["thumbnail"]["proxy_url"])
        colour = f"#{embed['color']:06x}" if embed.get("color") else "#1e1f22"
        parts = [
            f"<div class=title>{self._markdown(embed['title'])}</div>" if "title" in embed else "",
            self._markdown(embed.get("description", "")),
        ]
        fields = "".join(
            f'<div class="field{" inline" if field.get("inline") else ""}">'
            f"<b>{self._markdown(field['name'])}</b><br>{self._markdown(field['value'])}</div>"
            for field in embed.get("fields", [])
        )
        parts.append(f"<div class=fields>{fields}</div>" if fields else "")
        shown = embed.get("image", {}).get("url", "").partition("?")[0]
        parts += [
            f'<img src="{_data(each.data)}">'
            for each in message.attachments
            if each.url.partition("?")[0] == shown
        ]
        if embed.get("footer", {}).get("text"):
            parts.append(f"<div class=footer>{html.escape(embed['footer']['text'])}</div>")
        return f'<div class=embed style="border-color:{colour}">{"".join(parts)}</div>'

    def _files(self, message: Message) -> list[str]:
        in_embeds = {
            embed.get("image", {}).get("url", "").partition("?")[0] for embed in message.embeds
        }
        files = []
        for attachment in message.attachments:
            if attachment.url.partition("?")[0] in in_embeds:
                continue
            if attachment.filename.endswith((".png", ".jpg")):
                files.append(f'<img class=file src="{_data(attachment.data)}">')
            else:
                name = html.escape(attachment.filename)
                files.append(f"<div class=paper>📄 {name} · {len(attachment.data):,} bytes</div>")
        return files

    def _forwarded(self, message: Message) -> str:
        original = message.forwarded
        if original is None:
            return ""
        words = self._markdown(original.content) + "".join(self._files(original))
        return f"<div class=forward><div class=above>↱ <i>Forwarded</i></div>{words}</div>"

    def _buttons(self, message: Message) -> str:
        buttons = []
        for button in message.buttons:
            emoji = (button.get("emoji") or {}).get("name", "")
            words = html.escape(f"{emoji} {button.get('label', '')}".strip())
            off = " off" if button.get("disabled") else ""
            buttons.append(f'<span class="button s{button["style"]}{off}">{words}</span>')
        return f"<div class=buttons>{''.join(buttons)}</div>" if buttons else ""

    def _markdown(self, text: str) -> str:
        kept: list[str] = []

        def keep(markup: str) -> str:
            kept.append(markup)
            return f"\x00{len(kept) - 1}\x00"

        text = re.sub(r"`([^`]+)`", lambda m: keep(f"<code>{html.escape(m[1])}</code>"), text)
        text = re.sub(r"\\([^\w\s])", lambda m: keep(html.escape(m[1])), text)
        text = re.sub(r"<@!?(\d+)>", lambda m: keep(self._mention(int(m[1]))), text)
        text = re.sub(
            r"<@&(\d+)>",
            lambda m: keep(f"<span class=mention>@{html.escape(self._role(int(m[1])))}</span>"),
            text,
        )
        text = re.sub(r"<#(\d+)>", lambda m: keep(self._channel(int(m[1]))), text)
        text = re.sub(r"<t:(\d+)(?::(\w))?>", lambda m: keep(self._moment(int(m[1]), m[2])), text)
        text = html.escape(text)
        text = re.sub(r"\[([^\]]+)\]\((https?:[^)\s]+)\)", r"<a>\1</a>", text)
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
        text = re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
        text = text.replace("\n", "<br>")
        while "\x00" in text:
            text = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m[1])], text)
        return text

    def _mention(self, user_id: int) -> str:
        user = self._fake.users.get(user_id)
        return f"<span class=mention>@{html.escape(user.name if user else 'somebody')}</span>"

    def _channel(self, channel_id: int) -> str:
        channel = self._fake.channels.get(channel_id)
        return f"<span class=mention>#{html.escape(channel.name if channel else '?')}</span>"

    def _moment(self, unix: int, style: str | None) -> str:
        return f"<span class=moment>{self._when(unix, style)}</span>"

    def _when(self, unix: int, style: str | None) -> str:
        moment = datetime.fromtimestamp(unix, UTC)
        return relative(moment, self._fake.clock()) if style == "R" else f"{moment:%d/%m/%Y}"


def relative(moment: datetime, now: datetime) -> str:
    """A moment as Discord's clients say it: "in 59 minutes", "2 hours ago"."""
    seconds = (moment - now).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count = round(abs(seconds) / length)
        if count >= 1:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"


def _shown_links(message: Message) -> list[str]:
    return [each["url"] for each in message.embeds if each.get("type") == "gifv"]


def _safe(text: str) -> str:
    return html.escape(" ".join(text.split())[:80])


def _data(data: bytes) -> str:
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
