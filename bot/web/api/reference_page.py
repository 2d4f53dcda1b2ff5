"""What describes the API: the OpenAPI document for programs, and a page for people."""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup, escape

from bot.web.api.openapi import document
from bot.web.api.operation import Operation

_EXAMPLE_TEXT = (Path(__file__).parents[1] / "examples" / "label_plot.py").read_text("utf-8")


class Reference:
    """Answers whoever asks what the API is.

    Args:
        operations: everything that it does.
        base: where they begin, such as /api/v1.
    """

    def __init__(self, operations: Iterable[Operation], base: str) -> None:
        self._base = base
        self._operations = tuple(operations)

    @cached_property
    def _document(self) -> dict[str, Any]:
        # Made when somebody asks for it first: it takes longer than all else of the board's start.
        return document(self._operations, self._base)

    @cached_property
    def _text(self) -> bytes:
        return json.dumps(self._document).encode()

    def routes(self) -> list[web.RouteDef]:
        """The document and the page."""
        return [
            web.get(f"{self._base}/openapi.json", self.handle_document),
            web.get("/api", self.handle_page),
            web.get("/api/label_plot.py", self.handle_example),
        ]

    async def handle_document(self, _: web.Request) -> web.Response:
        """GET /api/v1/openapi.json: no token is needed."""
        return web.Response(body=self._text, content_type="application/json")

    async def handle_example(self, request: web.Request) -> web.Response:
        """GET /api/label_plot.py: a program that asks this board."""
        return web.Response(text=_example(request), content_type="text/x-python")

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /api: the same as a page."""
        shown = [
            (method.upper(), self._base + path, described, _parts(described))
            for path, methods in self._document["paths"].items()
            for method, described in methods.items()
        ]
        context = {
            "about": [
                _with_code(each) for each in self._document["info"]["description"].split("\n\n")
            ],
            "with_code": _with_code,
            "operations": shown,
            "schemas": {
                name: [_field(field, each) for field, each in schema.get("properties", {}).items()]
                for name, schema in self._document["components"]["schemas"].items()
                if schema.get("properties")
            },
            "document": f"{self._base}/openapi.json",
            "example": _example(request),
            "site": _site(request),
        }
        return aiohttp_jinja2.render_template("api.html", request, context)


def _site(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _example(request: web.Request) -> str:
    """The example, with the address that it was asked for under."""
    # Put in as it is: in a plain replacement a backslash of a host name would be a command.
    line = f"SITE = {json.dumps(_site(request))}"
    return re.sub(r"^SITE = .*$", lambda _: line, _EXAMPLE_TEXT, flags=re.MULTILINE)


def _with_code(text: str) -> Markup:
    """A text for the page: what stands between backticks is code, as in Markdown."""
    # Escaped before, so that nothing but our own tags is markup.
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _parts(described: dict[str, Any]) -> dict[str, Any]:
    """What a row of the page shows of an operation."""
    responses = described["responses"]
    granted = next(each for status, each in responses.items() if status.startswith("2"))
    body = described.get("requestBody", {}).get("content", {})
    return {
        "parameters": [_field(each["name"], each["schema"] | each) for each in
                       described["parameters"]],
        "answer": _kind(granted["content"]["application/json"]["schema"]),
        "bodies": [(kind, _kind(each["schema"])) for kind, each in body.items()],
        "refusals": [status for status in responses if status >= "4"],
    }  # fmt: skip


def _field(name: str, schema: dict[str, Any]) -> dict[str, str]:
    return {"name": name, "kind": _kind(schema), "about": schema.get("description", "")}


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_kind(each) for each in schema["anyOf"])
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema['items'])}"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_kind(values)}" if isinstance(values, dict) else "object"
        case kind:
            return str(schema.get("format") or kind or "anything")
