"""Bodies, addresses and heads of requests that no browser sends, against the board itself."""

import asyncio
import logging
from urllib.parse import urlsplit

import aiohttp
import pytest
from yarl import URL

from bot.web.bodies import MAX_FIELDS
from tests.fakes.visitor import Visitor

FORM = "application/x-www-form-urlencoded"
PART = "--b\r\nContent-Disposition: form-data; name={name}{more}\r\n\r\n1\r\n"
JSON = "application/json"

#: Content type and body of what cannot be a vote. None may be a fault of the board's.
BODIES = {
    "no boundary": ("multipart/form-data", b"x"),
    "an empty boundary": ("multipart/form-data; boundary=", b"x"),
    "a boundary of 10,000": ("multipart/form-data; boundary=" + "b" * 5000, b"x"),
    "another boundary": ("multipart/form-data; boundary=b", b"--c\r\n\r\n--c--"),
    "a part without a head": ("multipart/form-data; boundary=b", b"--b\r\n\r\n\r\n--b--"),
    "a part that ends early": ("multipart/form-data; boundary=b", b"--b\r\nContent-"),
    "unknown charset": (f"{FORM}; charset=klingon", b"value=%ff"),
    "unknown charset of JSON": (f"{JSON}; charset=klingon", b"\xff"),
    "bytes that are no text": (FORM, b"value=\xff\xfe"),
    "5,000 lists": (JSON, b"[" * 5000),
    "5,000 objects": (JSON, b'{"value":' * 5000),
    "half an object": (JSON, b'{"value": '),
    "a list": (JSON, b"[1]"),
    "a text": (JSON, b'"1"'),
    "nothing": (JSON, b""),
    "a number of 10,000 digits": (JSON, b'{"value": ' + b"1" * 10_000 + b"}"),
    "not a number": (JSON, b'{"value": NaN}'),
    "infinity": (JSON, b'{"value": -Infinity}'),
    "a large power": (JSON, b'{"value": 1e99999}'),
    "a member twice": (JSON, b'{"value": 1, "value": -1}'),
    "an object inside": (JSON, b'{"value": {"value": 1}}'),
    "half a character": (JSON, b'{"value": "\\ud800"}'),
    "NUL": (JSON, b'{"value": "1\\u0000"}'),
    "another text encoding": (JSON, '{"value": 1}'.encode("utf-16")),
    "a field twice": (FORM, b"value=1&value=-1"),
    "many fields": (FORM, b"&".join(b"%d=1" % each for each in range(1000))),
    "bad percent-encoding": (FORM, b"value=%zz%"),
    "another type": ("application/xml", b"<vote>1</vote>"),
    "a type that is none": ("nonsense", b"value=1"),
    "base64 that is none": (
        "multipart/form-data; boundary=b",
        PART.format(name="value", more="\r\nContent-Transfer-Encoding: base64").encode() + b"--b--",
    ),
    "an unknown encoding": (
        "multipart/form-data; boundary=b",
        PART.format(name="value", more="\r\nContent-Encoding: klingon").encode() + b"--b--",
    ),
    "forms in forms": (
        "multipart/form-data; boundary=b",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--c--\r\n--b--",
    ),
    "many parts": (
        "multipart/form-data; boundary=b",
        "".join(PART.format(name=each, more="") for each in range(MAX_FIELDS + 1)).encode()
        + b"--b--",
    ),
}


async def test_whatever_a_form_is_it_is_no_fault_of_the_boards(
    bob: Visitor, post_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    paths = (f"/posts/{post_id}/vote", f"/posts/{post_id}/guess", "/me", "/posts")
    for name, (kind, body) in BODIES.items():
        for path in paths:
            async with bob.send(path, body, json=True, **{"Content-Type": kind}) as answer:
                assert 400 <= answer.status < 500, (name, path)
                assert (await answer.json())["error"].endswith("."), (name, path)
    for encoding in ("gzip", "br", "klingon"):
        # Whatever is inside is never unpacked.
        headers = {"Content-Type": FORM, "Content-Encoding": encoding}
        async with bob.send(paths[0], b"value=1", json=True, **headers) as answer:
            assert 400 <= answer.status < 500, encoding
    _, post = await bob.json(f"/posts/{post_id}.json")
    assert post["votes"]["score"] == 0
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_a_plain_form_of_either_kind_is_read(bob: Visitor, post_id: int) -> None:
    form = aiohttp.FormData({"value": "1"}, default_to_multipart=True)
    for sent in ({"value": "1"}, form):
        async with bob.send(f"/posts/{post_id}/vote", sent, json=True) as answer:
            assert answer.status == 200


ADDRESSES = (
    "/static/" + "n" * 300, "/static/%00", "/static/%0a%1b[2J", "/static/%2e%2e%2fsite.py",
    "/static/%c3%28", "/posts/%f0%9f", "/posts/1%0d%0aX-Evil:1", "/?before=%ed%a0%80",
    "/cards.json?ids=" + "9" * 5000, "/cards.json?ids=%00", "/league?from=-1",
    "/league?season=%00", "/stats?days=1e9", "/%ff%fe", "/posts/" + "1" * 18,
    "/images/" + "9" * 18, "//", "/.",
)  # fmt: skip


async def test_addresses_that_lead_nowhere(ann: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    for path in ADDRESSES:
        async with ann.session.get(URL(ann.url + path, encoded=True)) as answer:
            assert answer.status in (200, 400, 404), path
            assert "x-evil" not in answer.headers
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


#: Heads of requests, as bytes.
HEADS = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9999999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /me HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n-\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nX: a\x00b\r\n\r\n",
    b"GET / HTTP/1.1\r\n: nameless\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: 1\r\n" % each for each in range(500)) + b"\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /\x1b[2J HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: visitor=\x80; ;;=; a=\"b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: ,,;\r\nForwarded: for=;;\"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nIf-None-Match: \"\r\nRange: bytes=9-1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)  # fmt: skip


async def test_heads_that_no_browser_sends(ann: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    host = urlsplit(ann.url).netloc
    for head in HEADS:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(host.partition(":")[2]))
        writer.write(head.replace(b"{host}", host.encode()))
        writer.write_eof()
        answer = await reader.read(2000)
        assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.0 4", b"")), head
        assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), head
        assert b"aiohttp" not in answer.lower(), head
        assert b"Python" not in answer, head
        writer.close()
    assert (await ann.page("/"))[0] == 200
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
