"""Growth curves by platform: those that ship, or those that were learned here."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.growth_curves import SHIPPED, CurvesUnusable, GrowthCurves, learned_path
from storage.types import PlatformName

log = logging.getLogger(__name__)

_SHIPPED = {PlatformName(name): path for name, path in SHIPPED.items()}


def shipped_curves(
    files: Mapping[PlatformName, Path] = _SHIPPED,
) -> dict[PlatformName, GrowthCurves]:
    """The curves of each platform whose file can be used.

    A platform whose file is missing or damaged is left out, with a warning in the log: its second
    looks then come from the line that is learned from stored posts, as on other platforms.
    """
    found = {}
    for platform, path in files.items():
        try:
            found[platform] = GrowthCurves.load(path)
        except CurvesUnusable as error:
            log.warning(
                "%s Second looks on %s are made from stored posts alone.", error, platform.value
            )
    return found


class PlatformCurves(Mapping[PlatformName, GrowthCurves]):
    """The curves that serve now: a training run may replace them at any moment.

    Args:
        folder: of the model versions; learned curves lie in it.
        shipped: curves of platforms that learned none yet.
    """

    def __init__(self, folder: Path, shipped: Mapping[PlatformName, GrowthCurves]) -> None:
        self._folder = folder
        self._shipped = shipped
        #: What was found in a platform's file, and when that was written.
        self._learned: dict[PlatformName, tuple[int, GrowthCurves | None]] = {}

    def __getitem__(self, platform: PlatformName) -> GrowthCurves:
        """The learned ones where they can be used, else those that ship.

        Raises:
            KeyError: there are none.
        """
        path = learned_path(self._folder, platform.value)
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            return self._shipped[platform]
        known = self._learned.get(platform)
        if known is None or known[0] != written:
            known = self._learned[platform] = written, _load(path)
        return self._shipped[platform] if known[1] is None else known[1]

    def __iter__(self) -> Iterator[PlatformName]:
        """Platforms that have curves."""
        return (each for each in PlatformName if self.get(each) is not None)

    def __len__(self) -> int:
        """How many have."""
        return sum(1 for _ in self)


def _load(path: Path) -> GrowthCurves | None:
    try:
        return GrowthCurves.load(path)
    except CurvesUnusable as error:
        log.warning("%s Those that ship serve.", error)
        return None
