"""Checks values against the part of JSON Schema that Discord's API description uses.

An unknown keyword is an error, so that nothing is passed over in silence.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "null": (type(None),), "integer": (int,), "number": (int, float),
}  # fmt: skip
#: Keywords that say nothing about what is valid.
_SILENT = {
    "title", "description", "format", "contentEncoding", "x-discord-union", "deprecated", "default",
}  # fmt: skip


def problems(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``value``, as sentences that begin with the place; empty if nothing is.

    Args:
        value: anything that JSON can say.
        schema: what it should be.
        root: the document that ``$ref`` points into.
    """
    return list(_Check(root).check(value, schema, "$"))


class _Check:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def check(self, value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
        for keyword, wanted in schema.items():
            if keyword in _SILENT:
                continue
            rule = getattr(self, f"_{keyword.lstrip('$')}", None)
            if rule is None:
                raise NotImplementedError(f"keyword {keyword} at {place}")
            yield from rule(value, wanted, schema, place)

    def _ref(self, value: Any, target: str, _: Any, place: str) -> Iterator[str]:
        found: Any = self._root
        for part in target.removeprefix("#/").split("/"):
            found = found[part]
        yield from self.check(value, found, place)

    def _type(self, value: Any, wanted: str | list[str], _: Any, place: str) -> Iterator[str]:
        names = [wanted] if isinstance(wanted, str) else wanted
        if not any(_is(value, name) for name in names):
            yield f"{place}: {_short(value)} is not of type {' or '.join(names)}"

    def _enum(self, value: Any, wanted: list[Any], _: Any, place: str) -> Iterator[str]:
        if not any(_same(value, each) for each in wanted):
            yield f"{place}: {_short(value)} is none of {wanted}"

    def _const(self, value: Any, wanted: Any, _: Any, place: str) -> Iterator[str]:
        if not _same(value, wanted):
            yield f"{place}: {_short(value)} is not {wanted!r}"

    def _properties(
        self, value: Any, wanted: Mapping[str, Any], _: Any, place: str
    ) -> Iterator[str]:
        if isinstance(value, dict):
            for name, schema in wanted.items():
                if name in value:
                    yield from self.check(value[name], schema, f"{place}.{name}")

    def _required(self, value: Any, wanted: list[str], _: Any, place: str) -> Iterator[str]:
        if isinstance(value, dict):
            for name in wanted:
                if name not in value:
                    yield f"{place}: {name} is missing"

    def _additionalProperties(  # noqa: N802 - JSON Schema's own name
        self, value: Any, wanted: Any, schema: Mapping[str, Any], place: str
    ) -> Iterator[str]:
        if isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                if wanted is False:
                    yield f"{place}: {name} does not belong here"
                elif isinstance(wanted, Mapping):
                    yield from self.check(value[name], wanted, f"{place}.{name}")

    def _items(self, value: Any, wanted: Mapping[str, Any], _: Any, place: str) -> Iterator[str]:
        if isinstance(value, list):
            for position, each in enumerate(value):
                yield from self.check(each, wanted, f"{place}[{position}]")

    def _anyOf(self, value: Any, wanted: list[Any], _: Any, place: str) -> Iterator[str]:  # noqa: N802
        tries = [list(self.check(value, each, place)) for each in wanted]
        if all(tries):
            # The alternative that went furthest is the one that was meant.
            nearest = max(tries, key=lambda found: max(len(one.split(":")[0]) for one in found))
            yield from nearest

    def _oneOf(self, value: Any, wanted: list[Any], _: Any, place: str) -> Iterator[str]:  # noqa: N802
        tries = [list(self.check(value, each, place)) for each in wanted]
        fitting = sum(not found for found in tries)
        if fitting > 1:
            yield f"{place}: {_short(value)} fits {fitting} alternatives"
        elif not fitting:
            yield from self._anyOf(value, wanted, None, place)

    def _allOf(self, value: Any, wanted: list[Any], _: Any, place: str) -> Iterator[str]:  # noqa: N802
        for each in wanted:
            yield from self.check(value, each, place)

    def _minLength(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, str) and len(value) < wanted:
            yield f"{place}: shorter than {wanted} characters"

    def _maxLength(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, str) and len(value) > wanted:
            yield f"{place}: {len(value)} characters, at most {wanted} are allowed"

    def _pattern(self, value: Any, wanted: str, _: Any, place: str) -> Iterator[str]:
        if isinstance(value, str) and not re.search(wanted, value):
            yield f"{place}: {_short(value)} does not look like {wanted}"

    def _minItems(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, list) and len(value) < wanted:
            yield f"{place}: fewer than {wanted} items"

    def _maxItems(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, list) and len(value) > wanted:
            yield f"{place}: {len(value)} items, at most {wanted} are allowed"

    def _uniqueItems(self, value: Any, wanted: bool, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if wanted and isinstance(value, list):
            for position, each in enumerate(value):
                if any(_same(each, other) for other in value[:position]):
                    yield f"{place}[{position}]: twice"

    def _minProperties(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, dict) and len(value) < wanted:
            yield f"{place}: fewer than {wanted} properties"

    def _maxProperties(self, value: Any, wanted: int, _: Any, place: str) -> Iterator[str]:  # noqa: N802
        if isinstance(value, dict) and len(value) > wanted:
            yield f"{place}: more than {wanted} properties"

    def _minimum(self, value: Any, wanted: float, _: Any, place: str) -> Iterator[str]:
        if _is(value, "number") and value < wanted:
            yield f"{place}: {value} is less than {wanted}"

    def _maximum(self, value: Any, wanted: float, _: Any, place: str) -> Iterator[str]:
        if _is(value, "number") and value > wanted:
            yield f"{place}: {value} is more than {wanted}"


def _is(value: Any, name: str) -> bool:
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
