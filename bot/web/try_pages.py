"""Try it: what pictures would come to without being posted; several are ranked side by side."""

import asyncio
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from PIL.Image import Image as Picture
from sqlalchemy.orm import Session

from bot.serving import advice_phrases, phrases
from bot.serving.advise import MOST_VARIANTS, Advice, Ranked, Variant, advise
from bot.serving.advise import Refusal as Unusable
from bot.serving.audience import audience_of
from bot.serving.forecast import Card
from bot.serving.image_sources import SourceUnread
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, retell
from bot.web.addresses import Addresses
from bot.web.chosen_community import Choice, choose_community
from bot.web.kept_back import kept_back
from bot.web.rate_limit import RateLimit
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.try_form import TryForm, read_try_form
from bot.web.turns import Turns
from bot.web.upload import MAX_TITLE, too_large
from bot.web.visitors import Visitor, visitor_of
from storage.tables import Community

_A_MINUTE = 6
#: Longer side of a picture on the page, pixels.
_SHOWN = 320
#: The pictures are in the page itself, since nothing of them is kept.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A variant on the page.

    Attributes:
        ranked: the variant and its prediction.
        picture: a small copy of it, a data URL.
        headline: the prediction in one sentence.
        notes: what else there is to say of it.
    """

    ranked: Ranked
    picture: str
    headline: str
    notes: tuple[str, ...]


class TryPages:
    """Answers browsers that try pictures. Nothing is stored."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = RateLimit(services.clock, _A_MINUTE, timedelta(minutes=1), what=mark("tries"))
        self._turns = Turns(2, waiting=6, seconds=30.0)
        self._addresses = Addresses(
            services.core.downloader,
            max_bytes=services.core.serving.limits.max_bytes,
            seconds=services.settings.download_seconds,
        )

    async def handle_form(self, request: web.Request) -> web.Response:
        """GET /try?community=ID."""
        return self._page(request, await self._choice(request))

    async def handle_ask(self, request: web.Request) -> web.Response:
        """POST /try?community=ID: rank what was sent."""
        choice = await self._choice(request)
        visitor = visitor_of(request)
        settings = self._services.settings
        form = TryForm()
        try:
            self._limit.take(visitor.id)
            async with self._turns.take():
                form = await read_try_form(
                    request, max_bytes=settings.max_image_bytes, seconds=settings.download_seconds
                )
                advice = await self._advise(request, visitor, choice, form)
                shown = await self._shown(advice, choice.community)
        except Refusal as refusal:
            return self._page(
                request, choice, form=form, refusal=refusal.sentence, status=refusal.status
            )
        return self._page(request, choice, form=form, advice=advice, shown=shown)

    async def _choice(self, request: web.Request) -> Choice:
        async with self._services.database.read() as session:
            return await choose_community(request, self._services, session)

    async def _advise(
        self, request: web.Request, visitor: Visitor, choice: Choice, form: TryForm
    ) -> Advice:
        variants, unread = await self._variants(form)
        if not variants:
            raise _nothing_usable(unread)
        core, now = self._services.core, self._services.clock()
        audience = await core.database.run_read(
            lambda session: audience_of(session, choice.community, now)
        )
        places = [each.id for each in choice.of] if form.places else []
        advice = await advise(
            core.serving, core.database, variants, audience=audience, now=now, hours=form.hours,
            communities=places,
        )  # fmt: skip
        advice = replace(advice, refused=(*advice.refused, *unread))
        if not advice.ranked:
            raise _nothing_usable(advice.refused)
        return await core.database.run_read(
            partial(self._without_secrets, visitor, choice.community, advice)
        )

    def _without_secrets(
        self, visitor: Visitor, community: Community | None, advice: Advice, session: Session
    ) -> Advice:
        """The advice without what is kept back of a post with the same picture.

        Raises:
            Refusal: (409) the prediction of one of the pictures is kept back here.
        """
        now = self._services.clock()
        if community is not None:
            for each in advice.ranked:
                secret = kept_back(
                    session, visitor, community_id=community.id, phash=each.phash, now=now
                )
                if secret is not None:
                    raise Refusal(409, f"{each.variant.name}: {secret}")
        open_places = tuple(
            place
            for place in advice.places
            if kept_back(
                session, visitor, community_id=place.community_id, phash=advice.ranked[0].phash,
                now=now,
            ) is None
        )  # fmt: skip
        return replace(advice, places=open_places)

    async def _variants(self, form: TryForm) -> tuple[list[Variant], list[Unusable]]:
        pictures = len(form.pictures) + len(form.addresses)
        titles = form.titles or ("",)
        if not pictures:
            raise Refusal(400, "Choose a picture, or give the address of one.")
        if pictures * len(titles) > MOST_VARIANTS:
            raise Refusal(
                400,
                _(
                    "{pictures} pictures with {titles} titles are more than the"
                    " {most_variants} variants that are compared at once. Leave some"
                    " out."
                ).format(pictures=pictures, titles=len(titles), most_variants=MOST_VARIANTS),
            )
        read, unread = list(form.pictures), []
        for address, found in await self._addresses.fetch(form.addresses):
            if isinstance(found, SourceUnread):
                unread.append(Unusable(Variant(address, b"", ""), str(found)))
            else:
                read.append((address, found))
        return [Variant(name, data, title) for name, data in read for title in titles], unread

    async def _shown(self, advice: Advice, community: Community | None) -> list[Shown]:
        small: dict[bytes, str] = {}
        for each in advice.ranked:
            data = each.variant.data
            if data not in small:
                pixels = await self._services.core.serving.pixels(data, size=_SHOWN)
                small[data] = await asyncio.to_thread(_small, pixels)
        return [
            Shown(each, small[each.variant.data], *_words(each.card, community))
            for each in advice.ranked
        ]

    def _page(
        self, request: web.Request, choice: Choice, *, form: TryForm | None = None,
        advice: Advice | None = None, shown: Sequence[Shown] = (), refusal: str | None = None,
        status: int = 200,
    ) -> web.Response:  # fmt: skip
        form = form or TryForm()
        zone = "UTC" if choice.community is None else choice.community.time_zone
        most = self._services.settings.max_image_bytes
        content: dict[str, Any] = {
            "choice": choice,
            "form": form,
            "advice": advice,
            "shown": shown,
            "ranking": advice_phrases.ranking_sentences(advice) if advice else (),
            "hours": advice_phrases.hour_sentences(advice, zone) if advice else (),
            "placing": advice_phrases.place_sentence(advice) if advice else None,
            "refusal": refusal,
            "most": MOST_VARIANTS,
            "max_title": MAX_TITLE,
            "max_bytes": most,
            "too_large": too_large(most),
        }
        response = aiohttp_jinja2.render_template("try.html", request, content, status=status)
        response.headers["Content-Security-Policy"] = _POLICY
        return response


def _nothing_usable(refused: Sequence[Unusable]) -> Refusal:
    sentences = (f"{each.variant.name}: {retell(each.reason)}" for each in refused)
    sentence = " ".join(sentences)
    return Refusal(422, sentence)


def _words(card: Card, community: Community | None) -> tuple[str, tuple[str, ...]]:
    """The prediction in one sentence, and what else there is to say of it."""
    if community is None:
        return phrases.pooled_headline(card), ()
    notes = (
        phrases.score_sentence(card),
        phrases.set_aside_note(card),
        phrases.knowledge_note(card, community.name),
    )
    return phrases.headline(card, community.name), tuple(note for note in notes if note)


def _small(picture: Picture) -> str:
    picture.thumbnail((_SHOWN, _SHOWN))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
