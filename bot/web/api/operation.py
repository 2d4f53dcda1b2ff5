"""One operation of the API: a typed function, and everything that its types say.

A handler is ``async def name(self, call, ...) -> Answer``. What it takes besides the call is known
by the name: ``query`` (parameters of the address), ``body`` (a JSON object), ``upload`` (the same,
or a form with an image), and parts of the path. The OpenAPI document is made from the very types
that requests are checked by.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from bot.web.api.tokens import Scope
from bot.web.api.values import Query
from bot.web.visitors import Visitor
from storage.tables import ApiToken

#: Parameters of a handler that are no part of the path.
_NOT_OF_PATH = ("call", "query", "body", "upload", "return")
Handler = Callable[..., Awaitable[BaseModel]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, after it was let in.

    Attributes:
        request: as it came.
        visitor: whoever the token stands for, as the board knows people.
        token: None: the operation needs none.
        image: the file of a form that was sent; empty: there was none.
    """

    request: web.Request
    visitor: Visitor
    token: ApiToken | None
    image: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method does at one path.

    Attributes:
        method: in capitals.
        path: with its parts in braces.
        handler: what answers.
        scope: what a token must be for; None: no token is needed.
        status: of an answer that is granted.
        refusals: statuses of refusals besides those that every operation of its kind has.
        costly: whether it counts among those that compute or store.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope | None = Scope.READ
    status: int = 200
    refusals: tuple[int, ...] = ()
    costly: bool = False

    @property
    def id(self) -> str:
        """Its name, the same in the code and in the document."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """What it does, one line."""
        return self._doc[0]

    @property
    def description(self) -> str:
        """What else there is to know of it; may be empty."""
        return "\n".join(self._doc[1:]).strip()

    @property
    def _doc(self) -> list[str]:
        return (inspect.getdoc(self.handler) or self.id).splitlines()

    @property
    def hints(self) -> Mapping[str, Any]:
        """The types of its parameters and of what it returns."""
        return get_type_hints(self.handler, include_extras=True)

    @property
    def answer(self) -> type[BaseModel]:
        """What it answers with."""
        model: type[BaseModel] = self.hints["return"]
        return model

    @property
    def query(self) -> type[Query]:
        """The parameters of its address."""
        model: type[Query] = self.hints.get("query", Query)
        return model

    @property
    def body(self) -> type[BaseModel] | None:
        """The JSON object that it reads; None: it reads none."""
        return self.hints.get("body") or self.hints.get("upload")

    @property
    def takes_image(self) -> bool:
        """Whether a form with an image may be sent in place of the JSON object."""
        return "upload" in self.hints

    @property
    def path_types(self) -> dict[str, TypeAdapter[Any]]:
        """The parts of its path."""
        return {
            name: TypeAdapter(hint) for name, hint in self.hints.items() if name not in _NOT_OF_PATH
        }

    @property
    def statuses(self) -> tuple[int, ...]:
        """Every status that it may refuse with, ascending."""
        found = {400, 422, 429, 503, *self.refusals}
        if self.scope is not None:
            found |= {401, 403}
        if self.path_types:
            found.add(404)
        if self.body is not None:
            found |= {408, 413, 415}
        if self.costly:
            found |= {507}
        return tuple(sorted(found))
