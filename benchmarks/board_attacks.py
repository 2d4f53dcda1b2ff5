"""The attacks on the board: requests that no browser sends, more connections than anybody needs.

    python -m benchmarks.board_attacks URL {fuzz,hold,connect,read,votes} [--count N] [--seconds S]
        [--seed 1] [--admin COOKIE]

Everything is written into sockets by hand: a library would not send most of it. The last line is
JSON. benchmarks/attack_board.py starts a board, and each of these against it.
"""

import argparse
import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

#: Every route of the board (a test holds the list against the board itself).
ROUTES = (
    "/", "/posts/{id}", "/posts/{id}.json", "/cards.json", "/posts", "/posts/{id}/vote",
    "/posts/{id}/heat.png", "/posts/{id}/guess", "/posts/{id}/genre", "/images/{id}", "/league",
    "/stats", "/stats.png",
    "/me", "/me.json", "/models", "/models/state.json", "/models/train", "/livez", "/healthz",
    "/meme", "/meme/{token}", "/meme/{token}/post", "/static/{name}", "/admin", "/admin/hide",
    "/admin/show", "/admin/ban", "/admin/ban-voters", "/admin/release", "/admin/unban",
    "/communities", "/communities/{id}", "/communities/{id}/settings", "/communities/{id}/import",
    "/search",
    "/posts/{id}/card.png", "/models/versions/{name}", "/models/versions/{name}/{file}",
    "/models/runs/{id}", "/measures", "/plays", "/try", "/metrics",
    "/communities/{id}/feed.atom", "/communities/{id}/outcomes.atom",
    "/admin/promote", "/admin/rollback", "/admin/leave", "/api", "/api/label_plot.py",
    "/api/v1/openapi.json",
    "/api/v1/health", "/api/v1/communities", "/api/v1/communities/{community}", "/api/v1/posts",
    "/api/v1/posts/{post}", "/api/v1/predictions", "/api/v1/labels", "/api/v1/boards/{board}",
    "/api/v1/versions", "/api/v1/versions/{name}", "/api/v1/predict", "/api/v1/posts/{post}/guess",
    "/api/v1/posts/{post}/vote", "/api/v1/posts/search", "/live", "/people/{name}",
    "/posts/{id}/title", "/posts/{id}/delete", "/admin/tokens", "/admin/tokens/{id}/revoke",
    "/admin/setup", "/admin/setup/{platform}", "/admin/setup/{platform}/check",
    "/admin/setup/{platform}/watched", "/admin/accounts",
    "/admin/audit", "/admin/backups", "/admin/settings", "/static/{digest}/{name}",
    "/admin/setup/subreddits", "/language/{language}",
    "/admin/accounts/link", "/account", "/account/recover", "/account/passkeys/ask",
    "/account/passkeys", "/account/sign-in/ask", "/account/sign-in", "/account/sign-out",
    "/account/passkeys/{id}/rename", "/account/passkeys/{id}/remove",
)  # fmt: skip
#: Trainings cost minutes, a backup is a file, and a check of a platform asks it: a fuzzer that is
#: the admin leaves those out.
_NOT_AS_ADMIN = (
    "/models/train", "/admin/leave", "/admin/setup/{platform}/check", "/admin/backups",
)  # fmt: skip
#: What it says does not end by itself: its limits have tests of their own.
_ENDLESS = ("/live",)
_METHODS = ("GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "X")
_QUERIES = (
    "cursor", "limit", "before", "ids", "newest", "board", "season", "from", "days", "token", "x",
    "q", "sort", "after", "open", "by", "version", "genre", "since", "until", "community",
)  # fmt: skip
_FIELDS = (
    "value",
    "back",
    "wish",
    "sure",
    "title",
    "key",
    "image",
    "post",
    "author",
    "version",
    "credential",
    "name",
    "token",
    "account",
    "everywhere",
)
_WORDS = (
    b"1", b"-1", b"0", b"high", b"low", b"skip", b"forecasters", b"2026-11", b"all", b"30",
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[2J\x07", b"\r\n", b"%", b"%zz", b"../../etc",
    b"9" * 30, b"9" * 5000, b"-9999999999999999999", b"1e309", b"NaN", b"'\"><script>", b"{{7*7}}",
    b"' OR 1=1 --", b"\xe2\x80\xae\xe2\x80\xa8", b"a" * 300, b"A" * 9000, b"null", b"true",
    b"[" * 5000, b'{"value":' * 2000, b'{"value": 1}', b'{"value": "high"}', b"opt-in", b"yes",
)  # fmt: skip
_TYPES = (
    b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data",
    b"multipart/form-data; boundary=b", b"multipart/form-data; boundary=", b"text/plain",
    b"application/json; charset=klingon", b"application/x-www-form-urlencoded; charset=utf-7",
    b"multipart/mixed; boundary=b", b"nonsense", b"", b"\xff",
)  # fmt: skip
_HEADERS = (
    b"Accept: application/json", b"Accept: text/html", b"Accept: ,;q=x", b"Content-Encoding: gzip",
    b"Content-Encoding: x", b"Expect: 100-continue", b"Expect: x", b"If-None-Match: \"x",
    b"Range: bytes=0-0", b"Range: bytes=9-1", b"If-Modified-Since: x", b"Forwarded: for=;;,",
    b"X-Forwarded-For: ::::", b"Cookie: visitor=\xff; ;;=", b"Cookie: visitor=" + b"a" * 32,
    b"Cookie: admin=a.b.c", b"Origin: null", b"Sec-Fetch-Site: cross-site", b"Upgrade: websocket",
    b"Connection: upgrade", b"Transfer-Encoding: x", b"X: " + b"y" * 9000, b"Host: x", b"TE: x",
    b"Accept-Encoding: \xff", b"Referer: \xff",
)  # fmt: skip
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *(visitor=[^;\r]+)", re.IGNORECASE)
#: How long an answer is waited for, seconds.
_PATIENCE = 30.0


@dataclass
class Board:
    """Where the board is, and who asks."""

    host: str
    port: int
    cookie: bytes = b""
    statuses: Counter[str] = field(default_factory=Counter)
    #: What the answers of 500 and above (but 503) were to, shortened.
    failed: list[str] = field(default_factory=list)

    @property
    def name(self) -> bytes:
        """What the header Host says."""
        return f"{self.host}:{self.port}".encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection."""
        return await asyncio.open_connection(self.host, self.port, limit=2**20)

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the head of the answer on a connection of its own; 0: there was none."""
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await self.connect()
                try:
                    writer.write(request)
                    return await read_answer(reader, head_only=request.startswith(b"HEAD"))
                finally:
                    writer.close()
        except (OSError, asyncio.IncompleteReadError):
            return 0, b""

    def note(self, request: bytes, status: int) -> None:
        """Count an answer."""
        self.statuses[str(status)] += 1
        if status >= 500 and status != 503:
            self.failed.append(repr(request[:300]))

    def page(self, path: bytes = b"/") -> bytes:
        """A request that a browser would send."""
        return b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n\r\n" % (path, self.name)

    async def visit(self) -> bytes:
        """Open the page as somebody new; the cookie, empty where none was given."""
        _, head = await self.ask(self.page())
        found = _COOKIE.search(head)
        return found[1] if found else b""


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool) -> tuple[int, bytes]:
    """The status and the head of an answer, after its body was read."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100 "):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return 0, b""
    found = _STATUS.match(head)
    status = int(found[1]) if found else 0
    length = _LENGTH.search(head)
    if length is not None and not head_only and status not in (204, 304):
        await reader.readexactly(int(length[1]))
    return status, head


async def fuzz(board: Board, count: int, _: float, seed: int) -> dict[str, Any]:
    """So many requests of every kind to every route."""
    rng = random.Random(seed)
    who = [await board.visit(), b""]
    if board.cookie:
        who.append(who[0] + b"; " + board.cookie)
    requests = iter([make_request(rng, board, rng.choice(who)) for _ in range(count)])

    async def work() -> None:
        for request in requests:
            board.note(request, (await board.ask(request))[0])

    await asyncio.gather(*(work() for _ in range(16)))
    return {"requests": count, "statuses": dict(board.statuses), "failed": board.failed[:20]}


def make_request(rng: random.Random, board: Board, cookie: bytes) -> bytes:
    """One request, most of it as it should be."""
    admin = b"admin=" in cookie
    left_out = {*_ENDLESS, *(_NOT_AS_ADMIN if admin else ())}
    route = rng.choice([each for each in ROUTES if each not in left_out])
    word = rng.choice(_WORDS)
    number = rng.choice((b"1", b"2", b"3", b"999", b"9" * 18, word))
    path = route.encode().replace(b"{id}", quote_from_bytes(number).encode())
    path = path.replace(b"{name}", rng.choice((b"main.js", quote_from_bytes(word).encode())))
    path = path.replace(b"{digest}", b"0" * 12)
    path = path.replace(b"{token}", rng.choice((b"0" * 32, quote_from_bytes(word).encode())))
    if rng.random() < 0.05:
        path += rng.choice((b"/", b"%00", b"%ff", b"/..", b"//", b";x"))
    if rng.random() < 0.4:
        pairs = [
            (rng.choice(_QUERIES).encode(), rng.choice(_WORDS))
            for _ in range(rng.choice((1, 1, 2, 40)))
        ]
        path += b"?" + b"&".join(b"%s=%s" % (k, quote_from_bytes(v).encode()) for k, v in pairs)
    lines = [b"%s %s HTTP/1.1" % (rng.choice(_METHODS).encode(), path[:7000])]
    lines += [b"Host: " + board.name, b"Origin: http://" + board.name]
    if cookie:
        lines.append(b"Cookie: " + cookie)
    lines += rng.sample(_HEADERS, rng.choice((0, 0, 1, 1, 2)))
    body = b""
    if not lines[0].startswith((b"GET", b"HEAD")) or rng.random() < 0.1:
        kind, body = _body(rng)
        lines.append(b"Content-Type: " + kind)
        match rng.random():
            case chance if chance < 0.03:
                lines.append(rng.choice((b"Content-Length: -1", b"Content-Length: x")))
            case chance if chance < 0.1:
                lines.append(b"Transfer-Encoding: chunked")
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
            case _:
                lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def _body(rng: random.Random) -> tuple[bytes, bytes]:
    kind = rng.choice(_TYPES)
    if rng.random() < 0.2:
        return kind, rng.randbytes(rng.choice((1, 50, 3000)))
    fields = [
        (rng.choice(_FIELDS).encode(), rng.choice(_WORDS)) for _ in range(rng.choice((1, 2, 3, 30)))
    ]
    if b"multipart" in kind:
        encoding = rng.choice((b"", b"", b"\r\nContent-Transfer-Encoding: base64", b"\r\nX"))
        parts = [
            b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"%s\r\n\r\n%s\r\n'
            % (name, rng.choice((b"a.png", b"n" * 300, b"\x00")), encoding, value)
            for name, value in fields
        ]
        return kind, b"".join(parts) + rng.choice((b"--b--\r\n", b""))
    if b"json" in kind:
        return kind, rng.choice(_WORDS)
    return kind, b"&".join(
        b"%s=%s" % (name, quote_from_bytes(value).encode()) for name, value in fields
    )


async def hold(board: Board, count: int, seconds: float, _: int) -> dict[str, Any]:
    """So many connections that say nothing or say it slowly; each is opened again when closed."""
    ends = time.monotonic() + seconds
    opened = Counter[str]()
    slow = (
        b"",
        b"GET / HTTP/1.1\r\nHost: ",
        b"POST /me HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nContent-Length: 60000\r\n\r\n"
        % (board.name, board.name),
    )

    async def one(number: int) -> None:
        while time.monotonic() < ends:
            try:
                async with asyncio.timeout(max(ends - time.monotonic(), 0)):
                    reader, writer = await board.connect()
                    opened["opened"] += 1
                    try:
                        writer.write(slow[number % len(slow)])
                        while not reader.at_eof():
                            if number % len(slow):
                                writer.write(b"a")
                            async with asyncio.timeout(1):
                                await reader.read(2**16)
                    except TimeoutError:
                        continue
                    finally:
                        writer.close()
            except TimeoutError:
                return
            except OSError:
                opened["refused"] += 1
                await asyncio.sleep(0.2)

    await asyncio.gather(*(one(number) for number in range(count)))
    return dict(opened)


async def connect(board: Board, _: int, seconds: float, __: int) -> dict[str, Any]:
    """Connections as fast as they can be opened and left."""
    ends = time.monotonic() + seconds
    opened = Counter[str]()

    async def one() -> None:
        while time.monotonic() < ends:
            try:
                _, writer = await board.connect()
                writer.close()
                opened["opened"] += 1
            except OSError:
                opened["refused"] += 1
                await asyncio.sleep(0.05)

    await asyncio.gather(*(one() for _ in range(20)))
    return dict(opened)


async def read(board: Board, count: int, _: float, __: int) -> dict[str, Any]:
    """So many readers of the page at once."""
    took: list[float] = []
    went_wrong = Counter[str]()

    async def one() -> None:
        began = time.monotonic()
        status, head = await board.ask(board.page())
        board.note(b"GET /", status)
        if status == 200:
            took.append(time.monotonic() - began)
        if status == 503 and b"retry-after" not in head.lower():
            went_wrong["503 without Retry-After"] += 1

    await asyncio.gather(*(one() for _ in range(count)))
    took.sort()
    return {
        "readers": count,
        "served": len(took),
        "p95_seconds": round(took[int(0.95 * (len(took) - 1))], 2) if took else None,
        "statuses": dict(board.statuses),
        **went_wrong,
    }


async def votes(board: Board, count: int, _: float, __: int) -> dict[str, Any]:
    """One machine votes as many people: without a cookie, and with a new one for each vote."""
    body = b'{"value": 1}'

    async def vote(cookie: bytes) -> int:
        lines = (
            b"POST /posts/1/vote HTTP/1.1", b"Host: " + board.name,
            b"Origin: http://" + board.name, b"Accept: application/json", b"Cookie: " + cookie,
            b"Content-Type: application/json", b"Content-Length: %d" % len(body), b"", body,
        )  # fmt: skip
        return (await board.ask(b"\r\n".join(lines)))[0]

    without = Counter[str]()
    for _ in range(count):
        without[str(await vote(b""))] += 1
    fresh = Counter[str]()
    for _ in range(count // 4):
        cookie = await board.visit()
        fresh[str(await vote(cookie)) if cookie else "no cookie"] += 1
    return {"without_a_cookie": dict(without), "with_a_new_one_each": dict(fresh)}


ATTACKS: dict[str, Callable[[Board, int, float, int], Coroutine[Any, Any, dict[str, Any]]]] = {
    "fuzz": fuzz, "hold": hold, "connect": connect, "read": read, "votes": votes,
}  # fmt: skip


def main() -> None:
    """Carry out one attack and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--admin", default="", help="the admin's cookie, admin=…")
    arguments = parser.parse_args()
    parts = urlsplit(arguments.url)
    board = Board(parts.hostname or "127.0.0.1", parts.port or 80, arguments.admin.encode())
    attack = ATTACKS[arguments.attack]
    print(
        json.dumps(asyncio.run(attack(board, arguments.count, arguments.seconds, arguments.seed)))
    )


if __name__ == "__main__":
    main()
