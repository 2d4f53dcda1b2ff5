"""What queries and paths of the API may hold, read strictly: a number is written in digits."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
#: Ids of rows: what fits into a whole number of a database, and into JSON's.
MAX_ID = 2**53 - 1
MAX_PAGE = 100


def _number(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{1,16}", value, re.ASCII) is None:
        raise ValueError("a whole number is written in digits")
    return value


def _flag(value: Any) -> Any:
    if value not in ("true", "false", True, False):
        raise ValueError("it is true or false")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise ValueError("a moment is written as 2026-11-26T08:30:00Z")
    # Python reads six digits of a second.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.upper()))
    # Before and after these there is nothing, and near the ends of the calendar no other zone.
    if moment.year <= _FIRST.year - 1:
        return _FIRST
    if moment.year >= _LAST.year + 1:
        return _LAST
    return min(max(moment, _FIRST), _LAST)


Id = Annotated[int, BeforeValidator(_number), Field(ge=1, le=MAX_ID)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Limit = Annotated[
    int, BeforeValidator(_number), Field(ge=1, le=MAX_PAGE, description="Most items of the page.")
]
Offset = Annotated[
    int, BeforeValidator(_number), Field(ge=0, le=10**6, description="Items before the page.")
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Season = Annotated[
    str,
    Field(
        pattern=r"^(now|all|20[0-9]{2}-(0[1-9]|1[0-2]))$",
        description="A month as 2026-11, `now` for this one, or `all` for all time.",
    ),
]


class Query(BaseModel):
    """Parameters of an address; names that mean nothing are refused: they are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Paged(Query):
    """Parameters of a list that is read page by page."""

    limit: Limit = 50
    cursor: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="`next` of the page before; without it, the first page.",
        ),
    ] = None
