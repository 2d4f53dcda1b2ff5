"""Reading what a visitor chose on a card, from a form or from the page's scripts."""

import re

from aiohttp import web

from bot.web.refusals import Refusal

_BACK = re.compile(r"/(\?before=\d{1,18})?|/posts/\d{1,18}")


async def read_choice(request: web.Request, *, example: str) -> tuple[str, str]:
    """The ``value`` that was chosen, and the page to go back to.

    Args:
        request: a form or a JSON object.
        example: what a right one looks like in JSON, for the error message.

    Raises:
        Refusal: (400) it is JSON, but not an object.
    """
    if request.content_type == "application/json":
        try:
            content = await request.json()
        except ValueError as error:
            raise Refusal(400, f"What is sent as JSON looks like {example}.") from error
        value = content.get("value") if isinstance(content, dict) else None
        return str(value), "/"
    form = await request.post()
    back = str(form.get("back", ""))
    # Only to a page of the board: an address from outside could lead anywhere.
    return str(form.get("value")), back if _BACK.fullmatch(back) else "/"
