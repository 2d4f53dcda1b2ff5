"""What pages are made of is kept by browsers, and sent packed, as pages are."""

import gzip
import re
from collections.abc import Mapping

import aiohttp

from tests.fakes.visitor import Visitor


async def fetch(
    visitor: Visitor, path: str, **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    """The status, headers and body of an answer, as they were sent."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        headers = {"Accept-Encoding": "gzip"} | headers
        async with session.get(visitor.url + path, headers=headers) as answer:
            return answer.status, answer.headers, await answer.read()


async def test_files_are_kept_and_known_by_their_content(ann: Visitor) -> None:
    _, page = await ann.page("/")
    named = re.findall(r'"(/static/[^"]+)"', page)
    assert any(name.endswith("board.css") for name in named)
    for name in named:
        status, headers, _ = await fetch(ann, name)
        assert status == 200, name
        assert "immutable" in headers["Cache-Control"]
        assert "Set-Cookie" not in headers
    # A page that another Peoria drew.
    for path in ("/static/board.css", "/static/0123456789ab/board.css"):
        _, headers, _ = await fetch(ann, path)
        assert headers["Cache-Control"] == "no-cache"
        status, again, body = await fetch(ann, path, **{"If-None-Match": headers["ETag"]})
        assert (status, body, again["Cache-Control"]) == (304, b"", "no-cache")


async def test_files_and_pages_are_packed_for_who_can_unpack_them(ann: Visitor) -> None:
    for path in ("/static/board.css", "/meme"):
        _, headers, packed = await fetch(ann, path)
        assert headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in headers["Vary"]
        _, headers, plain = await fetch(ann, path, **{"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in headers
        assert len(gzip.decompress(packed)) == len(plain) > 2 * len(packed)


async def test_an_answer_to_a_form_is_not_packed(ann: Visitor) -> None:
    form = aiohttp.FormData({"title": "t" * 3000})
    async with ann.session.post(ann.url + "/posts", data=form, headers={"Origin": ann.url}) as page:
        assert len(await page.read()) > 1400
        assert "Content-Encoding" not in page.headers
