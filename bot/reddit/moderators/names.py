"""What people who guessed are called on Reddit: by the name that their own comments show."""

from bot.people.nicknames import nickname
from bot.people.sealed_ids import open_id
from storage.types import PlatformName


class Names:
    """Opens names that were sealed when their owners guessed.

    Args:
        key: of the hashes that stand for people.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name_of(self, person: str, sealed: str | None) -> str | None:
        """The account of a keyed hash; None: it is not kept."""
        return None if sealed is None else open_id(self._key, PlatformName.REDDIT, person, sealed)

    def shown(self, person: str, sealed: str | None) -> str:
        """How somebody is named in a list. Nobody is sent a message by it.

        A link of the form ``u/name`` would send one.
        """
        name = self.name_of(person, sealed)
        if name is None:
            return nickname(person)
        plain = name.replace("_", "\\_")
        return f"[{plain}](https://www.reddit.com/user/{name})"
