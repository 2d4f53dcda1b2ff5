"""Keyed hashes to names: who was met since the start, and who plays in the league."""

from collections import OrderedDict

from bot.people.identity import hash_person
from bot.people.sealed_ids import open_id, seal_id
from storage.types import PlatformName

#: People who are remembered; the one not seen for longest is forgotten first.
_MOST = 10_000


class MemberNames:
    """Discord ids by the hashes that the tables know people by, in memory.

    Of people who play, the tables also hold the id, sealed with the people key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._ids: OrderedDict[str, int] = OrderedDict()

    def remember(self, user_id: int) -> str:
        """Remember a person; return the keyed hash of their id."""
        person = hash_person(self._key, PlatformName.DISCORD, str(user_id))
        self._ids[person] = user_id
        self._ids.move_to_end(person)
        if len(self._ids) > _MOST:
            self._ids.popitem(last=False)
        return person

    def forget(self, person: str) -> None:
        """Forget a person."""
        self._ids.pop(person, None)

    def seal(self, user_id: int) -> str:
        """A person's id as the tables may keep it."""
        return seal_id(self._key, PlatformName.DISCORD, str(user_id))

    def mention(self, person: str, sealed: str | None = None) -> str | None:
        """How Discord shows a person, from their hash; None for who cannot be named.

        Args:
            sealed: their id as the tables keep it; None: they keep none.
        """
        user_id: int | str | None = self._ids.get(person)
        if user_id is None and sealed is not None:
            user_id = open_id(self._key, PlatformName.DISCORD, person, sealed)
        return None if user_id is None else f"<@{user_id}>"
