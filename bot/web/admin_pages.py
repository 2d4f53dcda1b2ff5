"""What the board's admin sees and does: posts that are hidden, people who are shut out, models.

The board's settings are those of the program: who may change its environment changes them.
"""

from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import select, union, update

from bot.audit import Action
from bot.league.crowds import release
from bot.league.suspicious_votes import read_suspicions
from bot.people.nicknames import nickname
from bot.texts.translate import gettext as _
from bot.training.versions import UnknownVersion, list_versions, promote, rollback
from bot.web.admins import COOKIE
from bot.web.bodies import read_fields
from bot.web.cards import read_id
from bot.web.changes import note_change
from bot.web.dashboard import read_dashboard
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import require_admin
from models.registry import VersionUnusable
from storage.engine.scopes import ITS_ROWS
from storage.queries.communities import find_community
from storage.queries.ended_sessions import end_session
from storage.tables import Author, Guess, Label, Post, Vote
from storage.types import PlatformName

#: Newest posts that are listed, and how far back votes are looked at.
_POSTS = 30
_SUSPICIONS = timedelta(days=7)


class AdminPages:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of the admin's; each but the link itself needs the session."""
        actions = {
            "hide": self.handle_hide,
            "show": self.handle_show,
            "ban": self.handle_ban,
            "ban-voters": self.handle_ban_voters,
            "release": self.handle_release,
            "unban": self.handle_unban,
            "promote": self.handle_promote,
            "rollback": self.handle_rollback,
            "leave": self.handle_leave,
        }
        return [
            web.get("/admin", self.handle_page),
            *(web.post(f"/admin/{name}", self._guarded(each)) for name, each in actions.items()),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            require_admin(request)
            return await handler(request)

        return handle

    async def handle_page(self, request: web.Request) -> web.StreamResponse:
        """GET /admin; with ``token``, that of a link, whoever opens it becomes the admin."""
        admins = self._services.admins
        if "token" in request.query:
            admins.redeem(request.query["token"])
            # A page and no redirect: a browser that came from elsewhere would leave a Strict
            # cookie behind on the way.
            response = aiohttp_jinja2.render_template("admin_welcome.html", request, {})
            admins.begin_session(request, response)
            await self._note(request, Action.ADMIN)
            return response
        require_admin(request)
        return aiohttp_jinja2.render_template("admin.html", request, await self._state())

    async def handle_hide(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/hide with ``post``: nobody sees it; without its label, it gets none."""
        post_id = await _number(request, "post")
        await self._mark(post_id, hidden=True)
        await self._services.pipeline.withdraw(post_id)
        await self._note(request, Action.HIDE, post=post_id)
        return see_other("/admin")

    async def handle_show(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/show with ``post``: what was hidden is seen again."""
        post_id = await _number(request, "post")
        await self._mark(post_id, hidden=False)
        await self._note(request, Action.SHOW, post=post_id)
        return see_other("/admin")

    async def handle_ban(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/ban with ``post``: who posted it takes part no more."""
        post_id = await _number(request, "post")
        await self._ban(select(Post.author_id).where(Post.id == post_id).scalar_subquery())
        await self._note(request, Action.BAN, post=post_id)
        return see_other("/admin")

    async def handle_ban_voters(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/ban-voters with ``post``: all whose votes or guesses on it were held back."""
        post_id = await _number(request, "post")
        held = (
            select(table.author_id).where(table.post_id == post_id, table.held.is_not(None))
            for table in (Vote, Guess)
        )
        await self._ban(union(*held))
        await self._note(request, Action.BAN_HELD, post=post_id)
        return see_other("/admin")

    async def handle_release(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/release with ``post``: what was held back on it counts after all."""
        post_id = await _number(request, "post")
        async with self._services.database.write() as session:
            if await session.get(Post, post_id) is None:
                raise Refusal(404, "There is no such post; it may have been deleted.")
            if await session.get(Label, post_id) is not None:
                raise Refusal(409, "Its score is final: what was held back stays so.")
            await session.run_sync(release, post_id)
        await self._note(request, Action.RELEASE, post=post_id)
        return see_other("/admin")

    async def handle_unban(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/unban with ``author``: they may take part again."""
        author_id = await _number(request, "author")
        async with self._services.database.write() as session:
            await session.execute(
                update(Author)
                .where(Author.id == author_id, Author.platform == PlatformName.WEB)
                .values(banned_at=None)
            )
        await self._note(request, Action.UNBAN, author=author_id)
        return see_other("/admin")

    async def handle_promote(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/promote with ``version``: it serves from now on."""
        name = (await read_fields(request)).get("version", "")
        services = self._services
        try:
            await promote(services.database, services.settings.versions_dir, name, services.clock())
        except (UnknownVersion, VersionUnusable) as error:
            raise Refusal(409, str(error)) from error
        await self._note(request, Action.PROMOTE, version=name)
        return see_other("/models")

    async def handle_rollback(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/rollback: the version before serves again."""
        services = self._services
        try:
            name = await rollback(
                services.database, services.settings.versions_dir, services.clock()
            )
        except (UnknownVersion, VersionUnusable) as error:
            raise Refusal(409, str(error)) from error
        await self._note(request, Action.ROLLBACK, version=name)
        return see_other("/models")

    async def handle_leave(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/leave: this browser's session ends, and so does every copy of its cookie."""
        claimed = self._services.admins.session(request)
        if claimed is not None:
            await self._services.database.run_write(
                partial(
                    end_session,
                    text=claimed.text,
                    ends_at=claimed.ends_at,
                    now=self._services.clock(),
                ),
                alone_in=ITS_ROWS,
            )
        response = see_other("/")
        response.del_cookie(COOKIE, path="/")
        return response

    async def _note(self, request: web.Request, action: Action, **details: object) -> None:
        await note_change(self._services, request, action, **details)

    async def _mark(self, post_id: int, *, hidden: bool) -> None:
        async with self._services.database.write() as session:
            post = await session.get(Post, post_id)
            if post is None or post.platform is not PlatformName.WEB:
                raise Refusal(404, "There is no such post; it may have been deleted.")
            post.hidden_at = self._services.clock() if hidden else None

    async def _ban(self, people: Any) -> None:
        async with self._services.database.write() as session:
            await session.execute(
                update(Author)
                .where(Author.id.in_(people), Author.platform == PlatformName.WEB)
                .values(banned_at=self._services.clock())
            )

    async def _state(self) -> dict[str, Any]:
        services = self._services
        async with services.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)
            posts = (
                await session.execute(
                    select(Post, Author)
                    .outerjoin(Author, Author.id == Post.author_id)
                    .where(Post.platform == PlatformName.WEB)
                    .order_by(Post.id.desc())
                    .limit(_POSTS)
                )
            ).all()
            banned = (
                await session.scalars(
                    select(Author)
                    .where(Author.platform == PlatformName.WEB, Author.banned_at.is_not(None))
                    .order_by(Author.banned_at.desc())
                    .limit(_POSTS)
                )
            ).all()
            suspicions = (
                await read_suspicions(session, community.id, since=services.clock() - _SUSPICIONS)
                if community is not None
                else []
            )
        return {
            "dashboard": await read_dashboard(services),
            "posts": posts,
            "banned": banned,
            "suspicions": suspicions,
            "versions": list(reversed(await list_versions(services.database))),
            "nickname": nickname,
        }


async def _number(request: web.Request, name: str) -> int:
    number = read_id((await read_fields(request)).get(name, ""))
    if number is None:
        raise Refusal(400, _("Send the number of the {name}.").format(name=name))
    return number
