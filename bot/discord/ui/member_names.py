"""Names to keyed hashes: who was met since the start can be named, nobody else."""

from collections import OrderedDict

from bot.people.identity import hash_person
from storage.types import PlatformName

#: People who are remembered; the one not seen for longest is forgotten first.
_MOST = 10_000


class MemberNames:
    """Discord ids of people who did something while this process ran, by their hashes.

    The tables hold hashes only. What links them to people is never written down.
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

    def mention(self, person: str) -> str | None:
        """How Discord shows a person, from their hash; None for who was not met."""
        user_id = self._ids.get(person)
        return None if user_id is None else f"<@{user_id}>"
