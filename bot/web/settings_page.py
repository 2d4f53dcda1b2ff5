"""What is set, for the admin: every setting with its value, its default and its meaning.

They are changed where Peoria is started, in its environment or its file .env, and read at start.
"""

import re
from dataclasses import dataclass
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from pydantic import SecretStr

from bot.settings import ENV_PREFIX, Settings
from bot.web.services import Services
from bot.web.visitors import require_admin

#: What may be a name and a password in an address, and what may be keys behind it. A password may
#: hold slashes, question marks and @, and is a password all the same: up to the last @.
_SECRETS = re.compile(r"//\S*@|\?.*$")


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting.

    Attributes:
        name: of the environment variable.
        value: what it is now; a secret is only said to be set.
        default: what it is when nobody sets it.
        meaning: in English, as in docs/settings.md.
        is_changed: whether the two differ.
    """

    name: str
    value: str
    default: str
    meaning: str
    is_changed: bool


class SettingsPage:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        return [web.get("/admin/settings", self.handle_page)]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/settings: those that somebody set first."""
        require_admin(request)
        lines = setting_lines(self._services.settings)
        content = {
            "changed": [each for each in lines if each.is_changed],
            "others": [each for each in lines if not each.is_changed],
        }
        return aiohttp_jinja2.render_template("settings.html", request, content)


def setting_lines(settings: Settings) -> list[SettingLine]:
    """Every setting, in the order of their table. No secret is in what is returned."""
    lines = []
    for name, field in Settings.model_fields.items():
        value, default = _words(getattr(settings, name)), _words(field.default)
        lines.append(
            SettingLine(
                ENV_PREFIX + name.upper(), value, default, field.description or "", value != default
            )
        )
    return lines


def _words(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "********"
    if value is None or value == ():
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (tuple, frozenset, list)):
        return ", ".join(_words(each) for each in value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _SECRETS.sub(lambda found: "//…@" if found[0].startswith("//") else "?…", text)
