"""Whether the object store of images takes an object, gives it back, lists it and deletes it."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bot.operations.findings import Finding, State
from bot.settings import Settings
from storage.objects.faults import ObjectStoreFault
from storage.objects.object_store import ObjectsMissing, ObjectStore, Patience, TooLarge

_PREFIX = "check"
_BYTES = 1024
#: A check waits for less time than posts do.
_PATIENCE = Patience(seconds=5.0, tries_again=1)
#: Clocks that differ by more need a look: S3 refuses requests that differ by 15 minutes.
_CLOCK = timedelta(minutes=5)
#: Five requests that take longer need a look, seconds.
_SLOW = 3.0
#: What one check found is told again for so long, seconds.
_FRESH = 60.0


class ObjectStoreCheck:
    """Tries the object store, at most once a minute.

    Args:
        settings: name it.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.images_url
        self._found: tuple[float, list[Finding]] | None = None

    def look(self) -> list[Finding]:
        """A line on the object store; none where there is none. It waits for a network."""
        if self._url is None:
            return []
        if self._found is None or time.monotonic() - self._found[0] > _FRESH:
            found = object_store_finding(self._url)
            self._found = time.monotonic(), [found]
        return self._found[1]


def object_store_finding(url: str) -> Finding:
    """Write an object, read it, find it in the list, delete it; say how that went."""
    started = time.monotonic()
    try:
        wrong, clock = _try(ObjectStore(url, patience=_PATIENCE))
    except (ObjectStoreFault, ObjectsMissing) as error:
        wait = "Until then posts wait." if isinstance(error, ObjectStoreFault) else ""
        return Finding("object store", State.TROUBLE, f"{error} {wait}".strip())
    if wrong is not None:
        return Finding("object store", State.TROUBLE, f"{url} {wrong}. Until it does, posts wait.")
    took = time.monotonic() - started
    done = f"{url} takes, lists, gives back and deletes an object"
    if clock > _CLOCK:
        sentence = f"{done}, but its clock and this machine's differ by {clock}. Set the clock."
        return Finding("object store", State.LOOK, sentence)
    if took > _SLOW:
        sentence = f"{done}, but slowly: {took:.1f} s for five requests."
        return Finding("object store", State.LOOK, sentence)
    return Finding("object store", State.WELL, f"{done}, in {took:.1f} s.")


def _try(objects: ObjectStore) -> tuple[str | None, timedelta]:
    """What does not work (None: all does), and by how much the clocks differ."""
    key, data = f"{_PREFIX}/{uuid4().hex}", os.urandom(_BYTES)
    objects.put_new(key, data)
    try:
        if objects.read(key, max_bytes=_BYTES) != data:
            return "gives back other bytes than were written", timedelta()
    except (FileNotFoundError, TooLarge):
        return "does not give back what was just written", timedelta()
    listed = {each.key: each for each in objects.list(_PREFIX)}
    if key not in listed:
        return "does not list what was just written", timedelta()
    objects.delete([key])
    # Those of checks that were cut short.
    now = datetime.now(UTC)
    old = [name for name, each in listed.items() if now - each.modified > timedelta(days=1)]
    if old:
        objects.delete(old)
    return None, timedelta(seconds=round(abs((now - listed[key].modified).total_seconds())))
