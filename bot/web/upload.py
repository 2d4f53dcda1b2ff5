"""Reading a posted form with an image, never more of it than is accepted."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from aiohttp import web

from bot.web.bodies import parts_of, read_part, reading, unique
from bot.web.refusals import Refusal

MAX_TITLE = 300
_MAX_FIELD = 16 * 1024
#: Room for the form around the image.
_FORM_BYTES = 64 * 1024
_KEY = re.compile(r"[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A posted form.

    Attributes:
        title: one line of text, may be empty or too long.
        key: made once for each form; the same form sent twice has the same key.
        image: the file, empty if none was chosen.
        caption: lines of text, for pages that ask for them.
    """

    title: str
    key: str
    image: bytes = field(repr=False)
    caption: str = ""


async def read_upload(request: web.Request, *, max_bytes: int, seconds: float) -> Upload:
    """Read the fields ``title``, ``key`` and ``image`` of a form.

    Args:
        max_bytes: the largest image.
        seconds: the longest time for all of it to arrive.

    Raises:
        Refusal: it is too large (413), too slow (408), not such a form (400, 415).
    """
    if request.content_type != "multipart/form-data":
        raise Refusal(
            415, "Send a form (multipart/form-data) with the fields image, title and key."
        )
    if (request.content_length or 0) > max_bytes + _FORM_BYTES:
        raise Refusal(413, too_large(max_bytes))
    late = f"The image took longer than {seconds:g} s to arrive; try a smaller one."
    async with reading(request, seconds=seconds, late=late):
        return await _read_fields(request, max_bytes)


def too_large(max_bytes: int) -> str:
    """The sentence for an image of more than ``max_bytes``."""
    return (
        f"This file is too large: at most {max_bytes / 2**20:.3g} MB is accepted. Make the image"
        " smaller and try again."
    )


def clean_title(raw: str) -> str:
    """One line of text, without control characters and surplus spaces."""
    printable = "".join(
        " " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in raw
    )
    return " ".join(printable.split())


async def _read_fields(request: web.Request, max_bytes: int) -> Upload:
    pairs: list[tuple[str, str]] = []
    image = b""
    async for part in parts_of(await request.multipart()):
        if part.name == "image":
            image = await read_part(part, max_bytes, too_large(max_bytes))
            pairs.append(("image", ""))
        else:
            data = await read_part(part, _MAX_FIELD, "A field of the form is too long.")
            pairs.append((part.name or "", data.decode("utf-8", errors="replace")))
    texts = unique(pairs)
    key = texts.get("key") or secrets.token_hex(16)
    if _KEY.fullmatch(key) is None:
        raise Refusal(400, "The field key must be 8 to 64 letters, digits and hyphens.")
    return Upload(clean_title(texts.get("title", "")), key, image, texts.get("caption", ""))
