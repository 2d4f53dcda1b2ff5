"""Reading a posted form with an image, never more of it than is accepted."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from aiohttp import web

from bot.texts.translate import gettext as _
from bot.texts.translate import ngettext
from bot.web.bodies import parts_of, read_part, reading, unique
from bot.web.refusals import Refusal

MAX_TITLE = 300
#: Images of one post.
MOST_IMAGES = 10
#: All images of one form together, bytes.
MOST_BYTES = 40 * 2**20
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
        images: the files that were chosen.
        caption: lines of text, for pages that ask for them.
        addresses: of images on the web, for pages that ask for them.
    """

    title: str
    key: str
    images: tuple[bytes, ...] = field(repr=False)
    caption: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def image(self) -> bytes:
        """The first file, empty if none was chosen."""
        return self.images[0] if self.images else b""


async def read_upload(
    request: web.Request, *, max_bytes: int, seconds: float, most_images: int = 1
) -> Upload:
    """Read the fields ``title``, ``key``, ``image``, ``caption`` and ``addresses`` of a form.

    Args:
        max_bytes: the largest image.
        seconds: the longest time for all of it to arrive.
        most_images: how many images there may be.

    Raises:
        Refusal: it is too large (413), too slow (408), not such a form (400, 415).
    """
    most_bytes = max_bytes if most_images == 1 else max(max_bytes, MOST_BYTES)
    if request.content_type != "multipart/form-data":
        raise Refusal(
            415, "Send a form (multipart/form-data) with the fields image, title and key."
        )
    if (request.content_length or 0) > most_bytes + _FORM_BYTES:
        raise Refusal(413, too_large(max_bytes) if most_images == 1 else too_large_together())
    late = _("The image took longer than {seconds} s to arrive; try a smaller one.").format(
        seconds=f"{seconds:g}"
    )
    async with reading(request, seconds=seconds, late=late):
        return await _read_fields(request, max_bytes, most_bytes, most_images)


def too_large(max_bytes: int) -> str:
    """The sentence for an image of more than ``max_bytes``."""
    return _(
        "This file is too large: at most {max_bytes} MB is accepted. Make the"
        " image smaller and try again."
    ).format(max_bytes=f"{max_bytes / 2**20:.3g}")


def too_large_together() -> str:
    """The sentence for several images that are too large together."""
    return _("The pictures are too large together: at most {most_bytes} MB at once.").format(
        most_bytes=f"{MOST_BYTES / 2**20:g}"
    )


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text that hold anything, without what no title or address has."""
    lines = (clean_title(line) for line in text.splitlines())
    return tuple(line for line in lines if line)


def clean_title(raw: str) -> str:
    """One line of text, without control characters and surplus spaces."""
    printable = "".join(
        " " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in raw
    )
    return " ".join(printable.split())


async def _read_fields(
    request: web.Request, max_bytes: int, most_bytes: int, most_images: int
) -> Upload:
    pairs: list[tuple[str, str]] = []
    images: list[bytes] = []
    left = most_bytes
    async for part in parts_of(await request.multipart()):
        if part.name == "image":
            sentence = too_large(max_bytes) if max_bytes <= left else too_large_together()
            image = await read_part(part, min(max_bytes, left), sentence)
            left -= len(image)
            # A browser sends an empty one where none was chosen.
            if image:
                images.append(image)
        else:
            data = await read_part(part, _MAX_FIELD, _("A field of the form is too long."))
            pairs.append((part.name or "", data.decode("utf-8", errors="replace")))
    texts = unique(pairs)
    addresses = lines_of(texts.get("addresses", ""))
    if len(images) + len(addresses) > most_images:
        sentence = ngettext(
            "A post has one image here; leave the others out.",
            "A post has at most {most} images; leave some out.",
            most_images,
        )
        raise Refusal(400, sentence.format(most=most_images))
    key = texts.get("key") or secrets.token_hex(16)
    if _KEY.fullmatch(key) is None:
        raise Refusal(400, "The field key must be 8 to 64 letters, digits and hyphens.")
    return Upload(
        clean_title(texts.get("title", "")),
        key,
        tuple(images),
        texts.get("caption", ""),
        addresses,
    )
