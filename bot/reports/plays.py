"""What plays in a community: how its posts' attributes go together with their percentile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from bot.reports.attribute_effects import Effects, estimate_effects
from models.attributes.read import Attributes
from storage.queries.labelled_looks import LabelledLook, labelled_looks
from storage.tables import Community

#: Fewer labels tell nothing.
LEAST_LABELS: Final = 50
#: The newest labels that are looked at.
_NEWEST: Final = 2000
#: Hours that are taken together.
HOURS: Final = 4
#: So many faces and more are one level.
_MANY_FACES: Final = 3
_THIRDS: Final = ("low", "middle", "high")
#: Share of the text that is in the upper and in the lower third where it stands at both ends, and
#: in one of them where it stands there.
_BOTH_ENDS: Final = 0.25
_MOSTLY: Final = 0.6
#: A picture of which no genre is sure.
NOT_SURE: Final = "not_sure"


@dataclass(frozen=True, slots=True)
class Plays:
    """What plays in a community.

    Attributes:
        labels: labels that were looked at, the newest.
        used: of these, labels of images whose attributes are stored.
        effects: of each level of each factor; empty while there are too few labels.
    """

    labels: int
    used: int
    effects: Effects

    @property
    def missing(self) -> int:
        """How many more labels are needed before anything is told."""
        return max(LEAST_LABELS - self.used, 0)


async def read_plays(session: AsyncSession, community: Community) -> Plays:
    """What plays in a community, by its newest 2,000 labels. Takes a second of a processor."""
    looks = await session.run_sync(labelled_looks, community.id, limit=_NEWEST)
    return await asyncio.to_thread(what_plays, looks, ZoneInfo(community.time_zone))


def what_plays(looks: Sequence[LabelledLook], zone: ZoneInfo) -> Plays:
    """What goes together with the percentiles of some posts.

    Args:
        looks: the posts.
        zone: by whose clocks hours and weekdays are told.
    """
    read = [(each, each.attributes) for each in looks if each.attributes is not None]
    if len(read) < LEAST_LABELS:
        return Plays(len(looks), len(read), Effects())
    attributes = [Attributes.from_json(stored) for _, stored in read]
    local = [each.posted_at.astimezone(zone) for each, _ in read]
    factors: Mapping[str, Sequence[str | None]] = {
        "genre": [each.genre or NOT_SURE for each, _ in read],
        "expression": [next(iter(each.expressions), None) for each in attributes],
        "faces": [_faces(each) for each in attributes],
        "colourfulness": _thirds(attributes, lambda each: each.look.colourfulness),
        "sharpness": _thirds(attributes, lambda each: each.look.sharpness),
        "brightness": _thirds(attributes, lambda each: each.look.brightness),
        "text_share": _thirds(attributes, lambda each: each.look.text_share),
        "text_place": [_text_place(each) for each in attributes],
        "hour": [str(when.hour // HOURS * HOURS) for when in local],
        "weekday": [str(when.weekday()) for when in local],
    }
    percentiles = np.array([each.percentile for each, _ in read])
    return Plays(len(looks), len(read), estimate_effects(percentiles, factors))


def _faces(attributes: Attributes) -> str | None:
    if attributes.faces is None:
        return None
    return str(min(len(attributes.faces), _MANY_FACES))


def _text_place(attributes: Attributes) -> str | None:
    """Where most of the text stands."""
    look = attributes.look
    if look.text_top is None or look.text_bottom is None:
        return None
    if not look.text_lines:
        return "none"
    if min(look.text_top, look.text_bottom) >= _BOTH_ENDS:
        return "top_and_bottom"
    places = {"top": look.text_top, "bottom": look.text_bottom}
    best = max(places, key=places.__getitem__)
    return best if places[best] > _MOSTLY else "spread"


def _thirds(
    attributes: Sequence[Attributes], measure: Callable[[Attributes], float | None]
) -> list[str | None]:
    """Whether each is in the lowest, middle or highest third of the community."""
    values = [measure(each) for each in attributes]
    known = [value for value in values if value is not None]
    if not known:
        return [None] * len(values)
    cuts = np.quantile(known, (1 / 3, 2 / 3))
    return [
        None if value is None else _THIRDS[int(np.searchsorted(cuts, value, "right"))]
        for value in values
    ]
