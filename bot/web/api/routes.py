"""The operations of the API, and the path that every request takes to one."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.web.api.access import Access
from bot.web.api.operation import Call, Operation
from bot.web.api.problems import Fault, Invalid, invalid
from bot.web.api.read import NOTHING, Read
from bot.web.api.requests import read_json, read_picture
from bot.web.api.tokens import Scope
from bot.web.api.values import Query
from bot.web.api.write import Write
from bot.web.refusals import Refusal
from bot.web.services import Services

BASE = "/api/v1"


def operations(read: Read, write: Write) -> tuple[Operation, ...]:
    """Everything that the API does."""
    return (
        Operation("GET", "/health", read.health, scope=None),
        Operation("GET", "/communities", read.list_communities),
        Operation("GET", "/communities/{community}", read.get_community),
        Operation("GET", "/posts", read.list_posts, refusals=(404,)),
        Operation("GET", "/posts/search", read.search_posts, refusals=(404,)),
        Operation("GET", "/posts/{post}", read.get_post),
        Operation("GET", "/predictions", read.list_predictions, refusals=(404,)),
        Operation("GET", "/labels", read.list_labels, refusals=(404,)),
        Operation("GET", "/boards/{board}", read.get_board),
        Operation("GET", "/versions", read.list_versions),
        Operation("GET", "/versions/{name}", read.get_version),
        Operation(
            "POST", "/predict", write.predict, scope=Scope.PREDICT, refusals=(404, 409),
            costly=True,
        ),
        Operation(
            "POST", "/posts", write.create_post, scope=Scope.POST, status=201,
            refusals=(404,), costly=True,
        ),
        Operation(
            "POST", "/posts/{post}/guess", write.guess, scope=Scope.GUESS, refusals=(409,)
        ),
        Operation("POST", "/posts/{post}/vote", write.vote, scope=Scope.VOTE, refusals=(409,)),
    )  # fmt: skip


class Api:
    """Answers programs.

    Args:
        services: what the board works with.
        access: who is let in.
        all_of_it: the operations.
    """

    def __init__(
        self, services: Services, access: Access, all_of_it: tuple[Operation, ...]
    ) -> None:
        self._services = services
        self._access = access
        self._operations = all_of_it

    def routes(self) -> list[web.RouteDef]:
        """A route for each operation."""
        return [
            web.route(each.method, BASE + each.path, self._answerer(each))
            for each in self._operations
        ]

    def _answerer(self, operation: Operation) -> Callable[..., Any]:
        # What the types say is worked out once.
        types = _Types.of(operation)

        async def answer(request: web.Request) -> web.StreamResponse:
            admitted = await self._access.admit(request, operation.scope, costly=operation.costly)
            arguments: dict[str, Any] = {
                name: _of_path(adapter, request.match_info[name])
                for name, adapter in types.path.items()
            }
            query = _query(types.query, request)
            if types.takes_query:
                arguments["query"] = query
            image = b""
            if types.upload is not None:
                settings = self._services.settings
                sent = await read_picture(
                    request, types.upload,
                    max_bytes=settings.max_image_bytes, seconds=settings.download_seconds,
                )  # fmt: skip
                arguments["upload"], image = sent.fields, sent.image
            elif types.body is not None:
                arguments["body"] = await read_json(request, types.body)
            call = Call(request, admitted.visitor, admitted.token, image)
            answered = await operation.handler(call, **arguments)
            response = _respond(request, answered, operation.status)
            response.headers.update(admitted.headers)
            return response

        return answer


@dataclass(frozen=True, slots=True)
class _Types:
    """The types of an operation."""

    path: Mapping[str, TypeAdapter[Any]]
    query: type[Query]
    takes_query: bool
    body: type[BaseModel] | None
    upload: type[BaseModel] | None

    @classmethod
    def of(cls, operation: Operation) -> "_Types":
        hints = operation.hints
        return cls(
            operation.path_types, operation.query, "query" in hints,
            hints.get("body"), hints.get("upload"),
        )  # fmt: skip


def _of_path(adapter: TypeAdapter[Any], text: str) -> Any:
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        # What cannot be there is not there.
        raise Refusal(404, NOTHING) from error


def _query(model: type[Query], request: web.Request) -> Query:
    if len(request.query) != len({*request.query}):
        raise Invalid([Fault(where="", why="send each parameter once")])
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise invalid(error) from error


def _respond(request: web.Request, answer: BaseModel, status: int) -> web.Response:
    body = answer.model_dump_json().encode()
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if request.method in ("GET", "HEAD"):
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if _knows(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return web.Response(status=304, headers=headers)
    following = getattr(answer, "next", None)
    if following is not None:
        headers["Link"] = f'<{request.rel_url.update_query(cursor=following)}>; rel="next"'
    if status == web.HTTPCreated.status_code:
        headers["Location"] = f"{BASE}/posts/{getattr(answer, 'id')}"  # noqa: B009
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _knows(header: str, tag: str) -> bool:
    """Whether a program has this answer already."""
    known = {each.strip().removeprefix("W/") for each in header.split(",")}
    return tag in known or "*" in known
