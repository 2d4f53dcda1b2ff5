"""The first-run page: platforms set up step by step, each step checked by asking them.

For the admin only, and only where nobody can listen on the way. What is typed in goes to a file
that only this account can read; it is never shown again.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import func, select

from bot.audit import Action
from bot.credential_files import (
    MOST_CHARACTERS,
    NoCredential,
    network_account,
    what_is_wrong,
    write_discord_token,
    write_network_account,
    write_network_watched,
    write_reddit_credentials,
    write_subreddits,
)
from bot.set_up_later import network_is_given
from bot.settings import Settings, with_written_credentials
from bot.setup_checks import Finding
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.web.bodies import read_fields
from bot.web.changes import note_change
from bot.web.health import is_from_this_machine
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.visitors import require_admin
from bot.written_networks import NETWORKS
from storage.tables import Community
from storage.types import PlatformName

_LISTENED = mark(
    "A token must not be sent where others can listen. Open the board on the"
    " machine itself, or behind a proxy that speaks TLS (https), and do it"
    " there."
)
#: How long a platform may take to answer, seconds.
_PATIENCE = 45.0
_REDDIT_FIELDS = ("client_id", "client_secret", "username", "password", "refresh_token")
_NETWORKS = "|".join(NETWORKS)
_TITLES = {
    PlatformName.LEMMY: "Lemmy",
    PlatformName.MASTODON: "Mastodon",
    PlatformName.BLUESKY: "Bluesky",
}
_FIELDS = {
    "lemmy_instance": mark("Address of its instance"),
    "lemmy_username": mark("Account"),
    "lemmy_password": mark("Its password"),
    "mastodon_instance": mark("Address of its server"),
    "mastodon_token": mark("Access token"),
    "bluesky_handle": mark("Account"),
    "bluesky_password": mark("App password"),
}
_PLACES = {
    PlatformName.LEMMY: "memes@lemmy.world, pics@lemmy.ml",
    PlatformName.MASTODON: "#catsofmastodon, @ann@mastodon.art",
    PlatformName.BLUESKY: "#cats, @ann.bsky.social",
}
_LINK = re.compile(r"https://[\w./?=&%+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Something that was looked at, in words, with the address in it if there is one."""

    what: str
    ok: bool | None
    text: str
    link: str | None


@dataclass(frozen=True, slots=True)
class PlatformSetup:
    """How far a platform is set up.

    Attributes:
        given: whether there are credentials.
        by_setting: whether they are from a setting of the admin's own, which the page leaves alone.
        runs: whether the program is signed in, or tries to be.
        watched: communities of it that are watched.
        steps: what the platform itself says; None: it was not asked.
    """

    given: bool
    by_setting: bool
    runs: bool
    watched: int
    steps: Sequence[SetupStep] | None = None

    @property
    def well(self) -> bool:
        """Whether it was asked, and nothing is wrong."""
        return self.steps is not None and all(each.ok is not False for each in self.steps)


@dataclass(frozen=True, slots=True)
class NetworkField:
    """A field of a form.

    Attributes:
        name: in the form.
        label: in English.
        value: what it is now; of a secret nothing.
    """

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class NetworkSetup:
    """What is typed in for a network.

    Attributes:
        name: of its setup among the others.
        title: what people call it.
        account: what everybody may know.
        secret: what nobody may.
        watched: what is watched now.
        example: what can be.
        watched_by_setting: whether a setting says so, which the page leaves alone.
    """

    name: str
    title: str
    account: Sequence[NetworkField]
    secret: NetworkField
    watched: str
    example: str
    watched_by_setting: bool


class SetupPages:
    """Answers the admin who sets platforms up."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        return [
            web.get("/admin/setup", self.handle_page),
            web.post("/admin/setup/subreddits", self.handle_subreddits),
            web.post("/admin/setup/{platform:discord|reddit}", self.handle_save),
            web.post(f"/admin/setup/{{platform:{_NETWORKS}}}", self.handle_network),
            web.post(f"/admin/setup/{{platform:{_NETWORKS}}}/watched", self.handle_watched),
            web.post(
                f"/admin/setup/{{platform:discord|reddit|{_NETWORKS}}}/check", self.handle_check
            ),
        ]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/setup."""
        require_admin(request)
        return await self._page(request, {})

    async def handle_check(self, request: web.Request) -> web.Response:
        """POST /admin/setup/{platform}/check: ask the platform."""
        require_admin(request)
        platform = PlatformName(request.match_info["platform"])
        return await self._page(request, {platform: await self._ask(platform)})

    async def handle_save(self, request: web.Request) -> web.Response:
        """POST /admin/setup/{platform} with its credentials: write them down, and check them."""
        platform, fields = await self._typed_in(request)
        settings = self._services.settings
        try:
            if platform is PlatformName.DISCORD:
                await asyncio.to_thread(write_discord_token, settings, fields.get("token", ""))
            else:
                values = {name: fields.get(name, "").strip() for name in _REDDIT_FIELDS}
                await asyncio.to_thread(write_reddit_credentials, settings, values)
        except NoCredential as error:
            raise Refusal(400, str(error)) from error
        except OSError as error:
            raise _not_written(error) from error
        await note_change(self._services, request, Action.CREDENTIALS, platform=platform.value)
        return await self._page(request, {platform: await self._ask(platform)})

    async def _typed_in(self, request: web.Request) -> tuple[PlatformName, Mapping[str, str]]:
        """The platform and the fields of a form with credentials.

        Raises:
            Refusal: somebody else sent it, others can listen, or a setting says it.
        """
        require_admin(request)
        if request.scheme != "https" and not is_from_this_machine(request):
            raise Refusal(403, _LISTENED)
        platform = PlatformName(request.match_info["platform"])
        if self._by_setting(platform):
            raise Refusal(409, "It is set by a setting of Peoria: change it there.")
        return platform, await read_fields(request)

    async def handle_network(self, request: web.Request) -> web.Response:
        """POST /admin/setup/{network} with an account: kept only if the network lets it in."""
        name, fields = await self._typed_in(request)
        settings = self._services.settings
        wanted = (*NETWORKS[name].account, NETWORKS[name].secret)
        given = {each: fields.get(each.partition("_")[2], "") for each in wanted}
        try:
            account = network_account(name, given)
            found = await self._ask(name, self._settings().model_copy(update={**account}))
            is_let_in = any(each.what == "credentials" and each.ok for each in found)
            if is_let_in:
                await asyncio.to_thread(write_network_account, settings, name, account)
        except NoCredential as error:
            raise Refusal(400, str(error)) from error
        except OSError as error:
            raise _not_written(error) from error
        if is_let_in:
            await note_change(self._services, request, Action.CREDENTIALS, platform=name.value)
        return await self._page(request, {name: found})

    async def handle_watched(self, request: web.Request) -> web.Response:
        """POST /admin/setup/{network}/watched: what is watched there."""
        require_admin(request)
        settings, name = self._services.settings, PlatformName(request.match_info["platform"])
        if settings.sets_watched(name):
            raise Refusal(409, "It is set by a setting of Peoria: change it there.")
        places = (await read_fields(request)).get("watched", "")
        try:
            await asyncio.to_thread(write_network_watched, settings, name, places)
        except ValidationError as error:
            raise Refusal(400, f"That cannot be watched: {what_is_wrong(error)}.") from error
        except NoCredential as error:
            raise Refusal(400, str(error)) from error
        except OSError as error:
            raise _not_written(error) from error
        await note_change(
            self._services, request, Action.SETTINGS, platform=name.value, watched=places
        )
        return see_other("/admin/setup")

    async def handle_subreddits(self, request: web.Request) -> web.Response:
        """POST /admin/setup/subreddits: which ones are watched."""
        require_admin(request)
        settings = self._services.settings
        if settings.sets_subreddits:
            raise Refusal(409, "It is set by a setting of Peoria: change it there.")
        names = (await read_fields(request)).get("subreddits", "")
        try:
            await asyncio.to_thread(write_subreddits, settings, names)
        except ValidationError as error:
            raise Refusal(
                400,
                "These are not names of subreddits, separated by commas, such as aww, pics; feeds"
                " such as r/all are none.",
            ) from error
        except OSError as error:
            raise _not_written(error) from error
        await note_change(self._services, request, Action.SETTINGS, subreddits=names)
        return see_other("/admin/setup")

    async def _ask(
        self, platform: PlatformName, settings: Settings | None = None
    ) -> Sequence[SetupStep]:
        """What a platform says; with settings that are not kept yet, or those of now."""
        check = self._services.checks.get(platform)
        settings = settings or self._settings()
        if check is None:
            return ()
        try:
            async with self._asking, asyncio.timeout(_PATIENCE):
                found = await check(settings)
        except TimeoutError:
            text = _("No answer yet. Is this machine connected to the Internet? Try again.")
            return [SetupStep("connection", False, text, None)]
        return [_step(each) for each in found]

    async def _page(
        self, request: web.Request, asked: Mapping[PlatformName, Sequence[SetupStep]]
    ) -> web.Response:
        async with self._services.database.read() as session:
            rows = await session.execute(
                select(Community.platform, func.count())
                .where(Community.watched)
                .group_by(Community.platform)
            )
            watched = {row[0]: row[1] for row in rows}
        now = self._settings()
        setups = {
            platform.value: PlatformSetup(
                given=_is_given(now, platform),
                by_setting=self._by_setting(platform),
                runs=platform in self._services.pipeline.platforms,
                watched=watched.get(platform, 0),
                steps=asked.get(platform),
            )
            for platform in (PlatformName.DISCORD, PlatformName.REDDIT, *NETWORKS)
        }
        safe = request.scheme == "https" or is_from_this_machine(request)
        return aiohttp_jinja2.render_template(
            "setup.html",
            request,
            {
                "setups": setups,
                "networks": [_network(now, self._services.settings, name) for name in NETWORKS],
                "subreddits": now.reddit_subreddits,
                "subreddits_by_setting": self._services.settings.sets_subreddits,
                "most": MOST_CHARACTERS,
                "safe": safe,
                "listened": _LISTENED,
            },
        )

    def _settings(self) -> Settings:
        """The settings as they would be at a start now."""
        return with_written_credentials(self._services.settings)

    def _by_setting(self, platform: PlatformName) -> bool:
        settings = self._services.settings
        if platform is PlatformName.DISCORD:
            own = settings.discord_token_file not in (None, settings.written_discord_token)
            return settings.discord_token is not None or own
        if platform in NETWORKS:
            return settings.sets_account(platform)
        own = settings.reddit_credentials_file not in (None, settings.written_reddit_credentials)
        return settings.reddit_client_id is not None or own


def _is_given(settings: Settings, platform: PlatformName) -> bool:
    if platform is PlatformName.DISCORD:
        return bool(settings.discord_token or settings.discord_token_file)
    if platform in NETWORKS:
        return network_is_given(platform)(settings)
    return bool(settings.reddit_client_id or settings.reddit_credentials_file)


def _not_written(error: OSError) -> Refusal:
    return Refusal(507, _("It could not be written ({strerror}).").format(strerror=error.strerror))


def _network(now: Settings, settings: Settings, name: PlatformName) -> NetworkSetup:
    fields = NETWORKS[name]
    return NetworkSetup(
        name.value,
        _TITLES[name],
        [
            NetworkField(each.partition("_")[2], _FIELDS[each], getattr(now, each) or "")
            for each in fields.account
        ],
        NetworkField(fields.secret.partition("_")[2], _FIELDS[fields.secret], ""),
        ", ".join(getattr(now, fields.watched)),
        _PLACES[name],
        watched_by_setting=settings.sets_watched(name),
    )


def _step(finding: Finding) -> SetupStep:
    link = _LINK.fullmatch(finding.text)
    return SetupStep(finding.what, finding.ok, finding.text, link[0] if link else None)
