"""What scores mean in a community: where its buckets begin and end, and its recent scores."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.percentiles import WINDOW, BucketRule, Quantiles
from storage.queries.communities import platform_scores, recent_scores
from storage.tables import Community


def bucket_rule(community: Community) -> BucketRule:
    """Where low ends and high begins in a community."""
    return BucketRule(community.low_up_to, community.medium_up_to)


def read_quantiles(session: Session, community: Community, *, before: datetime) -> Quantiles:
    """The quantiles that a prediction in ``community`` is read through at the moment ``before``."""
    measure = community.measure
    own = recent_scores(session, community.id, before=before, limit=WINDOW, measure=measure)
    quantiles = Quantiles.of(own, ())
    if quantiles.source == "none":
        everywhere = platform_scores(
            session, community.platform, before=before, limit=WINDOW, measure=measure
        )
        quantiles = Quantiles.of(own, everywhere)
    return quantiles
