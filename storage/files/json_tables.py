"""The rows in a JSON document, however it is built."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeGuard

from storage.files.post_columns import DATE_KEYS, ID_KEYS, SCORE_KEYS, Columns


def rows_in(content: Any) -> Iterable[Any] | None:
    """The rows in a JSON document; None where there are none."""
    if isinstance(content, list):
        listings = [rows_in(each) for each in content if is_listing(each)]
        if listings:
            return [row for rows in listings for row in rows or ()]
        return _with_names(content)
    if not isinstance(content, dict) or not content:
        return None
    if is_listing(content):
        return rows_in(content["data"].get("children"))
    names, data = content.get("columns"), content.get("data")
    if _are_names(names) and isinstance(data, list):
        return [_named(names, row) for row in data]
    values = list(content.values())
    lists = [each for each in values if isinstance(each, list)]
    if len(lists) == len(values) and len(set(map(len, lists))) == 1 and _names_id(content):
        return [dict(zip(content, row, strict=True)) for row in zip(*lists, strict=True)]
    if _is_post(content) or _is_post(content.get("data")):
        return [content]
    if all(isinstance(each, dict) for each in values):
        return _rows_in_tables(content)
    return _only_rows_in(values)


def _only_rows_in(values: Collection[Any]) -> Iterable[Any] | None:
    """The rows of the one value that has some; None where none has, or several have."""
    found: list[Iterable[Any]] = [
        each for each in values if isinstance(each, list) and _holds_objects(each)
    ]
    if not found:
        # Each is looked into once: twice would double the time for every object around it.
        found = [rows for each in values if isinstance(each, dict) and (rows := rows_in(each))]
    return found[0] if len(found) == 1 else None


def _rows_in_tables(content: Mapping[str, Mapping[str, Any]]) -> Iterable[Any]:
    """The rows of an object of objects: TinyDB's tables, or a table as pandas writes it."""
    tables = list(content.values())
    inner = [value for table in tables for value in table.values()]
    if all(isinstance(value, dict) for value in inner):
        return inner  # TinyDB: tables of numbered objects
    if len(tables) == 1 and not _names_id(tables[0]) and (rows := rows_in(tables[0])) is not None:
        return rows  # an answer with the rows inside another object
    if not all(key.isdecimal() for table in tables for key in table):
        # pandas, by rows; or objects by their ids
        return [row if _names_id(row) else {"id": key, **row} for key, row in content.items()]
    if any(isinstance(value, dict) for value in inner):
        return inner
    numbers = dict.fromkeys(key for table in tables for key in table)
    return [{name: table.get(key) for name, table in content.items()} for key in numbers]


def _with_names(rows: list[Any]) -> list[Any]:
    """Rows as objects, where they are lists of which the first has the names of the columns."""
    if len(rows) < 2 or not all(isinstance(row, list) for row in rows):
        return rows
    names = rows[0]
    if not _are_names(names) or not _names_id(dict.fromkeys(names, 0)):
        return rows
    return [_named(names, row) for row in rows[1:]]


def _are_names(content: Any) -> TypeGuard[list[str]]:
    return isinstance(content, list) and all(isinstance(each, str) for each in content)


def _named(names: list[str], row: Any) -> Any:
    """A row of a table as an object; what is no row stays what it is."""
    return dict(zip(names, row, strict=False)) if isinstance(row, list) else row


def _names_id(row: Mapping[str, Any]) -> bool:
    return any(Columns(row).all(ID_KEYS))


def _is_post(content: Any) -> bool:
    """Whether it is one post by itself: it has an id, a date and a score."""
    if not isinstance(content, dict):
        return False
    columns = Columns(content)
    return all(
        any(not isinstance(value, dict | list) for _, value in columns.all(keys))
        for keys in (ID_KEYS, DATE_KEYS, SCORE_KEYS)
    )


def _holds_objects(rows: list[Any]) -> bool:
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def is_listing(content: Any) -> bool:
    """Whether it is a listing of Reddit."""
    return (
        isinstance(content, dict)
        and content.get("kind") == "Listing"
        and isinstance(content.get("data"), dict)
    )
