"""Reading what a visitor chose on a card, from a form or from the page's scripts."""

import re

from aiohttp import web

from bot.web.bodies import read_fields

_BACK = re.compile(
    r"/(\?before=\d{1,18})?|/posts/\d{1,18}|/(search|communities/\d{1,18})(\?[\w=&%+.~-]{1,600})?",
    re.ASCII,
)


async def read_choice(request: web.Request) -> tuple[str, str]:
    """The ``value`` that was chosen (may be empty), and the page to go back to.

    Raises:
        Refusal: it is neither a form nor a JSON object.
    """
    fields = await read_fields(request)
    back = fields.get("back", "")
    # Only to a page of the board: an address from outside could lead anywhere.
    return fields.get("value", ""), back if _BACK.fullmatch(back) else "/"
