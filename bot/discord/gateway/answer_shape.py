"""Whether an answer of Discord has a shape that discord.py can read.

discord.py takes the shape of answers for granted: a page of a proxy in place of JSON, a list in
place of a message or a body that breaks off would end in a KeyError somewhere, and look like a
fault of ours. It is Discord that is not there at that moment.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord.http import Route

#: What reading a body of another shape ends in.
_ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
#: Where answers are lists, by the ends of paths, when something is read.
_LISTS = ("/messages", "/reactions/{emoji}", "/channels", "/roles", "/members", "/commands",
          "/users/@me/guilds", "/emojis")  # fmt: skip
#: From the answers to these nothing is read.
_UNREAD = ("/@me", "/typing", "/bulk-delete", "/roles/{role_id}", "/callback")
_MESSAGES = ("/messages", "/messages/{message_id}")

_Request = Callable[..., Awaitable[Any]]


class OddAnswer(discord.DiscordException):
    """What answered was not Discord as it is documented. What was asked may have happened."""


def check_answers(request: _Request) -> _Request:
    """Have requests raise `OddAnswer` for what discord.py could not read.

    Args:
        request: `discord.http.HTTPClient.request`.
    """

    async def checked(route: Route, **more: Any) -> Any:
        try:
            body = await request(route, **more)
        except _ODD as error:
            raise OddAnswer(f"an answer cannot be read ({type(error).__name__})") from error
        if not fits(route.method, route.path, body):
            raise OddAnswer(f"the answer to {route.method} {route.path} has another shape")
        return body

    return checked


def fits(method: str, path: str, body: object) -> bool:
    """Whether a body may be the answer to a request.

    Args:
        method: of HTTP.
        path: with its parameters as names: ``/channels/{channel_id}/messages``.
        body: as it was read from JSON; text where it was none.
    """
    if method == "DELETE" or (method != "GET" and path.endswith(_UNREAD)):
        return True
    if method in ("GET", "PUT") and path.endswith(_LISTS):
        return isinstance(body, list) and all(isinstance(each, dict) for each in body)
    if not isinstance(body, dict) or not body:
        return False
    if path.endswith("/channels/{channel_id}"):
        return _is_id(body.get("id")) and isinstance(body.get("type"), int)
    return not path.endswith(_MESSAGES) or _is_message(body)


def _is_message(body: dict[str, Any]) -> bool:
    author = body.get("author")
    return (
        _is_id(body.get("id"))
        and isinstance(author, dict)
        and _is_id(author.get("id"))
        and isinstance(body.get("reactions", []), list)
    )


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal()
