"""What moderators have on the loopback Reddit: a wiki, modmail, flair, posts at the top."""

from datetime import UTC
from typing import Any

from aiohttp import web

from tests.fakes.reddit.world import ME, FakeWorld


class Moderation(FakeWorld):
    """The part of Reddit's API that is about moderating."""

    #: Pages of wikis, by subreddit (small letters) and name: text, revision, author.
    wiki: dict[tuple[str, str], dict[str, Any]]

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.wiki = {}
        #: Moderators of subreddits, and what each may do.
        self.moderators: dict[str, dict[str, list[str]]] = {}
        self.conversations: dict[str, dict[str, Any]] = {}
        #: Private messages of the account: to whom, subject, text.
        self.sent: list[dict[str, Any]] = []
        self.user_flairs: dict[tuple[str, str], str] = {}
        self.stickies: list[str] = []

    def moderation_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/r/{name}/about/moderators", self._moderators),
            web.get("/r/{name}/wiki/{page:.+}", self._wiki_page),
            web.post("/r/{name}/api/wiki/edit", self._edit_wiki),
            web.get("/api/mod/conversations", self._conversations),
            web.post("/api/mod/conversations", self._begin),
            web.get("/api/mod/conversations/{id}", self._conversation),
            web.post("/api/mod/conversations/{id}", self._answer),
            web.post("/api/compose", self._compose),
            web.get("/message/sent", self._sent),
            web.post("/api/submit", self._submit),
            web.post("/api/set_subreddit_sticky", self._sticky),
            web.get("/r/{name}/api/flairlist", self._flairs),
            web.post("/r/{name}/api/flair", self._flair),
        ]

    def write_wiki(
        self, subreddit: str, text: str, author: str = "mod", page: str = "peoria"
    ) -> None:
        """Somebody saves a page of a wiki."""
        self.wiki[subreddit.lower(), page] = {
            "content_md": text,
            "revision_id": f"revision-{self.new_id()}",
            "revision_date": self.clock().timestamp(),
            "revision_by": {"kind": "t2", "data": {"name": author}},
            "may_revise": True,
        }

    def make_moderator(self, subreddit: str, name: str, *permissions: str) -> None:
        self.moderators.setdefault(subreddit.lower(), {})[name] = [*permissions] or ["all"]

    def modmail(
        self,
        subreddit: str,
        author: str,
        body: str,
        *,
        subject: str = "Peoria",
        to: str | None = None,
        internal: bool = False,
    ) -> str:
        """Somebody writes to the moderators, or (``to``) into a conversation; its id."""
        conversation = to or self.new_id()
        made = self.conversations.setdefault(
            conversation,
            {
                "id": conversation,
                "subject": subject,
                "owner": {"displayName": subreddit, "type": "subreddit", "id": "t5_x"},
                "messages": {},
            },
        )
        message_id, at = self.new_id(), self.clock().astimezone(UTC).isoformat()
        made["lastUpdated"] = at
        made["messages"][message_id] = {
            "id": message_id,
            "bodyMarkdown": body,
            "author": {
                "name": author,
                "isMod": author in self.moderators.get(subreddit.lower(), {}),
                "isDeleted": False,
            },
            "date": at,
            "isInternal": internal,
        }
        return conversation

    def modmail_of(self, author: str = ME) -> list[str]:
        """What somebody wrote to moderators, the oldest first."""
        return [
            message["bodyMarkdown"]
            for conversation in self.conversations.values()
            for message in conversation["messages"].values()
            if message["author"]["name"] == author
        ]

    async def _moderators(self, request: web.Request) -> web.Response:
        place = self.moderators.get(request.match_info["name"].lower(), {})
        children = [
            {"name": name, "mod_permissions": may, "id": f"t2_{name}"}
            for name, may in place.items()
        ]
        return web.json_response({"kind": "UserList", "data": {"children": children}})

    async def _wiki_page(self, request: web.Request) -> web.Response:
        key = request.match_info["name"].lower(), request.match_info["page"]
        page = self.wiki.get(key)
        if page is None:
            return web.json_response(
                {"reason": "PAGE_NOT_CREATED", "message": "Not Found"}, status=404
            )
        return web.json_response({"kind": "wikipage", "data": page})

    async def _edit_wiki(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.write_wiki(request.match_info["name"], str(form["content"]), ME, str(form["page"]))
        return web.json_response({})

    async def _conversations(self, request: web.Request) -> web.Response:
        mine = {
            name: {key: value for key, value in each.items() if key != "messages"}
            for name, each in self.conversations.items()
            if ME in self.moderators.get(each["owner"]["displayName"].lower(), {})
        }
        newest = dict(sorted(mine.items(), key=lambda item: item[1]["lastUpdated"], reverse=True))
        return web.json_response({"conversations": newest, "conversationIds": [*newest]})

    async def _conversation(self, request: web.Request) -> web.Response:
        each = self.conversations[request.match_info["id"]]
        head = {key: value for key, value in each.items() if key != "messages"}
        return web.json_response({"conversation": head, "messages": each["messages"]})

    async def _begin(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.modmail(str(form["srName"]), ME, str(form["body"]), subject=str(form["subject"]))
        return web.json_response({})

    async def _answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        each = self.conversations[request.match_info["id"]]
        internal = form.get("isInternal") == "true"
        place = each["owner"]["displayName"]
        self.modmail(place, ME, str(form["body"]), to=each["id"], internal=internal)
        return web.json_response({})

    async def _compose(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.sent.insert(
            0,
            {
                "name": f"t4_{self.new_id()}",
                "dest": str(form["to"]),
                "subject": str(form["subject"]),
                "body": str(form["text"]),
                "created_utc": self.clock().timestamp(),
            },
        )
        return web.json_response({"json": {"errors": []}})

    async def _sent(self, request: web.Request) -> web.Response:
        children = [{"kind": "t4", "data": each} for each in self.sent]
        return web.json_response({"kind": "Listing", "data": {"children": children, "after": None}})

    async def _submit(self, request: web.Request) -> web.Response:
        form = await request.post()
        made = self.post(
            str(form["sr"]), str(form["title"]), author=ME, is_self=True, post_hint=None,
            selftext=str(form["text"]), url_overridden_by_dest="", preview=None,
        )  # fmt: skip
        return web.json_response(
            {"json": {"errors": [], "data": {"id": made["id"], "name": made["name"]}}}
        )

    async def _sticky(self, request: web.Request) -> web.Response:
        form = await request.post()
        name, state = str(form["id"]), form["state"] == "true"
        self.things[name]["stickied"] = state
        self.stickies = [each for each in self.stickies if each != name] + [name] * state
        return web.json_response({"json": {"errors": []}})

    async def _flairs(self, request: web.Request) -> web.Response:
        place, name = request.match_info["name"].lower(), request.query["name"]
        text = self.user_flairs.get((place, name))
        users = [{"user": name, "flair_text": text, "flair_css_class": None}]
        return web.json_response({"users": users})

    async def _flair(self, request: web.Request) -> web.Response:
        form = await request.post()
        if "link" in form:
            self.things[str(form["link"])]["link_flair_text"] = str(form["text"])
        else:
            key = request.match_info["name"].lower(), str(form["name"])
            self.user_flairs[key] = str(form["text"])
        return web.json_response({"json": {"errors": []}})
