"""What the bot asks of Bluesky: one coroutine for each endpoint, plain data as answers.

Endpoints and shapes are those of the lexicons (https://docs.bsky.app/docs/api/), asked through the
account's own server, which hands on what is not its own.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.networks.errors import CredentialsRefused, NetworkRefusal, Refused
from bot.networks.json_http import Answer, JsonHttp, Params, objects
from bot.runtime.clock import Clock

#: Things in a page, and posts or profiles in one request: as many as Bluesky gives.
PAGE, AT_ONCE = 100, 25
POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
_OLD_TOKEN = frozenset({"ExpiredToken", "InvalidToken"})
_ABSENT = frozenset({"NotFound", "RecordNotFound", "UnknownFeed", "UnknownList"})

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, and where."""

    service: str
    handle: str
    password: str = field(repr=False)

    @property
    def home(self) -> str:
        """Address of the server that they are for."""
        return self.service


@dataclass(frozen=True, slots=True)
class Session:
    """What signing in gives: our permanent id, and a token of two hours."""

    did: str
    token: str = field(repr=False)


class BlueskyClient:
    """Reads and writes as one account, one request at a time.

    Every method raises `PlatformUnavailable` when Bluesky cannot be asked now (it says when to try
    again), `CredentialsRefused` when it does not accept who we are, and `NetworkRefusal` when it is
    this one thing that it refuses.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        agent: str,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._credentials = credentials
        self._http = JsonHttp("Bluesky", agent=agent, clock=clock, jitter=jitter)
        #: Called right before each request that changes something there.
        self.before_writing: Callable[[], None] = lambda: None
        self._session: Session | None = None

    def sign_in_anew(self, credentials: Credentials) -> None:
        """Use these credentials from the next request on."""
        self._credentials = credentials
        self._session = None
        self._http.begin_anew()

    async def did(self) -> str:
        """Our permanent id."""
        async with self._http.turn:
            self._http.check_wait()
            return (await self._signed_in()).did

    async def page(
        self, endpoint: str, key: str, cursor: str | None, params: Params
    ) -> tuple[Sequence[Item], str | None]:
        """A page of a listing, and where the next one begins.

        Args:
            key: what the listing is called in the answer.
        """
        after = [] if cursor is None else [("cursor", cursor)]
        found = (await self._ask("GET", endpoint, [("limit", PAGE), *params, *after])).object
        more = found.get("cursor")
        return objects(found.get(key)), more if isinstance(more, str) and more else None

    async def posts(self, uris: Sequence[str]) -> Mapping[str, Item]:
        """Posts by address; those that Bluesky does not show are left out."""
        answer = await self._ask("GET", "app.bsky.feed.getPosts", [("uris", each) for each in uris])
        return {str(each.get("uri")): each for each in objects(answer.object.get("posts"))}

    async def profiles(self, dids: Sequence[str]) -> Sequence[Item]:
        """Accounts, with what they say of themselves."""
        params = [("actors", each) for each in dids]
        answer = await self._ask("GET", "app.bsky.actor.getProfiles", params)
        return objects(answer.object.get("profiles"))

    async def record(self, collection: str, key: str) -> Item | None:
        """A record of our own; None: there is none."""
        did = await self.did()
        where = [("repo", did), ("collection", collection), ("rkey", key)]
        try:
            return (await self._ask("GET", "com.atproto.repo.getRecord", where)).object
        except NetworkRefusal as refusal:
            if refusal.why is Refused.ABSENT:
                return None
            raise

    async def put(self, collection: str, key: str, record: Item) -> str:
        """Write a record of our own, in place of one with the same key; its address."""
        did = await self.did()
        given = {"repo": did, "collection": collection, "rkey": key, "record": record}
        uri = (await self._ask("POST", "com.atproto.repo.putRecord", given=given)).object.get("uri")
        if not isinstance(uri, str):
            raise self._http.failed("Bluesky took a record and did not say which one it is")
        return uri

    async def delete(self, collection: str, key: str) -> None:
        """Delete a record of our own; no harm if it is gone already."""
        did = await self.did()
        given = {"repo": did, "collection": collection, "rkey": key}
        await self._ask("POST", "com.atproto.repo.deleteRecord", given=given)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _ask(
        self, method: str, endpoint: str, params: Params = (), given: Item | None = None
    ) -> Answer:
        async with self._http.turn:
            self._http.check_wait()
            if method != "GET":
                self.before_writing()
            session = await self._signed_in()
            try:
                return await self._request(method, endpoint, params, given, session.token)
            except NetworkRefusal as refusal:
                if refusal.status != 401 and refusal.code not in _OLD_TOKEN:
                    raise
            # A token is good for two hours.
            self._session = None
            session = await self._signed_in()
            return await self._request(method, endpoint, params, given, session.token)

    async def _signed_in(self) -> Session:
        if self._session is not None:
            return self._session
        who = self._credentials
        given = {"identifier": who.handle, "password": who.password}
        try:
            answer = await self._request("POST", "com.atproto.server.createSession", (), given, "")
        except NetworkRefusal as refusal:
            raise CredentialsRefused(
                f"{who.service} does not let {who.handle} in ({refusal.code}): type the"
                " account in on the page /admin/setup, or set PEORIA_BLUESKY_HANDLE and"
                " PEORIA_BLUESKY_PASSWORD. It wants an app password."
            ) from refusal
        did, token = answer.object.get("did"), answer.object.get("accessJwt")
        if not isinstance(did, str) or not isinstance(token, str):
            raise self._http.failed("Bluesky's answer to signing in makes no sense")
        self._session = Session(did, token)
        return self._session

    async def _request(
        self, method: str, endpoint: str, params: Params, given: Item | None, token: str
    ) -> Answer:
        answer = await self._http.request(
            method,
            f"{self._credentials.service}/xrpc/{endpoint}",
            params=params,
            given=given,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        if answer.status >= 400:
            said = answer.object.get("error")
            code = said[:80] if isinstance(said, str) and said else "refused"
            absent = code in _ABSENT or answer.status == 404
            raise NetworkRefusal(code, answer.status, Refused.ABSENT if absent else Refused.OTHER)
        return answer
