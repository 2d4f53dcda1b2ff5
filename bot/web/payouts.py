"""What a right guess pays now, for the buttons that it is made with."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from bot.league.scoring import base_rates, points
from models.percentiles import WINDOW
from storage.queries.labels import window_before
from storage.tables import Community
from storage.types import Bucket


def read_payouts(
    session: Session, communities: Iterable[Community], now: datetime
) -> dict[int, Mapping[Bucket, float]]:
    """The points of a right guess on each bucket in each community, by its labels so far.

    They are counted anew when a guess is scored.
    """
    found: dict[int, Mapping[Bucket, float]] = {}
    for community in communities:
        rows = window_before(
            session,
            community.id,
            measure=community.measure,
            matured_by=now,
            limit=WINDOW - 1,
        )
        rates = base_rates([row.bucket for row in rows])
        found[community.id] = {bucket: points(bucket, bucket, rates) for bucket in Bucket}
    return found
