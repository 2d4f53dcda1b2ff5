"""Feeds for readers: a community's newest posts, and its newest outcomes (Atom, RFC 4287)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

from aiohttp import web
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from bot.visibility import Viewer, Visibility, in_lists
from bot.web.post_view import PostView
from bot.web.read_posts import read_posts
from bot.web.refusals import Refusal
from bot.web.services import Services
from storage.tables import Community, Label, Post

_NAMESPACE = "http://www.w3.org/2005/Atom"
_MOST = 30
#: What XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING = "There is no such community; it may not be shown here."


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item of a feed."""

    number: int
    title: str
    link: str
    published: datetime
    updated: datetime
    text: str


class AtomFeeds:
    """Answers feed readers; they see what a stranger sees."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._visibility = Visibility(services.settings)

    async def handle_posts(self, request: web.Request) -> web.Response:
        """GET /communities/{id}/feed.atom: the newest posts, with their predictions."""
        newest = (
            select(Post.id)
            .where(in_lists(Viewer()))
            .order_by(Post.posted_at.desc(), Post.id.desc())
        )
        return await self._answer(request, "posts", newest, Post.community_id)

    async def handle_outcomes(self, request: web.Request) -> web.Response:
        """GET /communities/{id}/outcomes.atom: what became of the posts that ended last."""
        newest = (
            select(Post.id)
            .join(Label, Label.post_id == Post.id)
            .where(in_lists(Viewer()))
            .order_by(Label.matured_at.desc(), Label.post_id.desc())
        )
        return await self._answer(request, "outcomes", newest, Label.community_id)

    async def _answer(
        self,
        request: web.Request,
        kind: str,
        newest: Select[int],
        column: InstrumentedAttribute[int],
    ) -> web.Response:
        community_id = int(request.match_info["id"])
        services = self._services
        async with services.database.read() as session:
            community = await self._visibility.community(session, Viewer(), community_id)
            if community is None:
                raise Refusal(404, _NOTHING)
            ids = (await session.scalars(newest.where(column == community_id).limit(_MOST))).all()
            found = await session.run_sync(
                read_posts,
                ids,
                Viewer(),
                visibility=self._visibility,
                now=services.clock(),
                scores_to_compare=services.settings.scores_to_compare,
            )
        origin = f"{request.scheme}://{request.host}"
        entries = [_entry(post, view, kind, origin) for post, view in found]
        body = self._write(community, kind, entries, f"{origin}{request.path}", origin)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=body, headers=headers, content_type="application/atom+xml", charset="utf-8"
        )

    def _write(
        self, community: Community, kind: str, entries: Sequence[_Entry], url: str, origin: str
    ) -> bytes:
        names = {"posts": community.name, "outcomes": f"Outcomes in {community.name}"}
        updated = max((each.updated for each in entries), default=community.created_at)
        feed = ElementTree.Element("feed", {"xmlns": _NAMESPACE})
        _add(feed, "id", self._urn(kind, community.id))
        _add(feed, "title", names[kind])
        _add(feed, "updated", _moment(updated))
        ElementTree.SubElement(feed, "link", {"rel": "self", "href": _text(url)})
        page = f"{origin}/communities/{community.id}"
        ElementTree.SubElement(feed, "link", {"rel": "alternate", "href": page})
        _add(ElementTree.SubElement(feed, "author"), "name", "Peoria")
        for each in entries:
            entry = ElementTree.SubElement(feed, "entry")
            _add(entry, "id", self._urn(kind, community.id, each.number))
            _add(entry, "title", each.title)
            _add(entry, "published", _moment(each.published))
            _add(entry, "updated", _moment(each.updated))
            link = {"rel": "alternate", "href": _text(each.link)}
            ElementTree.SubElement(entry, "link", link)
            _add(entry, "summary", each.text)
        written: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
        return written

    def _urn(self, *parts: object) -> str:
        """A name that stays, whatever the board's address is."""
        text = ":".join(map(str, ("feed", *parts)))
        digest = hashlib.sha256(self._services.people_key + text.encode()).digest()
        return UUID(bytes=digest[:16], version=4).urn


def _entry(post: Post, view: PostView, kind: str, origin: str) -> _Entry:
    if kind == "outcomes" and post.label is not None:
        updated = post.label.matured_at
        text = " ".join(view.outcome_sentences)
    else:
        made = post.predicted_at if view.card is not None else None
        updated = max(made or post.posted_at, post.posted_at)
        text = " ".join(view.sentences)
    return _Entry(
        number=post.id,
        title="A post that its author hid" if post.is_spoiler else view.title or "A post",
        link=f"{origin}{view.url}",
        published=post.posted_at,
        updated=updated,
        text=text,
    )


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _text(text)


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
