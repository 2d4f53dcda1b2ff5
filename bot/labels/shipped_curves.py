"""Growth curves that ship: which platforms have them, and what to do when a file cannot be used."""

import logging
from collections.abc import Mapping
from pathlib import Path

from models.growth_curves import STARTER, CurvesUnusable, GrowthCurves
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: The file that ships for a platform. Scores of one platform say nothing about another's.
SHIPPED: Mapping[PlatformName, Path] = {PlatformName.REDDIT: STARTER}


def shipped_curves(
    files: Mapping[PlatformName, Path] = SHIPPED,
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
