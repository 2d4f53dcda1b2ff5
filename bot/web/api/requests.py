"""Reading what programs send, never more than is accepted: JSON objects, forms with an image."""

import json
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.web.api.problems import Fault, Invalid, invalid
from bot.web.bodies import MAX_FORM_BYTES, parts_of, read_part, reading
from bot.web.refusals import Refusal
from bot.web.upload import too_large

T = TypeVar("T", bound=BaseModel)

#: How long a body without an image may take to arrive, seconds.
_SECONDS = 10.0
#: Room for the form around an image.
_FORM_BYTES = 64 * 1024
_LATE = "The request took too long to arrive; send it again."


@dataclass(frozen=True, slots=True)
class Picture(Generic[T]):
    """A form, or the JSON object in its place.

    Attributes:
        fields: what was sent beside the image.
        image: empty: none was sent.
    """

    fields: T
    image: bytes = field(repr=False, default=b"")


async def read_json(request: web.Request, model: type[T]) -> T:
    """The JSON object of a request.

    Raises:
        Refusal: it is too large (413), too slow (408), no JSON (400, 415), or not such (422).
    """
    if request.content_type != "application/json":
        raise Refusal(415, "Send a JSON object, as Content-Type: application/json.")
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise Refusal(413, "The request is too large.")
    async with reading(request, seconds=_SECONDS, late=_LATE):
        data = bytearray()
        async for chunk in request.content.iter_chunked(2**14):
            data += chunk
            if len(data) > MAX_FORM_BYTES:
                raise Refusal(413, "The request is too large.")
    try:
        json.loads(bytes(data).decode())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "What was sent is no JSON.") from error
    return _validated(model, bytes(data))


async def read_picture(
    request: web.Request, model: type[T], *, max_bytes: int, seconds: float
) -> Picture[T]:
    """A form with an image, or a JSON object without one.

    Args:
        request: whose body it is.
        model: the fields beside the image.
        max_bytes: the largest image.
        seconds: the longest time for all of it to arrive.

    Raises:
        Refusal: it is too large (413), too slow (408), no such form (400, 415, 422).
    """
    if request.content_type == "application/json":
        return Picture(await read_json(request, model))
    if request.content_type != "multipart/form-data":
        raise Refusal(415, "Send a form (multipart/form-data) with an image, or a JSON object.")
    if (request.content_length or 0) > max_bytes + _FORM_BYTES:
        raise Refusal(413, too_large(max_bytes))
    fields: dict[str, Any] = {}
    image: bytes | None = None
    async with reading(request, seconds=seconds, late=_LATE):
        async for part in parts_of(await request.multipart()):
            name = part.name or ""
            if name in fields or (name == "image" and image is not None):
                raise Refusal(400, "The form has a field twice; send each once.")
            if name == "image":
                image = await read_part(part, max_bytes, too_large(max_bytes))
            else:
                data = await read_part(part, MAX_FORM_BYTES, "A field of the form is too long.")
                fields[name] = _plain(model, name, data.decode())
    if image is None:
        raise Invalid([Fault(where="image", why="send the file of the image")])
    if not image:
        raise Invalid([Fault(where="image", why="the file is empty")])
    return Picture(_validated(model, json.dumps(fields).encode()), image)


def _plain(model: type[BaseModel], name: str, text: str) -> Any:
    """A field of a form as JSON has it: what is a number there is written in digits here."""
    known = model.model_fields.get(name)
    is_number = known is not None and known.annotation in (int, int | None)
    return int(text) if is_number and text.isascii() and text.isdigit() else text


def _validated(model: type[T], data: bytes) -> T:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise invalid(error) from error
