"""What the bot asks of a Mastodon server: one coroutine for each endpoint, plain data as answers.

Endpoints and shapes are those of https://docs.joinmastodon.org/methods/, which Pixelfed, Akkoma and
GoToSocial serve, too, as far as they are used here.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.networks.errors import CredentialsRefused, NetworkRefusal, Refused
from bot.networks.json_http import Answer, JsonHttp, Params
from bot.runtime.clock import Clock
from bot.texts.language import language

#: Things in a page, and statuses in one request: as many as Mastodon gives.
PAGE, AT_ONCE = 40, 20

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are on a server."""

    instance: str
    token: str = field(repr=False)

    @property
    def home(self) -> str:
        """Address of the server that they are for."""
        return self.instance


class MastodonClient:
    """Reads and writes on a server, one request at a time.

    Every method raises `PlatformUnavailable` when the server cannot be asked now (it says when to
    try again), `CredentialsRefused` when it does not accept who we are, and `NetworkRefusal` when
    it is this one thing that it refuses.
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
        self._http = JsonHttp("Mastodon", agent=agent, clock=clock, jitter=jitter)
        #: Called right before each request that changes something there.
        self.before_writing: Callable[[], None] = lambda: None
        self._me: Item | None = None
        #: Whether the server tells of several statuses in one request (Mastodon 4.3 and later).
        self._tells_many = True

    def sign_in_anew(self, credentials: Credentials) -> None:
        """Use these credentials from the next request on."""
        self._credentials = credentials
        self._me = None
        self._http.begin_anew()

    async def me(self) -> Item:
        """The account that we are."""
        if self._me is None:
            found = (await self._get("v1/accounts/verify_credentials")).object
            if not isinstance(found.get("id"), str) or not isinstance(found.get("url"), str):
                raise self._http.failed("the server did not say which account this is")
            self._me = found
        return self._me

    async def mark_as_bot(self) -> None:
        """Mark the account as automated, which is shown beside its name."""
        await self._send("PATCH", "v1/accounts/update_credentials", {"bot": True})
        self._me = None

    async def hashtag(self, name: str, max_id: str | None) -> Sequence[Item]:
        """The newest statuses with a hashtag that hold media."""
        return await self._statuses(f"v1/timelines/tag/{name}", max_id, [("only_media", "true")])

    async def list(self, list_id: str, max_id: str | None) -> Sequence[Item]:
        """The newest statuses of the accounts in a list of ours."""
        return await self._statuses(f"v1/timelines/list/{list_id}", max_id, [])

    async def account(self, name: str) -> Item:
        """An account by its address without the first ``@``."""
        return (await self._get("v1/accounts/lookup", [("acct", name)])).object

    async def of_account(self, account_id: str, max_id: str | None) -> Sequence[Item]:
        """The newest statuses of an account that hold media."""
        only = [("only_media", "true"), ("exclude_replies", "true"), ("exclude_reblogs", "true")]
        return await self._statuses(f"v1/accounts/{account_id}/statuses", max_id, only)

    async def status(self, status_id: str) -> Item:
        """One status."""
        return (await self._get(f"v1/statuses/{status_id}")).object

    async def statuses(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Statuses by id; those that the server does not show are left out."""
        if self._tells_many:
            try:
                answer = await self._get("v1/statuses", [("id[]", each) for each in ids])
                return {str(each.get("id")): each for each in answer.items}
            except NetworkRefusal as refusal:
                if refusal.status not in (404, 405):
                    raise
                self._tells_many = False
        found: dict[str, Item] = {}
        for each in ids:
            try:
                found[each] = await self.status(each)
            except NetworkRefusal as refusal:
                if refusal.why is not Refused.ABSENT:
                    raise
        return found

    async def answers(self, status_id: str) -> Sequence[Item]:
        """The statuses below one."""
        found = (await self._get(f"v1/statuses/{status_id}/context")).object.get("descendants")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    async def write(self, text: str, *, above: str, visibility: str, key: str) -> str:
        """Answer a status; the new one's id.

        A server that was asked with the same key within an hour gives the first one back.
        """
        given = {
            "status": text,
            "in_reply_to_id": above,
            "visibility": visibility,
            # BCP 47 has parts of a language that Mastodon does not know.
            "language": language().partition("-")[0],
        }
        key = hashlib.sha256(key.encode()).hexdigest()
        found = (await self._send("POST", "v1/statuses", given, key=key)).object
        if not isinstance(found.get("id"), str):
            raise self._http.failed("the server took a status and did not say which one it is")
        return str(found["id"])

    async def edit(self, status_id: str, text: str) -> None:
        """Change the text of an own status."""
        await self._send("PUT", f"v1/statuses/{status_id}", {"status": text})

    async def delete(self, status_id: str) -> None:
        """Delete an own status."""
        await self._send("DELETE", f"v1/statuses/{status_id}", None)

    async def mentions(self, max_id: str | None) -> Sequence[Item]:
        """The newest notifications of statuses that name us."""
        return await self._statuses("v1/notifications", max_id, [("types[]", "mention")])

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _statuses(self, path: str, max_id: str | None, params: Params) -> Sequence[Item]:
        before = [] if max_id is None else [("max_id", max_id)]
        return (await self._get(path, [("limit", PAGE), *before, *params])).items

    async def _get(self, path: str, params: Params = ()) -> Answer:
        return await self._ask("GET", path, params, None, {})

    async def _send(
        self, method: str, path: str, given: Mapping[str, Any] | None, *, key: str | None = None
    ) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._ask(method, path, (), given, headers)

    async def _ask(
        self,
        method: str,
        path: str,
        params: Params,
        given: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        async with self._http.turn:
            self._http.check_wait()
            if method != "GET":
                self.before_writing()
            who = self._credentials
            answer = await self._http.request(
                method,
                f"{who.instance}/api/{path}",
                params=params,
                given=given,
                headers={"Authorization": f"Bearer {who.token}", **headers},
            )
        if answer.status == 401:
            raise CredentialsRefused(
                f"{who.instance} does not accept the token: make a new one there (Preferences,"
                " Development) and type it in on the page /admin/setup, or set"
                " PEORIA_MASTODON_TOKEN."
            )
        if answer.status >= 400:
            said = answer.object.get("error")
            code = said[:80] if isinstance(said, str) and said else "refused"
            absent = answer.status in (404, 410)
            raise NetworkRefusal(code, answer.status, Refused.ABSENT if absent else Refused.OTHER)
        return answer
