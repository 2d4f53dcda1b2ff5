"""The form of the page "Try it": up to ten pictures, addresses and titles, read within bounds."""

from dataclasses import dataclass, field

from aiohttp import web

from bot.web.bodies import parts_of, read_part, reading
from bot.web.refusals import Refusal
from bot.web.upload import MAX_TITLE, clean_title, too_large

#: All pictures of one form together, bytes.
MOST_BYTES = 40 * 2**20
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
        raise Refusal(413, _too_many())
    late = f"The pictures took longer than {seconds:g} s to arrive; try fewer or smaller ones."
    async with reading(request, seconds=seconds, late=late):
        return await _read(request, max_bytes)


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text that hold anything, without what no title or address has."""
    lines = (clean_title(line) for line in text.splitlines())
    return tuple(line for line in lines if line)


async def _read(request: web.Request, max_bytes: int) -> TryForm:
    pictures: list[tuple[str, bytes]] = []
    texts: dict[str, str] = {}
    left = MOST_BYTES
    async for part in parts_of(await request.multipart()):
        name = part.name or ""
        if name == "image":
            sentence = too_large(max_bytes) if max_bytes <= left else _too_many()
            data = await read_part(part, min(max_bytes, left), sentence)
            left -= len(data)
            # A browser sends an empty one where none was chosen.
            if data:
                called = clean_title(part.filename or "")[:_LONGEST_NAME]
                pictures.append((called or f"Picture {len(pictures) + 1}", data))
            continue
        if name in texts:
            raise Refusal(400, "The form has a field twice; send each once.")
        raw = await read_part(part, _MAX_FIELD, "A field of the form is too long.")
        texts[name] = raw.decode("utf-8", errors="replace")
    addresses, titles = (lines_of(texts.get(name, "")) for name in _TEXTS)
    if any(len(title) > MAX_TITLE for title in titles):
        raise Refusal(400, f"A title has at most {MAX_TITLE} characters.")
    return TryForm(tuple(pictures), addresses, titles, "hours" in texts, "places" in texts)


def _too_many() -> str:
    return f"The pictures are too large together: at most {MOST_BYTES / 2**20:g} MB at once."
