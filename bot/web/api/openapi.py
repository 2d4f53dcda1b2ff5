"""The OpenAPI 3.1 document, made from the types that requests are checked by."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from bot.runtime.build import peoria_version
from bot.web.api.operation import Operation
from bot.web.api.problems import PROBLEM_TYPE, Problem

_REF = "#/components/schemas/{model}"
_ABOUT = """\
What Peoria knows, for programs, and what people do on its board.

Send a token with every request: `Authorization: Bearer peoria_…`. Whoever runs this Peoria makes
one with `main.py token create`. Shares and percentiles are 0 to 1, times are ISO 8601 in UTC.
Refusals are problem details (RFC 9457). What may not be seen is 404, as what is not there. Answers
to GET have an `ETag`. Fields may be added to answers; none is taken away within v1.
"""
_LIMITS = {
    "RateLimit-Limit": "Requests of a minute.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until one more is.",
}


def document(operations: Iterable[Operation], base: str) -> dict[str, Any]:
    """The document.

    Args:
        operations: in the order in which they are shown.
        base: where they begin, such as /api/v1.
    """
    operations = tuple(operations)
    answers = {each.answer for each in operations} | {Problem}
    bodies = {each.body for each in operations if each.body is not None}
    models: list[tuple[type[BaseModel], Any]] = [
        *((each, "serialization") for each in sorted(answers, key=_name)),
        *((each, "validation") for each in sorted(bodies, key=_name)),
    ]
    refs, definitions = models_json_schema(models, ref_template=_REF)
    schemas = definitions["$defs"]
    for each in operations:
        if each.takes_image and each.body is not None:
            schemas[_form_name(each)] = _form(schemas[each.body.__name__])
    paths: dict[str, Any] = {}
    for each in operations:
        body = None if each.body is None else refs[each.body, "validation"]
        described = _operation(each, refs[each.answer, "serialization"], body)
        paths.setdefault(each.path, {})[each.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Peoria", "version": peoria_version(), "description": _ABOUT},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(operation: Operation, answer: Any, body: Any) -> dict[str, Any]:
    scope = operation.scope
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary.rstrip("."),
        "description": "\n\n".join(
            each
            for each in (operation.description, scope and f"Needs the scope `{scope.value}`.")
            if each
        ),
        "parameters": [*_of_path(operation), *_of_query(operation)],
        "responses": _responses(operation, answer),
        "security": [] if scope is None else [{"token": []}],
    }
    if body is not None:
        content = {"application/json": {"schema": body}}
        if operation.takes_image:
            form = {"$ref": _REF.format(model=_form_name(operation))}
            content["multipart/form-data"] = {"schema": form}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _of_path(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _inline(adapter)}
        for name, adapter in operation.path_types.items()
    ]


def _of_query(operation: Operation) -> list[dict[str, Any]]:
    parameters = []
    query = _inline(TypeAdapter(operation.query))
    for name, field in operation.query.model_fields.items():
        # Not sent, it is not there: null has no place in an address.
        schema = _without_null(query, name)
        description = schema.pop("description", None)
        required = field.is_required()
        if not required and field.default is not None:
            schema["default"] = field.default
        parameter: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
        parameter |= {"required": True} if required else {}
        parameters.append(parameter | ({"description": description} if description else {}))
    return parameters


def _inline(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """A schema without references: those of parameters are small."""
    schema = adapter.json_schema()
    resolved: dict[str, Any] = _resolved(schema, schema.pop("$defs", {}))
    return resolved


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    match schema:
        case {"$ref": str(ref)}:
            return _resolved(definitions[ref.rpartition("/")[2]], definitions)
        case dict():
            return {key: _resolved(each, definitions) for key, each in schema.items()}
        case list():
            return [_resolved(each, definitions) for each in schema]
        case _:
            return schema


def _without_null(model: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = dict(model["properties"][name])
    kinds = [each for each in schema.pop("anyOf", []) if each.get("type") != "null"]
    for each in kinds:
        schema |= {key: value for key, value in each.items() if key != "title"}
    for key in ("title", "default"):
        schema.pop(key, None)
    return schema


def _form_name(operation: Operation) -> str:
    return f"{operation.body.__name__}Form" if operation.body else ""


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    """A form with an image in place of its address."""
    fields = {name: each for name, each in schema["properties"].items() if name != "url"}
    image = {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": "The file: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP.",
    }
    return schema | {
        "title": f"{schema['title']}Form",
        "properties": {"image": image, **fields},
        "required": ["image", *(name for name in schema.get("required", ()) if name != "url")],
    }


def _responses(operation: Operation, answer: Any) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if operation.scope is not None:
        headers |= {
            name: {"description": why, "schema": {"type": "integer"}}
            for name, why in _LIMITS.items()
        }
    if operation.method == "GET":
        headers["ETag"] = {"schema": {"type": "string"}}
    responses = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "headers": headers,
            "content": {"application/json": {"schema": answer}},
        }
    }
    if operation.method == "GET":
        responses["304"] = {"description": "Nothing has changed since the ETag that was sent."}
    problem = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    for status in operation.statuses:
        phrase = HTTPStatus(status).phrase
        responses[str(status)] = {"description": phrase, "content": problem}
    return responses
