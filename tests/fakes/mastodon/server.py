"""The loopback server: what there is, every request, and how it is served.

Its answers were held against the types of Mastodon.py 2.3.
"""

import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.runtime.clock import Clock
from tests.fakes.reddit.faults import Fault, Handler
from tests.fakes.reddit.world import picture

ME, TOKEN = "peoria", "token-of-mastodon"
MY_ID = "7"


class FakeMastodon:
    """The part of Mastodon's API that Peoria uses. Time is the test's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin = ""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.token = TOKEN
        #: Whether it is older than 4.3, which tells of several statuses at once.
        self.is_old = False
        self.accounts: dict[str, dict[str, Any]] = {}
        self.statuses: dict[str, dict[str, Any]] = {}
        self.notifications: list[dict[str, Any]] = []
        self.lists: dict[str, set[str]] = {}
        self._keys: dict[str, str] = {}
        self._ids = iter(range(110_000, 10**6))
        self.person(ME, MY_ID)

    def fail(self, path: str, **fault: Any) -> None:
        """The next requests to ``path`` go wrong."""
        self.faults.append(Fault(path, **fault))

    def person(self, name: str, account_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """An account, made when it is named first; what is given changes it."""
        if name not in self.accounts:
            self.accounts[name] = {
                "id": account_id or str(next(self._ids)),
                "acct": name,
                "username": name.partition("@")[0],
                "display_name": name.title(),
                "created_at": "2024-01-01T00:00:00.000Z",
                "url": f"https://mastodon.social/@{name}",
                "uri": f"https://mastodon.social/users/{name}",
                "bot": False,
                "group": False,
                "locked": False,
                "indexable": True,
                "hide_collections": None,
                "note": "<p>I like cats</p>",
                "fields": [],
                "emojis": [],
                **dict.fromkeys(("followers_count", "following_count", "statuses_count"), 3),
                **dict.fromkeys(("avatar", "avatar_static"), f"{self.origin}/img/avatar.png"),
                **dict.fromkeys(("header", "header_static"), f"{self.origin}/img/header.png"),
            }
        self.accounts[name].update(changes)
        return self.accounts[name]

    def post(self, text: str = "A title", *, author: str = "ann", **changes: Any) -> dict[str, Any]:
        """Somebody posts an image with the hashtag ``#cats``; its status."""
        return self.write(f"{text} #cats", author=author, images=1, **changes)

    def write(
        self, text: str, *, author: str = "bob", above: str | None = None, images: int = 0,
        **changes: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Somebody writes; we are notified of who names us with ``@peoria``."""
        status_id = str(next(self._ids))
        address = f"{self.origin}/img/{status_id}"
        status: dict[str, Any] = {
            "id": status_id,
            "uri": f"https://mastodon.social/users/{author}/statuses/{status_id}",
            "created_at": self.clock().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "edited_at": None,
            "in_reply_to_id": above,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "url": f"https://mastodon.social/@{author}/{status_id}",
            "content": f"<p>{html.escape(text)}</p>",
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "quotes_count": 0,
            "emojis": [],
            "reblog": None,
            "account": self.person(author),
            "mentions": [self._mention()] if f"@{ME}" in text else [],
            "media_attachments": [
                {
                    "id": f"{status_id}{n}",
                    "type": "image",
                    "url": f"{address}-{n}.png",
                    "preview_url": f"{address}-{n}s.png",
                    "remote_url": None,
                    "meta": {},
                    "description": None,
                    "blurhash": None,
                }
                for n in range(images)
            ],
            "tags": [_tag(each[1:]) for each in text.lower().split() if each[0] == "#"],
            **changes,
        }
        self.statuses[status_id] = status
        if f"@{ME}" in text and author != ME:
            made_at = status["created_at"]
            about = {"type": "mention", "created_at": made_at, "status": status}
            key = str(next(self._ids))
            by = {"account": status["account"], "group_key": f"ungrouped-{key}"}
            self.notifications.append({"id": key, **about, **by})
        return status

    def _mention(self) -> dict[str, Any]:
        """How a status names us."""
        return {key: self.accounts[ME][key] for key in ("id", "acct", "username", "url")}

    def own(self, above: str) -> list[dict[str, Any]]:
        """Our answers to a status."""
        return [
            each
            for each in self.statuses.values()
            if each["in_reply_to_id"] == above and each["account"]["id"] == MY_ID
        ]

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._fail])
        api = "/api/v1"
        app.add_routes(
            [
                web.get(f"{api}/accounts/verify_credentials", self._me),
                web.patch(f"{api}/accounts/update_credentials", self._update),
                web.get(f"{api}/accounts/lookup", self._lookup),
                web.get(f"{api}/accounts/{{id}}/statuses", self._of_account),
                web.get(f"{api}/timelines/tag/{{tag}}", self._tag),
                web.get(f"{api}/timelines/list/{{id}}", self._list),
                web.get(f"{api}/statuses", self._many),
                web.post(f"{api}/statuses", self._write),
                web.get(f"{api}/statuses/{{id}}", self._status),
                web.put(f"{api}/statuses/{{id}}", self._edit),
                web.delete(f"{api}/statuses/{{id}}", self._delete),
                web.get(f"{api}/statuses/{{id}}/context", self._context),
                web.get(f"{api}/notifications", self._notifications),
                web.get("/img/{name}.png", self._image),
            ]
        )
        return app

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        for fault in self.faults:
            if fault.path in f"{request.method} {request.path}" and fault.times > 0:
                fault.times -= 1
                return await fault.answer(request, handler)
        if request.path.startswith("/api/") and request.headers["Accept"] != "application/json":
            return web.Response(text="<html>", content_type="text/html")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path.startswith("/api/") and token != self.token:
            return web.json_response({"error": "The access token is invalid"}, status=401)
        return await handler(request)

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self.accounts[ME])

    async def _update(self, request: web.Request) -> web.Response:
        self.accounts[ME]["bot"] = (await request.json())["bot"]
        return web.json_response(self.accounts[ME])

    async def _lookup(self, request: web.Request) -> web.Response:
        return _shown(self.accounts.get(request.query["acct"]))

    async def _of_account(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        return self._page(
            request, [each for each in self.statuses.values() if each["account"]["id"] == wanted]
        )

    async def _tag(self, request: web.Request) -> web.Response:
        assert request.query["only_media"] == "true"
        tag = _tag(request.match_info["tag"])
        found = [each for each in self.statuses.values() if tag in each["tags"]]
        return self._page(request, [each for each in found if each["media_attachments"]])

    async def _list(self, request: web.Request) -> web.Response:
        members = self.lists.get(request.match_info["id"])
        if members is None:
            return _shown(None)
        return self._page(
            request, [each for each in self.statuses.values() if each["account"]["acct"] in members]
        )

    async def _many(self, request: web.Request) -> web.Response:
        if self.is_old:
            return _shown(None)
        ids = request.query.getall("id[]")
        assert len(ids) <= 20
        return web.json_response([self.statuses[each] for each in ids if each in self.statuses])

    async def _status(self, request: web.Request) -> web.Response:
        return _shown(self.statuses.get(request.match_info["id"]))

    async def _write(self, request: web.Request) -> web.Response:
        given, key = await request.json(), request.headers["Idempotency-Key"]
        if key in self._keys:
            return web.json_response(self.statuses[self._keys[key]])
        if given["in_reply_to_id"] not in self.statuses:
            return _shown(None)
        if len(given["status"]) > 500:
            return web.json_response({"error": "Validation failed: too long"}, status=422)
        above, how = given["in_reply_to_id"], given["visibility"]
        spoken = given["language"]
        made = self.write(given["status"], author=ME, above=above, visibility=how, language=spoken)
        self._keys[key] = made["id"]
        return web.json_response(made)

    async def _edit(self, request: web.Request) -> web.Response:
        found = self.statuses.get(request.match_info["id"])
        if found is not None:
            edited(found, (await request.json())["status"], self.clock())
        return _shown(found)

    async def _delete(self, request: web.Request) -> web.Response:
        return _shown(self.statuses.pop(request.match_info["id"], None))

    async def _context(self, request: web.Request) -> web.Response:
        above = request.match_info["id"]
        below = [each for each in self.statuses.values() if each["in_reply_to_id"] == above]
        return web.json_response({"ancestors": [], "descendants": below})

    async def _notifications(self, request: web.Request) -> web.Response:
        assert request.query.getall("types[]") == ["mention"]
        return self._page(request, self.notifications)

    def _page(self, request: web.Request, found: Sequence[dict[str, Any]]) -> web.Response:
        limit, before = int(request.query["limit"]), request.query.get("max_id")
        assert limit <= 40
        older = [each for each in found if before is None or int(each["id"]) < int(before)]
        newest = sorted(older, key=lambda each: int(each["id"]), reverse=True)
        return web.json_response(newest[:limit])

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=picture(request.match_info["name"]), content_type="image/png")


def _tag(name: str) -> dict[str, Any]:
    return {"name": name, "url": f"https://mastodon.social/tags/{name}"}


def _shown(found: dict[str, Any] | None) -> web.Response:
    if found is None:
        return web.json_response({"error": "Record not found"}, status=404)
    return web.json_response(found)


def edited(status: dict[str, Any], text: str, at: datetime) -> None:
    """Somebody edits a status."""
    status["content"] = f"<p>{html.escape(text)}</p>"
    status["edited_at"] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@asynccontextmanager
async def serving(mastodon: FakeMastodon) -> AsyncIterator[str]:
    """The fake, listening in this loop; its address."""
    runner = web.AppRunner(mastodon.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    mastodon.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield mastodon.origin
    finally:
        await runner.cleanup()
