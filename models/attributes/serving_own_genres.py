"""Which head tells a community's own genres, if one does."""

import logging
from pathlib import Path
from typing import Final

from models.attributes.genre import GenreHeadUnusable
from models.attributes.own_genres import OwnGenreHead
from models.attributes.serving_genres import SHIPPED, read_serving, serving_stamp

log = logging.getLogger(__name__)

_OWN: Final = "own"
_HEAD: Final = "genres.npz"


def own_folder(folder: Path, community_id: int) -> Path:
    """Where the heads of a community are, in the folder of all genre heads."""
    return folder / _OWN / str(community_id)


def own_head_path(folder: Path, community_id: int, name: str) -> Path:
    """The file of one of them."""
    return own_folder(folder, community_id) / name / _HEAD


class ServingOwnGenres:
    """The heads that serve, each read again when another one does.

    Args:
        folder: of all genre heads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._heads: dict[int, tuple[object, OwnGenreHead | None]] = {}

    def head(self, community_id: int) -> OwnGenreHead | None:
        """The head of a community; None: it has none, or one that cannot be read."""
        where = own_folder(self._folder, community_id)
        stamp = serving_stamp(where)
        known = self._heads.get(community_id)
        if known is None or known[0] != stamp:
            known = self._heads[community_id] = (stamp, self._load(community_id))
        return known[1]

    def communities(self) -> list[int]:
        """The communities for which a head was learned once."""
        found = self._folder.glob(f"{_OWN}/*/")
        return sorted(int(each.name) for each in found if each.name.isdecimal())

    def _load(self, community_id: int) -> OwnGenreHead | None:
        name = read_serving(own_folder(self._folder, community_id)).name
        if name == SHIPPED:
            # No genre of a community's own ships: nothing was promoted.
            return None
        try:
            return OwnGenreHead.load(own_head_path(self._folder, community_id, name))
        except GenreHeadUnusable as error:
            log.warning("%s The community's own genres are not told.", error)
            return None
