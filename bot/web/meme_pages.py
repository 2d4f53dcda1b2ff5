"""Memes: upload a picture, choose among captions, download the meme or post it."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from secrets import randbits, token_hex
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy.orm import Session

from bot.memes.choices import note_choice
from bot.memes.open_maker import open_maker
from bot.memes.suggest import CaptionSource, MemeMaker, NoCaptions, Suggestion, Suggestions
from bot.serving.attribute_phrases import expression_word
from bot.serving.audience import Audience, audience_of
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.web.bodies import read_fields
from bot.web.kept_back import kept_back
from bot.web.post_form import PostForm
from bot.web.rate_limit import RateLimit
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import COMMUNITY, Services
from bot.web.turns import WRITING, Turns
from bot.web.upload import MAX_TITLE, Upload, read_upload, too_large
from bot.web.visitors import Visitor, visitor_of
from models.captions.layout import CaptionRefused
from models.captions.render import Meme
from models.decoding import ImageRefused
from models.preprocessing import perceptual_hash
from storage.engine.scopes import person_scope
from storage.queries.communities import find_community
from storage.tables import Post
from storage.types import PlatformName

#: Memes that wait to be chosen: how many, their bytes in all, and for how long.
_MOST_WAITING, _MOST_BYTES, _KEPT = 100, 64 * 2**20, timedelta(minutes=20)
_A_MINUTE = 6
#: Own captions of one form.
_MOST_OWN = 5
_WROTE = {
    CaptionSource.OWN: "yours",
    CaptionSource.MODEL: mark("caption model"),
    CaptionSource.POSTS: mark("from posts here"),
    CaptionSource.SERVER: mark("caption server"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A meme that was made for somebody and is not posted yet.

    Attributes:
        meme: the picture.
        visitor: who asked for it.
        title: that it is posted with.
        until: when it is forgotten.
        offered: all that were on the page.
        place: of this one among them.
    """

    meme: Meme
    visitor: str
    title: str
    until: datetime
    offered: tuple[Suggestion, ...]
    place: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One of the memes on the page."""

    token: str
    suggestion: Suggestion
    meme: Meme

    @property
    def wrote(self) -> str:
        """Who wrote the caption."""
        return _WROTE[self.suggestion.source]


class MemePages:
    """Answers browsers that make memes. They are kept in memory for a while, and nowhere else."""

    def __init__(self, services: Services, post_form: PostForm) -> None:
        self._services = services
        self._post_form = post_form
        self._maker: MemeMaker | None = None
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._limit = RateLimit(services.clock, _A_MINUTE, timedelta(minutes=1), what=mark("memes"))
        self._turns = Turns(2, waiting=6, seconds=20.0)

    async def handle_form(self, request: web.Request) -> web.Response:
        """GET /meme."""
        return self._page(request)

    async def handle_suggest(self, request: web.Request) -> web.Response:
        """POST /meme: find captions for a picture."""
        visitor = visitor_of(request)
        upload: Upload | None = None
        settings = self._services.settings
        try:
            self._limit.take(visitor.id)
            async with self._turns.take():
                upload = await read_upload(
                    request, max_bytes=settings.max_image_bytes, seconds=settings.download_seconds
                )
                found = await self._suggest(visitor, upload)
                offers = await self._draw(visitor, upload, found)
        except (Refusal, ImageRefused, CaptionRefused, NoCaptions) as refusal:
            status = refusal.status if isinstance(refusal, Refusal) else 422
            return self._page(request, refusal=str(refusal), upload=upload, status=status)
        return self._page(request, offers=offers, found=found, upload=upload)

    async def handle_picture(self, request: web.Request) -> web.Response:
        """GET /meme/{token}: the picture; with ?download a file."""
        waiting = self._find(request)
        kind = "attachment" if "download" in request.query else "inline"
        return web.Response(
            body=waiting.meme.data,
            content_type=f"image/{waiting.meme.format.lower()}",
            headers={
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Content-Disposition": f'{kind}; filename="meme{waiting.meme.suffix}"',
                "Cache-Control": "private, no-store",
            },
        )

    async def handle_post(self, request: web.Request) -> web.Response:
        """POST /meme/{token}/post: post it on the board, as any image is posted."""
        waiting = self._find(request)
        fields = await read_fields(request)
        title = fields.get("title", waiting.title)
        key = request.match_info["token"]
        upload = Upload(title, key, (waiting.meme.data,))
        async with request.config_dict[WRITING].take():
            post_id = await self._post_form.accept(visitor_of(request), upload)
            await self._services.core.database.run_write(
                partial(self._note, waiting, visitor_of(request).hash, post_id),
                alone_in=[person_scope(PlatformName.WEB, visitor_of(request).hash)],
            )
        self._services.tasks.start(
            self._services.pipeline.advance(post_id), f"Predicting post {post_id}"
        )
        return see_other(f"/posts/{post_id}")

    def _note(self, waiting: Waiting, person: str, post_id: int, session: Session) -> None:
        community_id = session.get_one(Post, post_id).community_id
        note_choice(
            session, community_id=community_id, platform=PlatformName.WEB, person=person,
            offered=waiting.offered, chosen=waiting.place, post_id=post_id,
            now=self._services.clock(),
        )  # fmt: skip

    async def _suggest(self, visitor: Visitor, upload: Upload) -> Suggestions:
        if not upload.image:
            raise Refusal(400, "Choose a picture: a file that is not empty.")
        core = self._services.core
        now = self._services.clock()
        if self._maker is None:
            self._maker = await asyncio.to_thread(
                open_maker, self._services.settings, core.serving, core.database
            )
        own = [
            tuple(line.split("|")) for line in upload.caption.splitlines() if line.strip(" |\t\r")
        ]
        if len(own) > _MOST_OWN:
            raise Refusal(
                400, _("Write at most {most_own} captions, one a line.").format(most_own=_MOST_OWN)
            )

        def look_up(session: Session) -> Audience:
            community = find_community(session, PlatformName.WEB, COMMUNITY)
            return audience_of(session, community, now)

        audience = await core.database.run_read(look_up)
        found = await self._maker.suggest(
            upload.image, title=upload.title, audience=audience, now=now, own=own,
            seed=randbits(31),
        )  # fmt: skip
        phash = perceptual_hash(found.canvas.picture)
        await core.database.run_read(
            lambda session: self._check_secret(session, visitor, audience, phash, now)
        )
        return found

    def _check_secret(
        self, session: Session, visitor: Visitor, audience: Audience, phash: str, now: datetime
    ) -> None:
        """Give nothing away of a post of the same picture whose prediction is kept back."""
        if audience.community_id is None:
            return
        secret = kept_back(
            session, visitor, community_id=audience.community_id, phash=phash, now=now
        )
        if secret is not None:
            raise Refusal(409, secret)

    async def _draw(self, visitor: Visitor, upload: Upload, found: Suggestions) -> list[Offer]:
        offers = []
        for each in found.chosen:
            meme = await asyncio.to_thread(
                found.canvas.meme, each.boxes, generated=each.source.generated
            )
            offers.append(Offer(token_hex(16), each, meme))
        until = self._services.clock() + _KEPT
        for place, offer in enumerate(offers):
            self._waiting[offer.token] = Waiting(
                offer.meme, visitor.id, upload.title, until, found.chosen, place
            )
        self._forget()
        return offers

    def _forget(self) -> None:
        now = self._services.clock()
        for token in [token for token, each in self._waiting.items() if each.until < now]:
            del self._waiting[token]
        size = sum(len(each.meme.data) for each in self._waiting.values())
        while self._waiting and (len(self._waiting) > _MOST_WAITING or size > _MOST_BYTES):
            size -= len(self._waiting.popitem(last=False)[1].meme.data)

    def _find(self, request: web.Request) -> Waiting:
        self._forget()
        waiting = self._waiting.get(request.match_info["token"])
        if waiting is None or waiting.visitor != visitor_of(request).id:
            raise Refusal(404, "This meme is not kept any more; make it again.")
        return waiting

    def _page(
        self, request: web.Request, *, offers: list[Offer] | None = None,
        found: Suggestions | None = None, upload: Upload | None = None,
        refusal: str | None = None, status: int = 200,
    ) -> web.Response:  # fmt: skip
        most = self._services.settings.max_image_bytes
        content: dict[str, Any] = {
            "offers": offers or [],
            "notes": found.notes if found else (),
            "expression": found and found.expression and expression_word(found.expression),
            "title": upload.title if upload else "",
            "caption": upload.caption if upload else "",
            "refusal": refusal,
            "max_title": MAX_TITLE,
            "max_bytes": most,
            "too_large": too_large(most),
        }
        return aiohttp_jinja2.render_template("meme.html", request, content, status=status)
