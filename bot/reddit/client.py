"""What the bot asks of Reddit: one coroutine for each endpoint, plain data as the answer.

praw's `request` is used rather than its objects: these fetch what is missing when an attribute is
read, a request for every post, and one broken item breaks a whole listing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.reddit.credentials import Credentials
from bot.reddit.errors import NotThere
from bot.reddit.limits import Pace
from bot.reddit.praw_thread import PrawThread
from bot.reddit.transport import nothing_to_check
from bot.runtime.clock import Clock

#: Items in a page, and things in one request for information: as many as Reddit gives.
PAGE = 100

#: Longest time for one answer, seconds.
SECONDS = 16.0

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing: its things (``kind`` is added to each), and where the next begins."""

    items: Sequence[Item]
    after: str | None


class RedditClient:
    """Reads and writes on Reddit, one request at a time.

    Every method raises `PlatformUnavailable` when Reddit cannot be asked now (it says when to try
    again), `CredentialsRefused` when it does not accept who we are, `NotAllowed` and `NotThere`
    when it is this one thing that it refuses.

    Args:
        url, oauth_url: where Reddit is.
        seconds: longest time for one answer.
        heard: is told the time of each answer by Reddit's clock.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        url: str,
        oauth_url: str,
        clock: Clock,
        seconds: float = SECONDS,
        heard: Callable[[datetime], None] | None = None,
        before_writing: Callable[[], None] = nothing_to_check,
    ) -> None:
        self._praw = PrawThread(
            credentials,
            url=url,
            oauth_url=oauth_url,
            clock=clock,
            seconds=seconds,
            heard=heard,
            before_writing=before_writing,
        )
        self._me: str | None = None

    @property
    def pace(self) -> Pace:
        """When the next request may be made."""
        return self._praw.pace

    @property
    def requests(self) -> int:
        """Requests that were tried since the start."""
        return self._praw.requests

    def sign_in_anew(self, credentials: Credentials) -> None:
        """Use these credentials from the next request on."""
        self._praw.sign_in_anew(credentials)
        self._me = None

    async def me(self) -> str:
        """The name of the account that we are."""
        if self._me is None:
            answer = await self._get("api/v1/me")
            name = answer.get("name") if isinstance(answer, dict) else None
            if not isinstance(name, str) or not name:
                raise self.pace.failed("Reddit did not say which account this is")
            self._me = name
        return self._me

    async def scopes(self) -> frozenset[str]:
        """What the account allowed us to do; ``*`` is everything."""
        return await self._praw.call(lambda reddit: frozenset(reddit.auth.scopes()))

    async def about(self, subreddit: str) -> Item:
        """The public facts about a subreddit."""
        answer = await self._get(f"r/{subreddit}/about")
        kind = answer.get("kind") if isinstance(answer, dict) else None
        if not isinstance(kind, str) or not isinstance(answer.get("data"), dict):
            raise self.pace.failed(f"Reddit's answer about r/{subreddit} makes no sense")
        if kind != "t5":
            raise NotThere(f"There is no subreddit r/{subreddit}.")
        data: Item = answer["data"]
        return data

    async def new(self, subreddit: str, after: str | None = None) -> Page:
        """The newest posts of a subreddit, or those after the post ``after``."""
        return await self._page(f"r/{subreddit}/new", after)

    async def top(self, subreddit: str, after: str | None = None) -> Page:
        """The posts of a subreddit with the highest scores of all time."""
        return await self._page(f"r/{subreddit}/top", after, t="all")

    async def info(self, names: Sequence[str]) -> Mapping[str, Item]:
        """What there is to know of at most 100 things (``t3_…``, ``t1_…``), by name."""
        if not 0 < len(names) <= PAGE:
            raise ValueError(f"information is asked for 1 to {PAGE} things at a time")
        page = await self._page("api/info", None, id=",".join(names))
        return {str(item.get("name")): item for item in page.items}

    async def inbox(self, after: str | None = None) -> Page:
        """The newest messages, replies and mentions."""
        return await self._page("message/inbox", after)

    async def comments(self, subreddit: str, after: str | None = None) -> Page:
        """The newest comments in a subreddit."""
        return await self._page(f"r/{subreddit}/comments", after)

    async def own_posts(self) -> Page:
        """The newest posts of the account that we are."""
        return await self._page(f"user/{await self.me()}/submitted", None, sort="new")

    async def sent_messages(self) -> Page:
        """The newest private messages that we sent."""
        return await self._page("message/sent", None)

    async def moderators(self, subreddit: str) -> Mapping[str, frozenset[str]]:
        """What the moderators of a subreddit may do, by their names in small letters."""
        answer = await self._get(f"r/{subreddit}/about/moderators")
        data = answer.get("data") if isinstance(answer, dict) else None
        children = data.get("children") if isinstance(data, dict) else None
        if not isinstance(children, list):
            raise self.pace.failed(f"Reddit's answer about r/{subreddit} makes no sense")
        return {
            str(each["name"]).lower(): frozenset(map(str, each.get("mod_permissions") or ()))
            for each in children
            if isinstance(each, dict) and isinstance(each.get("name"), str)
        }

    async def wiki_page(self, subreddit: str, page: str) -> Item:
        """A page of a subreddit's wiki, with the id and the author of its newest revision.

        Raises:
            NotThere: there is no such page, or no wiki.
        """
        answer = await self._get(f"r/{subreddit}/wiki/{page}", {"raw_json": 1})
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("content_md"), str):
            raise self.pace.failed(f"Reddit's answer about r/{subreddit}/wiki makes no sense")
        return data

    async def edit_wiki_page(self, subreddit: str, page: str, text: str, reason: str) -> None:
        """Write a page of a subreddit's wiki; no harm if it says that already."""
        self.check_writing()
        path = f"r/{subreddit}/api/wiki/edit"
        await self._post(path, {"page": page, "content": text, "reason": reason})

    async def modmail(self) -> Any:
        """The newest conversations with the moderators of all subreddits that we moderate."""
        asked: dict[str, str | int] = {"sort": "recent", "state": "all", "limit": PAGE}
        return await self._get("api/mod/conversations", asked)

    async def conversation(self, conversation: str) -> Any:
        """One of these conversations, whole."""
        return await self._get(f"api/mod/conversations/{conversation}")

    async def answer_modmail(self, conversation: str, text: str) -> Any:
        """Write a note for moderators into a conversation. Sent once, as `comment` is.

        Where somebody who is no moderator takes part, they do not see it.
        """
        self.check_writing()
        path = f"api/mod/conversations/{conversation}"
        data = {"body": text, "isAuthorHidden": "false", "isInternal": "true"}
        return await self._post(path, data)

    async def begin_modmail(self, subreddit: str, subject: str, text: str) -> Any:
        """Begin a conversation among the moderators of a subreddit that we moderate."""
        self.check_writing()
        data = {"srName": subreddit, "subject": subject, "body": text, "isAuthorHidden": "false"}
        return await self._post("api/mod/conversations", data)

    async def compose(self, to: str, subject: str, text: str) -> None:
        """Send a private message to a person, or to the moderators of a subreddit (``/r/aww``)."""
        self.check_writing()
        await self._post("api/compose", {"to": to, "subject": subject, "text": text})

    async def submit(self, subreddit: str, title: str, text: str) -> str:
        """Post a text; returns the new post's name. Sent once, as `comment` is."""
        self.check_writing()
        answer = await self._post(
            "api/submit", {"sr": subreddit, "kind": "self", "title": title, "text": text}
        )
        body = answer.get("json") if isinstance(answer, dict) else None
        data = body.get("data") if isinstance(body, dict) else None
        name = data.get("name") if isinstance(data, dict) else None
        if not isinstance(name, str) or not name.startswith("t3_"):
            raise self.pace.failed("Reddit took a post and did not say which one it is")
        return name

    async def sticky(self, post: str, *, state: bool) -> None:
        """Put an own post at the top of its subreddit, or take it away from there."""
        self.check_writing()
        await self._post(
            "api/set_subreddit_sticky", {"id": post, "state": "true" if state else "false"}
        )

    async def user_flair(self, subreddit: str, name: str) -> str:
        """The flair that somebody has in a subreddit; empty where they have none."""
        answer = await self._get(f"r/{subreddit}/api/flairlist", {"name": name, "limit": 1})
        users = answer.get("users") if isinstance(answer, dict) else None
        first = users[0] if isinstance(users, list) and users else None
        mine = isinstance(first, dict) and str(first.get("user")).lower() == name.lower()
        text = first.get("flair_text") if isinstance(first, dict) and mine else None
        return text if isinstance(text, str) else ""

    async def set_user_flair(self, subreddit: str, name: str, text: str) -> None:
        """Give somebody a flair in a subreddit; an empty one takes it away."""
        self.check_writing()
        await self._post(f"r/{subreddit}/api/flair", {"name": name, "text": text})

    async def set_post_flair(self, subreddit: str, post: str, text: str) -> None:
        """Give a post a flair."""
        self.check_writing()
        await self._post(f"r/{subreddit}/api/flair", {"link": post, "text": text})

    async def own_comments(self, after: str | None = None) -> Page:
        """The newest comments of the account that we are."""
        return await self._page(f"user/{await self.me()}/comments", after, sort="new")

    def check_writing(self) -> None:
        """Do nothing if a comment may be sent now.

        Raises:
            RedditBusy: not yet; it says when.
        """
        self.pace.check()
        self._praw.writing.check()

    async def comment(self, parent: str, text: str) -> str:
        """Comment on a post or a comment; returns the new comment's name.

        Sent once. When it raises `PlatformUnavailable` the comment may be there all the same.

        Raises:
            RedditRefusal: Reddit refused the comment, and says why.
        """
        self.check_writing()
        answer = await self._post("api/comment", {"thing_id": parent, "text": text})
        name = _first_thing(answer).get("name")
        if not isinstance(name, str) or not name.startswith("t1_"):
            raise self.pace.failed("Reddit took a comment and did not say which one it is")
        return name

    async def edit(self, comment: str, text: str) -> None:
        """Change the text of an own comment.

        Raises:
            RedditRefusal: Reddit refused it, and says why.
        """
        self.check_writing()
        answer = await self._post("api/editusertext", {"thing_id": comment, "text": text})
        if not isinstance(answer.get("json"), dict):
            raise self.pace.failed("Reddit did not say whether a comment was changed")

    async def delete(self, comment: str) -> None:
        """Delete an own comment; no harm if it is gone already."""
        await self._post("api/del", {"id": comment})

    async def close(self) -> None:
        """Stop the thread; a request that is under way is not waited for."""
        self._praw.close()

    async def _page(self, path: str, after: str | None, **params: str) -> Page:
        asked: dict[str, str | int] = {"limit": PAGE, **params}
        if after is not None:
            asked["after"] = after
        answer = await self._get(path, asked)
        data = answer.get("data") if isinstance(answer, dict) else None
        children = data.get("children") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(children, list):
            raise self.pace.failed(f"Reddit's answer to {path} makes no sense")
        items = [
            {**child["data"], "kind": child.get("kind")}
            for child in children
            if isinstance(child, dict) and isinstance(child.get("data"), dict)
        ]
        following = data.get("after")
        return Page(items, following if isinstance(following, str) and following else None)

    async def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        asked = dict(params or {})
        return await self._praw.call(
            lambda reddit: reddit.request(method="GET", path=path, params=asked)
        )

    async def _post(self, path: str, data: Mapping[str, str]) -> Item:
        answer = await self._praw.call(
            lambda reddit: reddit.request(method="POST", path=path, data=dict(data))
        )
        if not isinstance(answer, dict):
            raise self.pace.failed(f"Reddit's answer to {path} makes no sense")
        body = answer.get("json")
        if isinstance(body, dict) and body.get("errors"):
            raise self._praw.refusal(body["errors"], body.get("ratelimit"))
        return answer


def _first_thing(answer: Item) -> Item:
    """The first thing in the answer to a POST; empty where there is none."""
    try:
        thing = answer["json"]["data"]["things"][0]["data"]
    except (KeyError, IndexError, TypeError):
        return {}
    return thing if isinstance(thing, dict) else {}
