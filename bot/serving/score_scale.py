"""What scores mean in a community: where its buckets begin and end, and its recent scores."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy.orm import Session

from models.percentiles import WINDOW, BucketRule, Quantiles
from storage.queries.communities import platform_scores, recent_scores
from storage.tables import Community
from storage.types import Measure, PlatformName


def bucket_rule(community: Community) -> BucketRule:
    """Where low ends and high begins in a community."""
    return BucketRule(community.low_up_to, community.medium_up_to)


def read_quantiles(session: Session, community: Community, *, before: datetime) -> Quantiles:
    """The quantiles that a prediction in ``community`` is read through at the moment ``before``."""
    return quantiles_at(session, before)(community)


def quantiles_at(session: Session, before: datetime) -> Callable[[Community], Quantiles]:
    """`read_quantiles` for several communities: what is the same for them is read once."""

    @cache
    def everywhere(platform: PlatformName, measure: Measure) -> Sequence[float]:
        return platform_scores(session, platform, before=before, limit=WINDOW, measure=measure)

    @cache
    def of(community: Community) -> Quantiles:
        measure = community.measure
        own = recent_scores(session, community.id, before=before, limit=WINDOW, measure=measure)
        quantiles = Quantiles.of(own, ())
        if quantiles.source == "none":
            quantiles = Quantiles.of(own, everywhere(community.platform, measure))
        return quantiles

    return of
