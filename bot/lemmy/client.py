"""What the bot asks of a Lemmy instance: one coroutine for each endpoint, plain data as the answer.

aiohttp is used rather than a client library: pythorhead, the one that is kept up, is not
asynchronous, gives up after three seconds, and answers None whatever went wrong, so that nobody
could tell a post that is gone from an instance that is away. Endpoints and shapes are those of
version 3 of Lemmy's API (https://join-lemmy.org/api), which Lemmy 0.19 serves.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.networks.errors import CredentialsRefused, NetworkRefusal, Refused
from bot.networks.json_http import JsonHttp, objects
from bot.runtime.clock import Clock

#: Things in a page: as many as Lemmy gives.
PAGE = 50
_REFUSED_LOGIN = ("incorrect_login", "couldnt_find_that_username_or_email", "missing_totp_token")
#: What an instance says to who has no token yet.
_SIGNED_UP = frozenset({"registration_created", "verify_email_sent"})
_TOO_FAST = "rate_limit_error"
_SIGN_IN_AGAIN = ("not_logged_in", "incorrect_login")

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are on an instance."""

    instance: str
    username: str
    password: str = field(repr=False)

    @property
    def home(self) -> str:
        """Address of the server that they are for."""
        return self.instance


class LemmyClient:
    """Reads and writes on an instance, one request at a time.

    Every method raises `PlatformUnavailable` when the instance cannot be asked now (it says when to
    try again), `CredentialsRefused` when it does not accept who we are, and `NetworkRefusal` when
    it is this one thing that it refuses.

    Args:
        agent: how we call ourselves.
        before_writing: called right before each request that changes something there.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        agent: str,
        clock: Clock,
        before_writing: Callable[[], None] = lambda: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._credentials = credentials
        self._http = JsonHttp("Lemmy", agent=agent, clock=clock, jitter=jitter)
        #: Called right before each request that changes something there.
        self.before_writing = before_writing
        self._token: str | None = None
        self._me: Item | None = None

    @property
    def requests(self) -> int:
        """Requests that were tried since the start."""
        return self._http.requests

    def sign_in_anew(self, credentials: Credentials) -> None:
        """Use these credentials from the next request on."""
        self._credentials = credentials
        self._token = self._me = None
        self._http.begin_anew()

    async def me(self) -> Item:
        """The account that we are: ``id``, ``name``, ``actor_id``, ``bot_account``."""
        if self._me is None:
            answer = await self._get("site")
            user = answer.get("my_user")
            view = user.get("local_user_view") if isinstance(user, dict) else None
            person = view.get("person") if isinstance(view, dict) else None
            if not isinstance(person, dict) or not isinstance(person.get("id"), int):
                raise self._http.failed("the instance did not say which account this is")
            self._me = person
        return self._me

    async def mark_as_bot(self) -> None:
        """Mark the account as a bot, as instances ask for; it is shown beside its name."""
        await self._send("PUT", "user/save_user_settings", {"bot_account": True})
        self._me = None

    async def community(self, name: str) -> Item:
        """A community, and whether we are banned there."""
        return _dict(await self._get("community", name=name), "community_view")

    async def posts(self, community: str, page: int = 1) -> Sequence[Item]:
        """The newest posts of a community."""
        answer = await self._get(
            "post/list", community_name=community, sort="New", limit=PAGE, page=page
        )
        return _items(answer, "posts")

    async def post(self, post_id: int) -> Item:
        """One post."""
        return _dict(await self._get("post", id=post_id), "post_view")

    async def comments(self, post_id: int, parent: int | None = None) -> Sequence[Item]:
        """The newest comments right under a post, or (``parent``) under one of its comments."""
        under: dict[str, int] = {} if parent is None else {"parent_id": parent}
        answer = await self._get(
            "comment/list",
            post_id=post_id,
            sort="New",
            limit=PAGE,
            max_depth=1,
            type_="All",
            **under,
        )
        return _items(answer, "comments")

    async def comment(self, post_id: int, text: str, parent: int | None = None) -> int:
        """Comment on a post or a comment; returns the new comment's id.

        Sent once. When it raises `PlatformUnavailable` the comment may be there all the same.
        """
        given: dict[str, Any] = {"post_id": post_id, "content": text}
        if parent is not None:
            given["parent_id"] = parent
        view = _dict(await self._send("POST", "comment", given), "comment_view")
        made = view.get("comment")
        if not isinstance(made, dict) or not isinstance(made.get("id"), int):
            raise self._http.failed("the instance took a comment and did not say which one it is")
        return int(made["id"])

    async def edit(self, comment_id: int, text: str) -> None:
        """Change the text of an own comment."""
        await self._send("PUT", "comment", {"comment_id": comment_id, "content": text})

    async def delete(self, comment_id: int) -> None:
        """Delete an own comment."""
        await self._send("POST", "comment/delete", {"comment_id": comment_id, "deleted": True})

    async def community_comments(self, community: str, page: int = 1) -> Sequence[Item]:
        """The newest comments in a community."""
        answer = await self._get(
            "comment/list",
            community_name=community,
            sort="New",
            limit=PAGE,
            page=page,
            type_="All",
        )
        return _items(answer, "comments")

    async def replies(self, page: int = 1) -> Sequence[Item]:
        """The newest replies to our comments."""
        answer = await self._get(
            "user/replies", sort="New", limit=PAGE, page=page, unread_only="false"
        )
        return _items(answer, "replies")

    async def mentions(self, page: int = 1) -> Sequence[Item]:
        """The newest comments that name us."""
        answer = await self._get(
            "user/mention", sort="New", limit=PAGE, page=page, unread_only="false"
        )
        return _items(answer, "mentions")

    async def messages(self, page: int = 1) -> Sequence[Item]:
        """The newest private messages."""
        answer = await self._get("private_message/list", limit=PAGE, page=page, unread_only="false")
        return _items(answer, "private_messages")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _get(self, path: str, **params: str | int) -> Item:
        return await self._ask("GET", path, params=params)

    async def _send(self, method: str, path: str, given: Mapping[str, Any]) -> Item:
        return await self._ask(method, path, given=given)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item:
        async with self._http.turn:
            self._http.check_wait()
            if self._token is None:
                await self._sign_in()
            try:
                return await self._request(method, path, params=params, given=given)
            except NetworkRefusal as refusal:
                if refusal.status != 401 and refusal.code not in _SIGN_IN_AGAIN:
                    raise
            # A token ends when its password is changed, or the instance is set up anew.
            await self._sign_in()
            return await self._request(method, path, params=params, given=given)

    async def _sign_in(self) -> None:
        who = self._credentials
        self._token = None
        try:
            answer = await self._request(
                "POST",
                "user/login",
                given={"username_or_email": who.username, "password": who.password},
            )
        except NetworkRefusal as refusal:
            if refusal.status in (400, 401, 403) or refusal.code in _REFUSED_LOGIN:
                raise CredentialsRefused(
                    f"{who.instance} does not let {who.username} in ({refusal.code}): type"
                    " the account in on the page /admin/setup, or set PEORIA_LEMMY_USERNAME and"
                    " PEORIA_LEMMY_PASSWORD. Two-factor authentication"
                    " must be off for the bot's account."
                ) from refusal
            raise
        token = answer.get("jwt")
        if token is None and not _SIGNED_UP & answer.keys():
            raise self._http.failed("Lemmy's answer to signing in makes no sense")
        if not isinstance(token, str) or not token:
            raise CredentialsRefused(
                f"{who.instance} gives {who.username} no token: its address may have to be"
                " confirmed, or its registration approved."
            )
        self._token = token

    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item:
        if method != "GET" and path != "user/login":
            self.before_writing()
        answer = await self._http.request(
            method,
            f"{self._credentials.instance}/api/v3/{path}",
            params=[*(params or {}).items()],
            given=given,
            headers={} if self._token is None else {"Authorization": f"Bearer {self._token}"},
            asks_to_wait=lambda said: isinstance(said, dict) and said.get("error") == _TOO_FAST,
        )
        code = answer.object.get("error")
        if answer.status >= 400 or isinstance(code, str):
            raise _refusal(str(code or "refused")[:80], answer.status)
        return answer.object


def _refusal(code: str, status: int) -> NetworkRefusal:
    why = Refused.OTHER
    if status == 404 or code.startswith(("couldnt_find", "not_found")):
        why = Refused.ABSENT
    elif "ban" in code:
        why = Refused.BANNED
    elif code == "locked":
        why = Refused.LOCKED
    return NetworkRefusal(code, status, why)


def _dict(answer: Item, key: str) -> Item:
    found = answer.get(key)
    return found if isinstance(found, dict) else {}


def _items(answer: Item, key: str) -> Sequence[Item]:
    return objects(answer.get(key))
