"""What somebody does with a post of their own: another title, or no post at all."""

from aiohttp import web

from bot.people.erasure import drop_files
from bot.people.own_posts import NOT_YOURS, NotPossible, edit_title, empty_post
from bot.texts.translate import gettext as _
from bot.web.bodies import read_fields
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.turns import WRITING
from bot.web.upload import MAX_TITLE, clean_title
from bot.web.visitors import visitor_of
from storage.types import PlatformName


class OwnPostForm:
    """Takes the wishes of whoever posted it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of these forms."""
        post = r"/posts/{id:\d{1,18}}"
        return [
            web.post(post + "/title", self.handle_title),
            web.post(post + "/delete", self.handle_delete),
        ]

    async def handle_title(self, request: web.Request) -> web.StreamResponse:
        """POST /posts/{id}/title with ``title``."""
        post_id = int(request.match_info["id"])
        title = clean_title((await read_fields(request)).get("title", ""))
        if not title or len(title) > MAX_TITLE:
            raise Refusal(
                400, _("A title has 1 to {max_title} characters.").format(max_title=MAX_TITLE)
            )
        try:
            async with request.config_dict[WRITING].take():
                await edit_title(
                    self._services.database,
                    post_id=post_id,
                    platform=PlatformName.WEB,
                    person=visitor_of(request).hash,
                    title=title,
                )
        except NotPossible as error:
            raise _refusal(error) from error
        return see_other(f"/posts/{post_id}")

    async def handle_delete(self, request: web.Request) -> web.StreamResponse:
        """POST /posts/{id}/delete with ``sure``."""
        post_id = int(request.match_info["id"])
        if (await read_fields(request)).get("sure") != "yes":
            raise Refusal(400, "Tick that you are sure: a deleted post cannot be brought back.")
        services = self._services
        try:
            async with request.config_dict[WRITING].take():
                dropped = await empty_post(
                    services.database,
                    post_id=post_id,
                    platform=PlatformName.WEB,
                    person=visitor_of(request).hash,
                    now=services.clock(),
                )
        except NotPossible as error:
            raise _refusal(error) from error
        await services.pipeline.withdraw(post_id)
        await drop_files(services.images, dropped)
        return see_other("/")


def _refusal(error: NotPossible) -> Refusal:
    return Refusal(403 if str(error) == NOT_YOURS else 409, str(error))
