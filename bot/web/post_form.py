"""Posting an image, by form or by the page's scripts."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from bot.platform import IncomingPost
from bot.serving.image_sources import SourceUnread
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, retell
from bot.web.addresses import Addresses
from bot.web.cards import card_answer
from bot.web.feed import Feed
from bot.web.feed_pages import feed_page
from bot.web.rate_limit import RateLimit
from bot.web.refusals import Refusal
from bot.web.responses import see_other, wants_json
from bot.web.services import Services
from bot.web.turns import WRITING, Turns
from bot.web.upload import MAX_TITLE, MOST_BYTES, MOST_IMAGES, Upload, clean_title, read_upload
from bot.web.upload_quota import UploadQuota
from bot.web.visitors import Visitor, visitor_of
from models.decoding import ImageRefused, recognise
from storage.engine.faults import storage_fault
from storage.types import PlatformName

log = logging.getLogger(__name__)

_POSTS_A_MINUTE = 10
#: One person may be many visitors; what they share is their address.
_POSTS_A_MINUTE_FROM_ONE_ADDRESS = 60
#: Uploads that are read at the same time.
_UPLOADS_AT_ONCE = 6


class PostForm:
    """Takes posts in."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self._services = services
        self._feed = feed
        minute = timedelta(minutes=1)
        self._by_visitor = RateLimit(services.clock, _POSTS_A_MINUTE, minute, what=mark("posts"))
        self._by_address = RateLimit(
            services.clock, _POSTS_A_MINUTE_FROM_ONE_ADDRESS, minute, what=mark("posts")
        )
        self._quota = UploadQuota(services.settings, services.images, services.clock)
        self._addresses = Addresses(
            services.core.downloader,
            max_bytes=services.core.serving.limits.max_bytes,
            seconds=services.settings.download_seconds,
        )
        # Each holds its image in memory until it is stored.
        self._uploading = Turns(_UPLOADS_AT_ONCE, waiting=2 * _UPLOADS_AT_ONCE, seconds=5.0)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST /posts: store the post, answer at once, and predict it meanwhile."""
        visitor = visitor_of(request)
        upload: Upload | None = None
        try:
            self._by_address.take(visitor.household)
            self._by_visitor.take(visitor.id)
            self._quota.check(visitor.hash, visitor.household)
            async with self._uploading.take():
                upload = await read_upload(
                    request,
                    max_bytes=self._services.settings.max_image_bytes,
                    seconds=self._services.settings.download_seconds,
                    most_images=MOST_IMAGES,
                )
                upload = await self._with_addresses(upload)
            async with request.config_dict[WRITING].take():
                post_id = await self.accept(visitor, upload)
        except Refusal as refusal:
            if wants_json(request):
                raise
            # The page again, with what was typed: only the file has to be chosen anew.
            return await feed_page(
                request, self._services, self._feed, refusal=refusal, typed=upload
            )
        self._services.tasks.start(
            self._services.pipeline.advance(post_id), f"Predicting post {post_id}"
        )
        if not wants_json(request):
            return see_other(f"/posts/{post_id}")
        post = await self._feed.post(visitor, post_id)
        if post is None:
            raise Refusal(404, "The post was deleted before it could be shown.")
        return card_answer(request, post, status=201)

    async def _with_addresses(self, upload: Upload) -> Upload:
        """The same with the images that it gives the addresses of.

        Raises:
            Refusal: (422) one of them cannot be had; the sentence names it.
        """
        images = [*upload.images]
        room = MOST_BYTES - sum(map(len, images))
        for address, found in await self._addresses.fetch(upload.addresses, room=room):
            if isinstance(found, SourceUnread):
                raise Refusal(422, f"{address}: {retell(str(found))}") from found
            images.append(found)
        return replace(upload, images=tuple(images))

    async def accept(self, visitor: Visitor, upload: Upload) -> int:
        """Store a visitor's post; its id.

        Raises:
            Refusal: it cannot be posted; the sentence says why.
        """
        title = clean_title(upload.title)
        if not upload.images:
            raise Refusal(400, "There is no image in this post: choose a file that is not empty.")
        if not title:
            raise Refusal(400, "Give the image a title; people vote on both.")
        if len(title) > MAX_TITLE:
            raise Refusal(
                400,
                _("The title has {title} characters; at most {max_title} fit on the board.").format(
                    title=len(title), max_title=MAX_TITLE
                ),
            )
        limits = self._services.core.serving.limits
        try:
            for image in upload.images:
                await asyncio.to_thread(recognise, image, limits=limits)
        except ImageRefused as refusal:
            # Said in the form, where another file can be chosen; its pixels are looked at later.
            raise Refusal(422, str(refusal)) from refusal
        self._quota.check(visitor.hash, visitor.household)
        size = sum(map(len, upload.images))
        await self._quota.check_room(size)
        self._quota.add(visitor.hash, visitor.household, size)
        incoming = IncomingPost(
            community=self._services.community,
            source_id=f"{visitor.hash[:32]}:{upload.key}",
            author=visitor.id,
            title=title,
            posted_at=self._services.clock(),
            images=upload.images,
        )
        try:
            post_id = await self._services.pipeline.accept(PlatformName.WEB, incoming)
        except OSError as error:
            log.exception("An image cannot be stored.")
            fault = storage_fault(error)
            raise Refusal(
                507 if fault is None or fault.no_room else 503,
                _("The image could not be stored ({strerror}); nothing was posted.").format(
                    strerror=error.strerror
                ),
            ) from error
        if post_id is None:
            raise Refusal(403, "You asked to be left out, so this was not posted.")
        return post_id
