"""An event that discord.py cannot read is skipped, and the connection lives on.

discord.py reads events inside the loop that receives them: an error there ends the connection, for
all servers, because of one odd event.
"""

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

log = logging.getLogger(__name__)

#: What reads an event's data.
Parser: TypeAlias = Callable[[Any], None]
#: Hears of an event that was skipped: its name and its data.
Skipped: TypeAlias = Callable[[str, Any], None]

#: Without these there is no session: where one cannot be read, the connection begins anew.
_NEEDED = ("READY", "RESUMED")


def guard_events(parsers: MutableMapping[str, Parser], skipped: Skipped) -> None:
    """Have every event that cannot be read be logged and skipped.

    Args:
        parsers: by the names of events; changed in place.
        skipped: is told of each event that is skipped.
    """
    for name, parser in [*parsers.items()]:
        if name not in _NEEDED:
            parsers[name] = _guarded(name, parser, skipped)


def _guarded(name: str, parser: Parser, skipped: Skipped) -> Parser:
    def parse(data: Any) -> None:
        try:
            parser(data)
        except Exception:
            # Whatever is wrong with an event, the next one has nothing to do with it.
            log.exception("An event %s cannot be read and is skipped.", name)
            skipped(name, data)

    return parse
