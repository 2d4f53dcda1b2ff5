"""Whether what the bot sends is what Discord's API takes.

Requests are always checked against `tests/fixtures/discord_schema.json`, which was derived from
the official API description, and against the whole description where that lies beside the
repository. ``python -m tests.fakes.discord.validation DESCRIPTION`` derives the file anew.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tests.fakes.json_schema import problems

ROOT = Path(__file__).parents[3]
DERIVED = ROOT / "tests" / "fixtures" / "discord_schema.json"
DESCRIPTION = ROOT.parent / "shared" / "contracts" / "discord_openapi.json"

#: Routes with a body or a query that the bot may use.
ROUTES = (
    ("post", "/channels/{channel_id}/messages"),
    ("get", "/channels/{channel_id}/messages"),
    ("patch", "/channels/{channel_id}/messages/{message_id}"),
    ("get", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"),
    ("post", "/interactions/{interaction_id}/{interaction_token}/callback"),
    ("post", "/webhooks/{webhook_id}/{webhook_token}"),
    ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"),
    ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"),
    ("get", "/applications/{application_id}/commands"),
    ("put", "/applications/{application_id}/commands"),
    ("post", "/applications/{application_id}/commands"),
    ("put", "/applications/{application_id}/guilds/{guild_id}/commands"),
    ("get", "/guilds/{guild_id}/members"),
    ("post", "/users/@me/channels"),
)
#: What the bot has no use for is left out of the derived file.
UNUSED = (
    "Poll", "CustomClientTheme", "SocialLayerSKU", "LaunchActivity", "Pong", "FileUpload",
    "Checkbox", "Radio", "ApplicationCommandHandler", "MentionableSelect", "RoleSelect",
)  # fmt: skip
_WORDS = ("title", "description", "x-discord-union")


def request_problems(
    method: str, route: str, payload: Any, query: Mapping[str, str]
) -> tuple[str, ...]:
    """What is wrong with a request by both descriptions, each with its place."""
    return _problems(method, route, json.dumps(payload), tuple(query.items()))


@lru_cache(maxsize=1000)
def _problems(
    method: str, route: str, payload: str, query: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    """What is wrong with a request. Every bot sends the same hundred commands: checked once."""
    found: dict[str, None] = {}
    for document in [derived(), official()] if DESCRIPTION.exists() else [derived()]:
        rules = document["routes"].get(f"{method} {route}")
        if rules is None:
            continue
        if "body" in rules:
            sent = coerced(json.loads(payload))
            found |= dict.fromkeys(problems(sent, rules["body"], document))
        for name, text in query:
            if (schema := rules.get("query", {}).get(name)) is not None:
                wrong = problems(_read(text, schema), schema, document)
                found |= dict.fromkeys(f"?{name}: {each}" for each in wrong)
    return tuple(found)


def answer_problems(method: str, route: str, body: Any) -> list[str]:
    """What is wrong with an answer of the loopback Discord itself, by the official description."""
    if not DESCRIPTION.exists():
        return []
    document = official()
    schema = document["routes"].get(f"{method} {route}", {}).get("answer")
    return [] if schema is None else problems(body, schema, document)


def _read(text: str, schema: Mapping[str, Any]) -> Any:
    """A value of a query, which is always text, as what it stands for."""
    kind = str(schema.get("type"))
    if "boolean" in kind:
        return {"true": True, "1": True, "false": False, "0": False}.get(text, text)
    return int(text) if "integer" in kind and text.isdigit() else text


def coerced(payload: Any) -> Any:
    """``payload`` with ids as strings where discord.py sends numbers, which Discord accepts."""
    if isinstance(payload, list):
        return [coerced(each) for each in payload]
    if not isinstance(payload, dict):
        return payload
    result = {name: coerced(value) for name, value in payload.items()}
    if isinstance(reference := result.get("message_reference"), dict):
        for name in ("message_id", "channel_id", "guild_id"):
            if isinstance(reference.get(name), int):
                reference[name] = str(reference[name])
    for attachment in result.get("attachments") or []:
        if isinstance(attachment, dict) and isinstance(attachment.get("id"), int):
            attachment["id"] = str(attachment["id"])
    if isinstance(result.get("recipient_id"), int):
        result["recipient_id"] = str(result["recipient_id"])
    return result


@cache
def derived() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DERIVED.read_text())
    return document


@cache
def official() -> dict[str, Any]:
    """The whole description, with its routes laid out as in the derived file."""
    document = json.loads(DESCRIPTION.read_text())
    routes = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "put", "post", "patch", "delete"):
                rules = _rules(operation)
                answers = operation["responses"].get("200", {}).get("content", {})
                if "application/json" in answers:
                    rules["answer"] = answers["application/json"]["schema"]
                routes[f"{method.upper()} {path}"] = rules
    return {"routes": routes, "components": document["components"]}


def _rules(operation: Mapping[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        rules["body"] = content["application/json"]["schema"]
    query = {
        parameter["name"]: parameter["schema"]
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query"
    }
    if query:
        rules["query"] = query
    return rules


def derive(description: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the official description that `ROUTES` need, without its prose."""
    schemas: dict[str, Any] = {}

    def follow(schema: Any) -> None:
        for name in _references(schema):
            if name not in schemas:
                schemas[name] = _pruned(description["components"]["schemas"][name])
                follow(schemas[name])

    routes = {}
    for method, path in ROUTES:
        rules = _pruned(_rules(description["paths"][path][method]))
        routes[f"{method.upper()} {path}"] = rules
        follow(rules)
    return {"routes": routes, "components": {"schemas": dict(sorted(schemas.items()))}}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _unused(schema: Any) -> bool:
    names = list(_references(schema))
    return bool(names) and all(name.startswith(UNUSED) for name in names)


def _pruned(schema: Any, *, names: bool = False) -> Any:
    """Without prose and without what is unused; ``names``: the keys are names, not keywords."""
    if isinstance(schema, list):
        return [_pruned(each) for each in schema if not _unused(each)]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if not names and key in _WORDS:
            continue
        if names and _unused(value):
            continue
        kept[key] = _pruned(value, names=not names and key in ("properties", "query"))
    alternatives = kept.get("oneOf")
    if alternatives and all(set(each) <= {"const", "type"} for each in alternatives):
        kept["enum"] = [each["const"] for each in kept.pop("oneOf") if "const" in each]
    return kept


if __name__ == "__main__":
    text = json.dumps(derive(json.loads(Path(sys.argv[1]).read_text())), separators=(",", ":"))
    DERIVED.write_text(text.replace('},"', '},\n"') + "\n")
