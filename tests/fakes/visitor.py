"""Somebody with a browser who visits the board."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiohttp

from tests.fixtures.images import encode, photo

PICTURE = encode(photo(), "PNG")

Answer: TypeAlias = tuple[int, dict[str, Any]]


@dataclass
class Visitor:
    """A browser with its cookies; ``url`` is the board's, without a slash at the end."""

    session: aiohttp.ClientSession
    url: str

    async def page(self, path: str, **headers: str) -> tuple[int, str]:
        """Open a page; its status and its text."""
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def json(self, path: str, **headers: str) -> Answer:
        """Ask for JSON; the status and the content."""
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(
        self, image: bytes = PICTURE, title: str | None = "A title", key: str | None = None
    ) -> Answer:
        """Post an image as the page's scripts do."""
        async with self.send("/posts", upload(image, title, key), json=True) as answer:
            return answer.status, await answer.json()

    async def become_admin(self, link: str) -> None:
        """Open the link that the board printed."""
        status, _ = await self.page(link.removeprefix(self.url))
        assert status == 200

    async def vote(self, post_id: int, value: object) -> Answer:
        """Vote as the page's scripts do."""
        form = {"value": str(value)}
        async with self.send(f"/posts/{post_id}/vote", form, json=True) as answer:
            return answer.status, await answer.json()

    @asynccontextmanager
    async def send(
        self, path: str, form: Any, *, json: bool = False, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a form, from a page of the board unless ``headers`` say otherwise."""
        own = {"Origin": self.url} | ({"Accept": "application/json"} if json else {})
        async with self.session.post(
            self.url + path, data=form, headers=own | headers, allow_redirects=False
        ) as answer:
            yield answer


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visitor]:
    """A new visitor, who has the page open."""
    jar = aiohttp.CookieJar(unsafe=True)  # it keeps cookies of bare addresses too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        visitor = Visitor(session, url.rstrip("/"))
        await visitor.page("/")
        yield visitor


def upload(image: bytes = PICTURE, title: str | None = "A title", key: str | None = None) -> Any:
    """The form that a browser posts."""
    form = aiohttp.FormData()
    form.add_field("image", image, filename="picture.png", content_type="image/png")
    if title is not None:
        form.add_field("title", title)
    if key is not None:
        form.add_field("key", key)
    return form


def field_value(html: str, name: str) -> str:
    """The value of a form's field on a page."""
    found = re.search(rf'name="{name}"[^>]*\bvalue="([^"]*)"', html)
    assert found is not None, name
    return found[1]
