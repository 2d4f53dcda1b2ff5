"""What a writing transaction has to itself while others write beside it.

SQLite has one writer at a time, so that nobody changes what a writer goes by. On PostgreSQL writers
run side by side, and each says what it counts on. There are three kinds:

- ``EVERYTHING``: it runs alone, as on SQLite. What is not said otherwise; for what is rare, or
  changes rows of any kind.
- Some scopes: those who name the same one come one after another. For what is decided by rows that
  cannot be locked themselves, because they are many (all that waits in a community) or not there
  yet (a person who was never seen).
- ``ITS_ROWS``: nothing is counted on but what its statements say themselves: a change of a row that
  is still in a state, an insert that a unique constraint holds up, a row that was read to be
  changed (``SELECT … FOR UPDATE``).

And there is ``BESIDE_ALL``, for one statement that keeps what its process does alive: it waits for
nobody's turn, not even for who runs alone, and has a connection of its own.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from storage.types import PlatformName


class Scope(NamedTuple):
    """Something that one writer at a time may go by: a kind of thing, and which one."""

    kind: str
    name: str = ""

    @property
    def number(self) -> int:
        """What stands for it in the database: 64 bits with a sign, the same on every machine.

        Two scopes with the same number only wait for each other without need.
        """
        digest = hashlib.blake2b(f"{self.kind}\0{self.name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


Scopes: TypeAlias = Sequence[Scope]

_ALL = Scope("everything")
EVERYTHING: Final[Scopes] = (_ALL,)
ITS_ROWS: Final[Scopes] = ()
BESIDE_ALL: Final[Scopes] = (Scope("beside all"),)
#: For ``with_for_update``: the row is read to be decided on. Rows may still come to point at it.
LOCKED: Final[Any] = {"key_share": True}
#: All labels: each is written after the one before it, by `storage.tables.Label.written_at`. To
#: be waited for at the end of a transaction (`storage.engine.postgresql.wait_for`).
LABELS: Final = Scope("labels")
#: All duels: each is scored by those that were decided before it.
DUELS: Final = Scope("duels")
#: All leases: some exclude others.
LEASES: Final = Scope("leases")
#: What admins are told once: whether they were told already.
NOTICES: Final = Scope("notices")
#: What is noted of the parts of running processes, those that are gone among them.
SERVICES: Final = Scope("services")


def community_scope(community_id: int) -> Scope:
    """What waits in a community, its account of the experts, and how often it was replied to."""
    return Scope("community", str(community_id))


def person_scope(platform: PlatformName, person: str) -> Scope:
    """A person's row, which may not be there yet.

    Args:
        platform: where they are.
        person: the keyed hash of their id there.
    """
    return Scope("person", f"{platform.value} {person}")


def source_scope(platform: PlatformName, source_id: str) -> Scope:
    """A post as its platform knows it, which may not be stored yet."""
    return Scope("source", f"{platform.value} {source_id}")


def high_water_scope(platform: PlatformName) -> Scope:
    """How far the communities of a platform were read."""
    return Scope("high water", platform.value)


def is_everything(scopes: Scopes) -> bool:
    """Whether a writer runs alone."""
    return _ALL in scopes
