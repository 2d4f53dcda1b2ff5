"""The loopback instance: what there is, every request, and how it is served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.runtime.clock import Clock
from tests.fakes.reddit.faults import Fault, Handler
from tests.fakes.reddit.world import picture

ME, PASSWORD = "peoria", "hunter2-lemmy"
MY_ID = 7


class FakeLemmy:
    """The part of Lemmy's API that Peoria uses. Time is the test's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin = ""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.password = PASSWORD
        self.is_bot = False
        #: Communities by name@host: whether we are banned there.
        self.communities: dict[str, bool] = {"memes@lemmy.world": False}
        self.posts: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.replies: list[dict[str, Any]] = []
        self.mentions: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self._ids = iter(range(100, 10**6))

    def fail(self, path: str, **fault: Any) -> None:
        """The next requests to ``path`` go wrong."""
        self.faults.append(Fault(path, **fault))

    def now(self) -> str:
        """As Lemmy 0.19 writes it."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def person(self, name: str, person_id: int = 1) -> dict[str, Any]:
        actor = f"https://lemmy.world/u/{name}"
        return {
            "id": person_id,
            "name": name,
            "actor_id": actor,
            "deleted": False,
            "bot_account": False,
        }

    def post(
        self, title: str = "A title", *, author: str = "ann", **changes: Any
    ) -> dict[str, Any]:
        """Somebody posts an image; its view."""
        post_id = next(self._ids)
        view = {
            "post": {
                "id": post_id,
                "name": title,
                "url": f"{self.origin}/img/{post_id}.png",
                "url_content_type": "image/png",
                "creator_id": 1,
                "community_id": 3,
                "removed": False,
                "locked": False,
                "deleted": False,
                "nsfw": False,
                "featured_community": False,
                "featured_local": False,
                "published": self.now(),
                "ap_id": f"https://lemmy.world/post/{post_id}",
                **changes,
            },
            "creator": self.person(author),
            "community": {"id": 3, "name": "memes", "nsfw": False},
            "counts": {"score": 1, "upvotes": 1, "downvotes": 0, "comments": 0},
        }
        self.posts[post_id] = view
        return view

    def write(
        self, post_id: int, content: str, *, author: str = "bob", parent: int | None = None
    ) -> dict[str, Any]:
        """Somebody, or the account itself, comments; its view."""
        comment_id = next(self._ids)
        above = "0" if parent is None else self.comments[parent]["comment"]["path"]
        mine = author == ME
        view = {
            "comment": {
                "id": comment_id,
                "creator_id": MY_ID if mine else 1,
                "post_id": post_id,
                "content": content,
                "removed": False,
                "deleted": False,
                "published": self.now(),
                "path": f"{above}.{comment_id}",
            },
            "creator": self.person(author, MY_ID if mine else 1),
            "post": self.posts[post_id]["post"],
            "counts": {"score": 1},
        }
        self.comments[comment_id] = view
        return view

    def own(self, post_id: int) -> list[dict[str, Any]]:
        """The account's comments that people see under a post."""
        return [
            view["comment"]
            for view in self.comments.values()
            if view["comment"]["post_id"] == post_id
            and view["comment"]["creator_id"] == MY_ID
            and not view["comment"]["deleted"]
        ]

    def delete(self, view: dict[str, Any]) -> None:
        """The author deletes a post: nobody else sees it any more."""
        view["post"]["deleted"] = True

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._fail])
        api = "/api/v3"
        app.add_routes(
            [
                web.post(f"{api}/user/login", self._login),
                web.get(f"{api}/site", self._site),
                web.put(f"{api}/user/save_user_settings", self._settings),
                web.get(f"{api}/community", self._community),
                web.get(f"{api}/post/list", self._list),
                web.get(f"{api}/post", self._post),
                web.get(f"{api}/comment/list", self._comments),
                web.post(f"{api}/comment", self._comment),
                web.put(f"{api}/comment", self._edit),
                web.post(f"{api}/comment/delete", self._delete),
                web.get(f"{api}/user/replies", self._replies),
                web.get(f"{api}/user/mention", self._mentions),
                web.get(f"{api}/private_message/list", self._private),
                web.get("/img/{name}.png", self._image),
            ]
        )
        return app

    @web.middleware
    async def _fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        for fault in self.faults:
            if fault.path in request.path and fault.times > 0:
                fault.times -= 1
                return await fault.answer(request, handler)
        free = request.path.startswith("/img/") or request.path.endswith("/login")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not free and token not in self.tokens:
            return web.json_response({"error": "not_logged_in"}, status=401)
        return await handler(request)

    async def _login(self, request: web.Request) -> web.Response:
        given = await request.json()
        if given != {"username_or_email": ME, "password": self.password}:
            return web.json_response({"error": "incorrect_login"}, status=401)
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        return web.json_response({"jwt": token, "registration_created": False})

    async def _site(self, request: web.Request) -> web.Response:
        person = {**self.person(ME, MY_ID), "bot_account": self.is_bot}
        return web.json_response({"my_user": {"local_user_view": {"person": person}}})

    async def _settings(self, request: web.Request) -> web.Response:
        self.is_bot = (await request.json())["bot_account"]
        return web.json_response({"success": True})

    async def _community(self, request: web.Request) -> web.Response:
        name = request.query["name"]
        if name not in self.communities:
            return web.json_response({"error": "couldnt_find_community"}, status=404)
        view = {
            "community": {"id": 3, "name": name.partition("@")[0], "removed": False},
            "banned_from_community": self.communities[name],
        }
        return web.json_response({"community_view": view})

    async def _list(self, request: web.Request) -> web.Response:
        if request.query["community_name"] not in self.communities:
            return web.json_response({"error": "couldnt_find_community"}, status=404)
        assert request.query["sort"] == "New"
        limit, page = int(request.query["limit"]), int(request.query["page"])
        assert limit <= 50
        seen = [view for view in self.posts.values() if not view["post"]["deleted"]][::-1]
        # Pinned ones come first, whatever is asked for.
        seen.sort(key=lambda view: not view["post"]["featured_community"])
        return web.json_response({"posts": seen[(page - 1) * limit : page * limit]})

    async def _post(self, request: web.Request) -> web.Response:
        view = self.posts.get(int(request.query["id"]))
        if view is None or view["post"]["deleted"] or view["post"]["removed"]:
            return web.json_response({"error": "couldnt_find_post"}, status=404)
        return web.json_response({"post_view": view})

    async def _comments(self, request: web.Request) -> web.Response:
        if "community_name" in request.query:
            return web.json_response({"comments": _page(request, [*self.comments.values()])})
        wanted, parent = int(request.query["post_id"]), request.query.get("parent_id")
        above = "0" if parent is None else self.comments[int(parent)]["comment"]["path"]
        # As Lemmy counts: the comment that is named is shown as well, and so many levels below it.
        deepest = above.count(".") + int(request.query["max_depth"])
        found = [
            view
            for view in self.comments.values()
            if view["comment"]["post_id"] == wanted
            and f"{view['comment']['path']}.".startswith(f"{above}.")
            and view["comment"]["path"].count(".") <= deepest
        ]
        return web.json_response({"comments": found[::-1]})

    async def _comment(self, request: web.Request) -> web.Response:
        given = await request.json()
        post = self.posts.get(given["post_id"])
        if post is None or post["post"]["deleted"]:
            return web.json_response({"error": "couldnt_find_post"}, status=404)
        if any(self.communities.values()):
            return web.json_response({"error": "banned_from_community"}, status=400)
        if post["post"]["locked"]:
            return web.json_response({"error": "locked"}, status=400)
        view = self.write(
            given["post_id"], given["content"], author=ME, parent=given.get("parent_id")
        )
        return web.json_response({"comment_view": view})

    async def _edit(self, request: web.Request) -> web.Response:
        given = await request.json()
        view = self.comments[given["comment_id"]]
        view["comment"]["content"] = given["content"]
        return web.json_response({"comment_view": view})

    async def _delete(self, request: web.Request) -> web.Response:
        given = await request.json()
        view = self.comments[given["comment_id"]]
        view["comment"]["deleted"] = given["deleted"]
        return web.json_response({"comment_view": view})

    async def _replies(self, request: web.Request) -> web.Response:
        return web.json_response({"replies": _page(request, self.replies)})

    async def _mentions(self, request: web.Request) -> web.Response:
        return web.json_response({"mentions": _page(request, self.mentions)})

    async def _private(self, request: web.Request) -> web.Response:
        return web.json_response({"private_messages": _page(request, self.messages)})

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=picture(request.match_info["name"]), content_type="image/png")


def _page(request: web.Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The page that is asked for, the newest first."""
    limit, page = int(request.query["limit"]), int(request.query["page"])
    return found[::-1][(page - 1) * limit : page * limit]


@asynccontextmanager
async def serving(lemmy: FakeLemmy) -> AsyncIterator[str]:
    """The fake, listening in this loop; its address."""
    runner = web.AppRunner(lemmy.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    lemmy.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield lemmy.origin
    finally:
        await runner.cleanup()
