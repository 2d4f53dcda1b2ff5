"""Tables without their classes."""

from sqlalchemy import Table

from storage.tables.base import Base


def table_of(entity: type[Base]) -> Table:
    """The table of a class. What is said to it goes past the ORM, which costs as much again."""
    table = entity.__table__
    assert isinstance(table, Table)  # noqa: S101 - no class of ours stands for anything else
    return table
