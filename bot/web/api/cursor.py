"""Where a page begins: after a moment and an id, whatever was added or deleted meanwhile."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from bot.web.api.values import MAX_ID
from bot.web.refusals import Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page, by what the list is in order of."""

    moment: datetime
    id: int

    def write(self) -> str:
        """As it stands in an address."""
        text = f"{(self.moment - _EPOCH) // _MICROSECOND}.{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def before(
        self, moment: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[int]
    ) -> ColumnElement[bool]:
        """What comes after this item in a list whose newest come first."""
        # In this form an index on the moment leads straight to it.
        return and_(moment <= self.moment, or_(moment < self.moment, row_id < self.id))


def read_cursor(text: str | None) -> Cursor | None:
    """The cursor of an address; None: it has none.

    Raises:
        Refusal: (400) this is not what a page gave.
    """
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        micros, row_id = map(int, raw.decode("ascii").split("."))
        moment = _EPOCH + micros * _MICROSECOND
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Refusal(400, "cursor: send what `next` of the page before was.") from error
    if not 0 <= row_id <= MAX_ID:
        raise Refusal(400, "cursor: send what `next` of the page before was.")
    return Cursor(moment, row_id)
