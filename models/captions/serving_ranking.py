"""Which ranking of captions serves: the one that ships, or one that was learned here."""

import logging
from pathlib import Path
from typing import Final

from models.attributes.serving_genres import SHIPPED, read_serving
from models.captions.ranking import SHIPPED_RANKING, Ranking

log = logging.getLogger(__name__)

#: Name of the folder of the rankings that were learned here, beside the model versions.
RANKINGS: Final = "captions"
#: Name of the file in the folder of one.
RANKING: Final = "ranking.json"


def serving_ranking(folder: Path | None) -> Ranking:
    """The ranking that serves; one that cannot be read leaves the place to the one that ships.

    Args:
        folder: of the rankings that were learned here; None: there is none.
    """
    name = SHIPPED if folder is None else read_serving(folder).name
    if folder is None or name == SHIPPED:
        return SHIPPED_RANKING
    try:
        return Ranking.load(folder / name / RANKING)
    except (OSError, ValueError) as error:
        log.warning("The ranking of captions %s cannot be read (%s).", name, error)
        return SHIPPED_RANKING
