"""The loopback server: what there is, every request, and how it is served.

Its answers were held against the models of atproto 0.0.73, which come from the lexicons.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.runtime.clock import Clock
from tests.fakes.reddit.faults import Fault, Handler
from tests.fakes.reddit.world import picture

HANDLE, PASSWORD, ME = "peoria.test", "app-password", "did:plc:peoria"
POST = "app.bsky.feed.post"
CID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz"
LABELLER = "did:plc:ar7c4by46qjdydhdevvrndac"


class FakeBluesky:
    """The part of Bluesky that Peoria uses. Time is the test's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin = ""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.profiles: dict[str, dict[str, Any]] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.notifications: list[dict[str, Any]] = []
        #: What every feed holds, the oldest first.
        self.entries: list[dict[str, Any]] = []
        #: Our own records, by collection and key.
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self._ids = iter(range(100, 10**6))

    def fail(self, path: str, **fault: Any) -> None:
        """The next requests to ``path`` go wrong."""
        self.faults.append(Fault(path, **fault))

    def person(self, name: str, **changes: Any) -> dict[str, Any]:
        """An account, made when it is named first."""
        did = f"did:plc:{name}"
        basic = {"did": did, "handle": f"{name}.test", "labels": [], "description": "Cats."}
        found = self.profiles.setdefault(did, basic)
        found.update(changes)
        return found

    def post(
        self, text: str = "A cat #cats", *, author: str = "ann", images: int = 1,
        above: dict[str, Any] | None = None, reason: str | None = None, **changes: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Somebody posts; its view. ``reason``: we are notified."""
        self.person(author)
        uri = f"at://did:plc:{author}/{POST}/3k{next(self._ids)}"
        now = self.clock().isoformat().replace("+00:00", "Z")
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": now}
        if above is not None:
            parent = {"uri": above["uri"], "cid": above["cid"]}
            root = above["record"].get("reply", {}).get("root") or parent
            record["reply"] = {"root": root, "parent": parent}
        view: dict[str, Any] = {
            "uri": uri,
            "cid": f"{CID}{uri[-3:]}",
            "author": self.profiles[f"did:plc:{author}"],
            "record": record,
            "indexedAt": now,
            "likeCount": 0,
            "repostCount": 0,
            "replyCount": 0,
            "labels": [],
            "viewer": {},
            **changes,
        }
        if images:
            address = f"{self.origin}/img/{uri[-3:]}"
            record["embed"] = {"$type": "app.bsky.embed.images"}
            view["embed"] = {
                "$type": "app.bsky.embed.images#view",
                "images": [
                    {"thumb": f"{address}-{n}s.png", "fullsize": f"{address}-{n}.png", "alt": ""}
                    for n in range(images)
                ],
            }
        self.views[uri] = view
        if reason is not None:
            told = ("uri", "cid", "author", "record", "indexedAt", "labels")
            of_it = {key: view[key] for key in told}
            self.notifications.append({**of_it, "reason": reason, "isRead": False})
        return view

    def passed_on(self) -> dict[str, Any]:
        """Why a post of somebody else is in a feed."""
        now = self.clock().isoformat().replace("+00:00", "Z")
        by = _basic(self.person("carl"))
        return {"$type": "app.bsky.feed.defs#reasonRepost", "by": by, "indexedAt": now}

    def own(self, above: dict[str, Any]) -> list[dict[str, Any]]:
        """Our answers to a post."""
        return [
            record
            for (collection, _), record in self.records.items()
            if collection == POST and record["reply"]["parent"]["uri"] == above["uri"]
        ]

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._fail])
        get = {
            "app.bsky.feed.searchPosts": self._search,
            "app.bsky.feed.getAuthorFeed": self._author,
            "app.bsky.feed.getFeed": self._feed,
            "app.bsky.feed.getPosts": self._posts,
            "app.bsky.actor.getProfiles": self._profiles,
            "app.bsky.notification.listNotifications": self._notified,
            "com.atproto.repo.getRecord": self._record,
        }
        post = {
            "com.atproto.server.createSession": self._session,
            "com.atproto.repo.putRecord": self._put,
            "com.atproto.repo.deleteRecord": self._delete,
        }
        app.add_routes([web.get(f"/xrpc/{name}", each) for name, each in get.items()])
        app.add_routes([web.post(f"/xrpc/{name}", each) for name, each in post.items()])
        app.add_routes([web.get("/img/{name}.png", self._image)])
        return app

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        for fault in self.faults:
            if fault.path in request.path and fault.times > 0:
                fault.times -= 1
                return await fault.answer(request, handler)
        free = request.path.startswith("/img/") or request.path.endswith("createSession")
        if not free and request.headers.get("Authorization", "")[7:] not in self.tokens:
            return web.json_response({"error": "ExpiredToken", "message": "old"}, status=400)
        return await handler(request)

    async def _session(self, request: web.Request) -> web.Response:
        if await request.json() != {"identifier": HANDLE, "password": PASSWORD}:
            return web.json_response({"error": "AuthenticationRequired"}, status=401)
        self.tokens.add(f"token-{len(self.requests)}")
        tokens = {"accessJwt": f"token-{len(self.requests)}", "refreshJwt": "another"}
        return web.json_response({"did": ME, "handle": HANDLE, **tokens})

    def _page(self, request: web.Request, key: str, found: Sequence[Any]) -> web.Response:
        limit, start = int(request.query["limit"]), int(request.query.get("cursor", 0))
        assert limit <= 100
        newest = [*found][::-1]
        more = {"cursor": str(start + limit)} if len(newest) > start + limit else {}
        return web.json_response({key: newest[start : start + limit], **more})

    async def _search(self, request: web.Request) -> web.Response:
        tag = f"#{request.query['tag']}"
        found = [each for each in self.views.values() if tag in each["record"]["text"].lower()]
        return self._page(request, "posts", [_shown(each) for each in found])

    async def _author(self, request: web.Request) -> web.Response:
        wanted = request.query["actor"]
        found = [each for each in self.views.values() if each["author"]["handle"] == wanted]
        if not found:
            return web.json_response({"error": "InvalidRequest"}, status=400)
        return self._page(request, "feed", [{"post": _shown(each)} for each in found])

    async def _feed(self, request: web.Request) -> web.Response:
        entries = [{**each, "post": _shown(each["post"])} for each in self.entries]
        return self._page(request, "feed", entries)

    async def _posts(self, request: web.Request) -> web.Response:
        uris = request.query.getall("uris")
        assert len(uris) <= 25
        shown = [_shown(self.views[each]) for each in uris if each in self.views]
        return web.json_response({"posts": shown})

    async def _profiles(self, request: web.Request) -> web.Response:
        dids = request.query.getall("actors")
        assert len(dids) <= 25
        return web.json_response({"profiles": [_labelled(self.profiles[e]) for e in dids]})

    async def _notified(self, request: web.Request) -> web.Response:
        assert request.query.getall("reasons") == ["mention", "reply"]
        return self._page(request, "notifications", [_shown(e) for e in self.notifications])

    async def _record(self, request: web.Request) -> web.Response:
        collection, key = request.query["collection"], request.query["rkey"]
        found = self.records.get((collection, key))
        if found is None:
            return web.json_response({"error": "RecordNotFound"}, status=400)
        return web.json_response({"uri": f"at://{ME}/{collection}/{key}", "value": found})

    async def _put(self, request: web.Request) -> web.Response:
        given = await request.json()
        collection, key, record = given["collection"], given["rkey"], given["record"]
        assert given["repo"] == ME
        if collection == POST:
            assert len(key) == 13
            assert len(record["text"]) <= 300
        self.records[collection, key] = record
        return web.json_response({"uri": f"at://{ME}/{collection}/{key}", "cid": f"{CID}abc"})

    async def _delete(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.records.pop((given["collection"], given["rkey"]), None)
        return web.json_response({})

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=picture(request.match_info["name"]), content_type="image/png")


def _shown(view: dict[str, Any]) -> dict[str, Any]:
    """A post as others are shown it."""
    return {**_labelled(view), "author": _basic(view["author"])}


def _basic(profile: dict[str, Any]) -> dict[str, Any]:
    """An account beside its posts: what it says of itself is told of its profile alone."""
    return {key: each for key, each in _labelled(profile).items() if key != "description"}


def _labelled(thing: dict[str, Any]) -> dict[str, Any]:
    """With labels as they are told: who gave each, to what, and when."""
    of = thing["uri"] if "uri" in thing else thing["did"]
    given = {"src": LABELLER, "uri": of, "cts": "2026-01-01T00:00:00.000Z"}
    return {**thing, "labels": [{**given, **each} for each in thing["labels"]]}


@asynccontextmanager
async def serving(bluesky: FakeBluesky) -> AsyncIterator[str]:
    """The fake, listening in this loop; its address."""
    runner = web.AppRunner(bluesky.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bluesky.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield bluesky.origin
    finally:
        await runner.cleanup()
