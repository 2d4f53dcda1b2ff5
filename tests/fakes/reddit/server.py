"""The loopback Reddit as a whole: what there is, every request, and how it is served."""

import asyncio
import base64
import json
import math
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from bot.runtime.clock import Clock
from tests.fakes.reddit.faults import Fault, Handler, refusal
from tests.fakes.reddit.moderation import Moderation
from tests.fakes.reddit.world import ME, picture

CLIENT = ("client", "client-secret")
PASSWORD = "hunter2-password"
REFRESH_TOKEN = "hunter2-refresh"

SCOPES = "edit history identity privatemessages read submit"


class FakeReddit(Moderation):
    """Reddit's API as far as Peoria uses it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.faults: list[Fault] = []
        #: Every request: method and path.
        self.requests: list[tuple[str, str]] = []
        #: Names asked for in each request for information.
        self.informed: list[list[str]] = []
        self.agents: set[str] = set()
        self.tokens: set[str] = set()
        #: Grants are refused: the password was changed, the refresh token was revoked.
        self.revoked = False
        self.scopes = SCOPES
        #: Requests left, as the headers say; None: no headers.
        self.remaining: int | None = None
        self.reset = 600
        #: Asked to reorder or repeat a listing's items.
        self.shuffle: Any = None
        self._tokens = 0
        self._reached: tuple[float, asyncio.Future[None] | None] = (math.inf, None)

    def reach(self, requests: int) -> "asyncio.Future[None]":
        """Done as soon as so many more requests arrived."""
        future = asyncio.get_running_loop().create_future()
        self._reached = len(self.requests) + requests, future
        return future

    def counted(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(path for _, path in self.requests)

    def fail(self, path: str, **fault: Any) -> None:
        """The next requests to ``path`` go wrong."""
        self.faults.append(Fault(path, **fault))

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._fail, self._authorize])
        app.add_routes(
            [
                web.post("/api/v1/access_token", self._access_token),
                web.get("/api/v1/me", self._me),
                web.get("/r/{name}/about", self._about),
                web.get("/r/{name}/new", self._listing),
                web.get("/r/{name}/top", self._listing),
                web.get("/api/info", self._info),
                web.get("/message/inbox", self._inbox),
                web.get("/user/{name}/comments", self._comments),
                web.post("/api/comment", self._comment),
                web.post("/api/editusertext", self._edit),
                web.post("/api/del", self._delete),
                web.get("/r/{name}/comments", self._subreddit_comments),
                web.get("/user/{name}/submitted", self._submitted),
                web.get("/img/{name}.png", self._image),
                *self.moderation_routes(),
            ]
        )
        return app

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/img/"):
            self.requests.append((request.method, request.path))
            at, reached = self._reached
            if reached is not None and len(self.requests) >= at and not reached.done():
                reached.set_result(None)
        for fault in self.faults:
            if fault.path in request.path and fault.times > 0:
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return await fault.answer(request, handler)
        response = await handler(request)
        if self.remaining is not None:
            self.remaining -= 1
            response.headers["x-ratelimit-remaining"] = f"{self.remaining}.0"
            response.headers["x-ratelimit-used"] = "1"
            response.headers["x-ratelimit-reset"] = str(self.reset)
        return response

    @web.middleware
    async def _authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/img/") or request.path.endswith("/access_token"):
            return await handler(request)
        self.agents.add(request.headers["User-Agent"])
        token = request.headers.get("Authorization", "").removeprefix("bearer ")
        if token not in self.tokens:
            header = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
            return web.json_response({"error": 401}, status=401, headers=header)
        return await handler(request)

    async def _access_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        basic = base64.b64encode(":".join(CLIENT).encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return web.json_response({"message": "Unauthorized", "error": 401}, status=401)
        password = form["grant_type"] == "password" and form["password"] == PASSWORD
        refresh = form["grant_type"] == "refresh_token" and form["refresh_token"] == REFRESH_TOKEN
        if self.revoked or not (password or refresh):
            status = 200 if form["grant_type"] == "password" else 400
            return web.json_response({"error": "invalid_grant"}, status=status)
        self._tokens += 1
        token = f"token-{self._tokens}"
        self.tokens.add(token)
        return web.json_response(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": 86400,
                "scope": "*" if password else self.scopes,
            }
        )

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response({"name": ME, "id": "abc", "is_suspended": False})

    async def _about(self, request: web.Request) -> web.Response:
        place = self.subreddits.get(request.match_info["name"].lower())
        if place is None:
            # What Reddit does with names that do not exist.
            return web.Response(status=302, headers={"Location": "/subreddits/search?q=x"})
        if place.private:
            return _forbidden("private")
        return web.json_response(
            {
                "kind": "t5",
                "data": {
                    "display_name": place.name,
                    "user_is_banned": place.banned,
                    "subscribers": 1234,
                    "over18": False,
                    "subreddit_type": "public",
                },
            }
        )

    async def _listing(self, request: web.Request) -> web.Response:
        place = self.subreddits.get(request.match_info["name"].lower())
        if place is None:
            return web.Response(status=302, headers={"Location": "/subreddits/search?q=x"})
        if place.private:
            return _forbidden("private")
        posts = [
            post
            for post in place.posts
            if not post["removed_by_category"] or post.get("listed_all_the_same")
        ]
        if request.path.endswith("/top"):
            posts.sort(key=lambda post: -post["score"])
        if self.shuffle is not None:
            posts = self.shuffle(posts)
        return _page(request, [("t3", post) for post in posts])

    async def _info(self, request: web.Request) -> web.Response:
        names = request.query["id"].split(",")
        assert len(names) <= 100
        self.informed.append(names)
        found = [self.things[name] for name in names if name in self.things]
        # Of what is in a private subreddit nothing is told.
        found = [each for each in found if not self.subreddit(each["subreddit"]).private]
        children = [{"kind": thing["name"][:2], "data": thing} for thing in found]
        return web.json_response({"kind": "Listing", "data": {"children": children, "after": None}})

    async def _inbox(self, request: web.Request) -> web.Response:
        return _page(request, self.messages)

    async def _comments(self, request: web.Request) -> web.Response:
        assert request.match_info["name"] == ME
        return _page(request, [("t1", each) for each in self.own])

    async def _subreddit_comments(self, request: web.Request) -> web.Response:
        name = request.match_info["name"].lower()
        found = [
            ("t1", thing)
            for thing in self.things.values()
            if thing["name"].startswith("t1_") and thing["subreddit"].lower() == name
        ]
        return _page(request, found[::-1])

    async def _submitted(self, request: web.Request) -> web.Response:
        mine = [
            ("t3", thing)
            for thing in self.things.values()
            if thing["name"].startswith("t3_") and thing["author"] == ME
        ]
        return _page(request, mine[::-1])

    async def _comment(self, request: web.Request) -> web.Response:
        form = await request.post()
        parent = self.things.get(str(form["thing_id"]))
        if parent is None:
            return web.json_response(refusal("NO_THING_ID"))
        post = self.things[parent.get("link_id", parent["name"])]
        if self.subreddit(post["subreddit"]).banned:
            return _forbidden("banned")
        if parent["author"] == "[deleted]":
            return web.json_response(refusal("DELETED_LINK", "that link has been deleted"))
        if post["locked"]:
            return web.json_response(refusal("THREAD_LOCKED", "Comments are locked"))
        if post["archived"]:
            return web.json_response(refusal("TOO_OLD", "that's a piece of history now"))
        made = self.comment(parent["name"], str(form["text"]), ME)
        return web.json_response(
            {"json": {"errors": [], "data": {"things": [{"kind": "t1", "data": made}]}}}
        )

    async def _edit(self, request: web.Request) -> web.Response:
        form = await request.post()
        thing = self.things[str(form["thing_id"])]
        if thing["author"] != ME:
            return web.json_response(refusal("NOT_AUTHOR"))
        thing.update(body=str(form["text"]), edited=self.clock().timestamp())
        return web.json_response(
            {"json": {"errors": [], "data": {"things": [{"kind": "t1", "data": thing}]}}}
        )

    async def _delete(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = str(form["id"])
        if self.things[name]["author"] == ME:
            self.delete(name)
        return web.json_response({})

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=picture(request.match_info["name"]), content_type="image/png")


def _forbidden(reason: str) -> web.Response:
    return web.json_response({"reason": reason, "message": "Forbidden", "error": 403}, status=403)


def _page(request: web.Request, things: list[tuple[str, dict[str, Any]]]) -> web.Response:
    """A page of a listing: after the thing that is named, as long as is asked for."""
    limit, after = int(request.query.get("limit", 25)), request.query.get("after")
    names = [thing["name"] for _, thing in things]
    start = names.index(after) + 1 if after in names else 0
    part = things[start : start + limit]
    more = start + limit < len(things)
    data = {
        "children": [{"kind": kind, "data": thing} for kind, thing in part],
        "after": part[-1][1]["name"] if more and part else None,
        "dist": len(part),
        "modhash": None,
    }
    return web.json_response({"kind": "Listing", "data": data})


@asynccontextmanager
async def serving(reddit: FakeReddit) -> AsyncIterator[str]:
    """The fake, listening in this loop; its address."""
    runner = web.AppRunner(reddit.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reddit.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield reddit.origin
    finally:
        await runner.cleanup()


@contextmanager
def serving_apart(reddit: FakeReddit) -> Iterator[str]:
    """The fake, listening on a thread of its own; its address."""
    loop = asyncio.new_event_loop()
    server = serving(reddit)
    thread = threading.Thread(target=loop.run_forever, name="loopback Reddit")
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def written(answer: Any) -> str:
    """Anything as the body of an answer."""
    return json.dumps(answer)
