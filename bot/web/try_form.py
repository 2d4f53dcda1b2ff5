"""The form of the page "Try it": up to ten pictures, addresses and titles, read within bounds."""

from dataclasses import dataclass, field

from aiohttp import web

from bot.texts.translate import gettext as _
from bot.web.bodies import parts_of, read_part, reading
from bot.web.refusals import Refusal
from bot.web.upload import (
    MAX_TITLE,
    MOST_BYTES,
    clean_title,
    lines_of,
    too_large,
    too_large_together,
)

_MAX_FIELD = 16 * 1024
_FORM_BYTES = 64 * 1024
_LONGEST_NAME = 60
_TEXTS = ("addresses", "titles")


@dataclass(frozen=True, slots=True)
class TryForm:
    """What was asked.

    Attributes:
        pictures: name and file of each that was uploaded.
        addresses: of pictures on the web.
        titles: that each is tried with.
        hours: whether to compare hours.
        places: whether to compare communities.
    """

    pictures: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    addresses: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    hours: bool = False
    places: bool = False


async def read_try_form(request: web.Request, *, max_bytes: int, seconds: float) -> TryForm:
    """Read the fields ``image`` (several), ``addresses`` and ``titles`` (lines), and the two marks.

    Args:
        request: the form, sent as multipart/form-data.
        max_bytes: the largest picture.
        seconds: the longest time for all of it to arrive.

    Raises:
        Refusal: it is too large (413), too slow (408), not such a form (400, 415).
    """
    if request.content_type != "multipart/form-data":
        raise Refusal(415, "Send a form (multipart/form-data) with pictures in the field image.")
    if (request.content_length or 0) > MOST_BYTES + _FORM_BYTES:
        raise Refusal(413, too_large_together())
    late = _(
        "The pictures took longer than {seconds} s to arrive; try fewer or smaller ones."
    ).format(seconds=f"{seconds:g}")
    async with reading(request, seconds=seconds, late=late):
        return await _read(request, max_bytes)


async def _read(request: web.Request, max_bytes: int) -> TryForm:
    pictures: list[tuple[str, bytes]] = []
    texts: dict[str, str] = {}
    left = MOST_BYTES
    async for part in parts_of(await request.multipart()):
        name = part.name or ""
        if name == "image":
            sentence = too_large(max_bytes) if max_bytes <= left else too_large_together()
            data = await read_part(part, min(max_bytes, left), sentence)
            left -= len(data)
            # A browser sends an empty one where none was chosen.
            if data:
                called = clean_title(part.filename or "")[:_LONGEST_NAME]
                pictures.append((called or f"Picture {len(pictures) + 1}", data))
            continue
        if name in texts:
            raise Refusal(400, "The form has a field twice; send each once.")
        raw = await read_part(part, _MAX_FIELD, _("A field of the form is too long."))
        texts[name] = raw.decode("utf-8", errors="replace")
    addresses, titles = (lines_of(texts.get(name, "")) for name in _TEXTS)
    if any(len(title) > MAX_TITLE for title in titles):
        raise Refusal(
            400, _("A title has at most {max_title} characters.").format(max_title=MAX_TITLE)
        )
    return TryForm(tuple(pictures), addresses, titles, "hours" in texts, "places" in texts)
