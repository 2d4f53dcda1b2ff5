"""Bodies of requests: every one is hostile until it was read here.

Whatever a parser says of bytes that somebody sent is a fault of theirs, and is answered with a
sentence and a status of 400 to 415. Handlers get plain strings.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.web.refusals import Refusal

log = logging.getLogger(__name__)

#: What a form or a JSON object may have: bytes, and fields.
MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 16
#: How long such a body may take to arrive, seconds.
_SECONDS = 10.0

_NOT_WHOLE = mark("The form did not arrive whole, or is none; send it again.")


@asynccontextmanager
async def reading(request: web.Request, *, seconds: float, late: str) -> AsyncIterator[None]:
    """The block reads a body: whatever is wrong with that is said, and is no fault of ours.

    Args:
        request: whose body it is.
        seconds: how long it may take to arrive.
        late: the sentence for one that takes longer.

    Raises:
        Refusal: it came too slowly (408), is compressed (415) or cannot be read (400).
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A few bytes could become gigabytes, and no browser sends such.
        raise Refusal(415, "The board reads no compressed requests; send it as it is.")
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Refusal(408, late) from error
    except (Refusal, web.HTTPException, OSError, MemoryError):
        raise
    except Exception as error:
        # Parsers of forms have a dozen kinds of error for what is no form, and tell of few.
        log.debug("A body could not be read.", exc_info=True)
        raise Refusal(400, _NOT_WHOLE) from error


async def read_fields(request: web.Request) -> dict[str, str]:
    """The fields of a form without files, or of a JSON object of texts and numbers.

    Raises:
        Refusal: it is too large (413), too slow (408), of no such kind (415), or no form (400).
    """
    if not request.can_read_body:
        return {}
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise Refusal(413, "The request is too large.")
    late = _("The form took longer than {seconds} s to arrive; send it again.").format(
        seconds=f"{_SECONDS:g}"
    )
    async with reading(request, seconds=_SECONDS, late=late):
        match request.content_type:
            case "application/json":
                return _json_fields(await _read(request))
            case "multipart/form-data":
                return await _multipart_fields(request)
            case "application/x-www-form-urlencoded":
                pairs = parse_qsl(
                    (await _read(request)).decode(),
                    keep_blank_values=True,
                    errors="strict",
                    max_num_fields=MAX_FIELDS,
                )
                return unique(pairs)
            case _:
                raise Refusal(415, "Send a form or a JSON object.")


def unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields by their names.

    Raises:
        Refusal: (400) two have the same name: which one is meant cannot be known.
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise Refusal(400, "The form has a field twice; send each once.")
        fields[name] = value
    return fields


async def _read(request: web.Request) -> bytes:
    data = bytearray()
    async for chunk in request.content.iter_chunked(2**14):
        data += chunk
        if len(data) > MAX_FORM_BYTES:
            raise Refusal(413, "The request is too large.")
    return bytes(data)


async def _multipart_fields(request: web.Request) -> dict[str, str]:
    pairs = []
    most = MAX_FORM_BYTES
    async for part in parts_of(await request.multipart()):
        data = await read_part(part, most, "The request is too large.")
        most -= len(data)
        pairs.append((part.name or "", data.decode()))
    return unique(pairs)


async def parts_of(reader: MultipartReader) -> AsyncIterator[BodyPartReader]:
    """The fields of a form, one after the other.

    Raises:
        Refusal: (400) there are too many, or it has a form inside.
    """
    for _number in range(MAX_FIELDS + 1):
        part = await reader.next()
        if part is None:
            return
        if not isinstance(part, BodyPartReader):
            raise Refusal(400, "The form has a form inside; send the fields by themselves.")
        yield part
    raise Refusal(
        400, _("The form has too many fields; at most {most} are read.").format(most=MAX_FIELDS)
    )


async def read_part(part: BodyPartReader, most: int, sentence: str) -> bytes:
    """The bytes of a field as they were sent.

    Args:
        part: the field.
        most: how many there may be.
        sentence: why more are refused.

    Raises:
        Refusal: there are more (413), or they are encoded in a way that no browser uses (400).
    """
    if part.headers.get("Content-Transfer-Encoding", "binary").lower() not in (
        "binary", "8bit", "7bit",
    ) or "Content-Encoding" in part.headers:  # fmt: skip
        raise Refusal(400, "A field of the form is encoded; send it as it is.")
    data = bytearray()
    while chunk := await part.read_chunk(2**16):
        data += chunk
        if len(data) > most:
            raise Refusal(413, sentence)
    return bytes(data)


def _json_fields(data: bytes) -> dict[str, str]:
    content = json.loads(
        data.decode(), parse_constant=_no_constant, object_pairs_hook=_unique_members
    )
    if not isinstance(content, Mapping):
        raise Refusal(400, 'What is sent as JSON is an object, such as {"value": 1}.')
    if not all(isinstance(each, str | int | float) for each in content.values()):
        raise Refusal(400, "What is sent as JSON holds texts and numbers only.")
    return {name: str(value) for name, value in content.items()}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members
