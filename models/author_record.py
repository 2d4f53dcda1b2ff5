"""An author's past in one community, as it was known at one moment: the record and its columns.

The one definition for training and serving (`models.records` reads the posts from the database,
`trainer.data` from files), free of any order in which the posts are handed in.

What counts, and from when on:

- A post counts as **posted** once its time has come: at any earlier moment, and not at the same.
  What became of it (refused, withdrawn, removed) plays no part, because that came later.
- Its percentile counts once its score was final (``matured_at`` at or before the moment).
- It **waits** while it is younger than the community's horizon and has no percentile yet. A post
  that never gets a label stops waiting at the horizon.
- Of the posts younger than the horizon, and of the older ones, the newest `LOOK_BACK` are looked
  at: somebody who posts very much costs no more, and is still known by what is final.
- Of posts with the same time, one with a higher percentile goes for the later one.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

#: How many of an author's newest posts a record looks at, younger than the horizon and older.
LOOK_BACK = 50

#: A mean is pulled towards the community's as if by so many average posts.
PRIOR = 2.0

#: In the recent mean, a post weighs so much of the next newer one; it is pulled towards the
#: community's mean as if by one average post.
FADE = 0.7
_RECENT_PRIOR = 1.0

#: Who has not posted for this long (hours) is as somebody who never did.
_LONGEST_GAP = 365 * 24.0

#: Percentiles are taken as whole millionths, so that no order of summing changes a record.
MILLION = 1_000_000


class EarlierPost(NamedTuple):
    """A post of the author before the moment of a record.

    Attributes:
        posted_at: seconds since 1970.
        millionths: its percentile, 0 to 1,000,000; None where it was not final at the moment.
    """

    posted_at: float
    millionths: int | None


@dataclass(frozen=True, slots=True)
class AuthorRecord:
    """How an author's newest posts in one community did, up to a moment.

    Attributes:
        n: posts whose percentile was known.
        mean: of their percentiles (0 to 1); without any, 0.5, as the following ones.
        recent: the mean in which a post weighs `FADE` of the next newer one.
        last: percentile of the newest.
        best: the highest.
        worst: the lowest.
        posts: posts so far, with a percentile or without; at most twice `LOOK_BACK`.
        waiting: how many of them wait for their score.
        gap_hours: since the newest post, hours; None where there is none.
    """

    n: int = 0
    mean: float = 0.5
    recent: float = 0.5
    last: float = 0.5
    best: float = 0.5
    worst: float = 0.5
    posts: int = 0
    waiting: int = 0
    gap_hours: float | None = None

    @classmethod
    def empty(cls) -> "AuthorRecord":
        """The record of a stranger: who never posted here, is not known, or opted out."""
        return cls()


def author_record(
    earlier: Iterable[EarlierPost], *, moment: float, waits_since: float
) -> AuthorRecord:
    """The record that an author's newest posts make.

    Args:
        earlier: the posts before ``moment`` that are looked at, in any order.
        moment: seconds since 1970.
        waits_since: the horizon before ``moment``: a post of that time or earlier waits no longer.
    """
    posts = sorted((at, -1 if each is None else each) for at, each in earlier)
    if not posts:
        return AuthorRecord.empty()
    known = [millionths for _, millionths in posts if millionths >= 0]
    waiting = sum(millionths < 0 and at > waits_since for at, millionths in posts)
    gap = (moment - posts[-1][0]) / 3600
    if not known:
        return AuthorRecord(posts=len(posts), waiting=waiting, gap_hours=gap)
    recent = weights = 0.0
    for millionths in known:
        recent = recent * FADE + millionths
        weights = weights * FADE + 1
    return AuthorRecord(
        n=len(known),
        mean=sum(known) / len(known) / MILLION,
        recent=recent / weights / MILLION,
        last=known[-1] / MILLION,
        best=max(known) / MILLION,
        worst=min(known) / MILLION,
        posts=len(posts),
        waiting=waiting,
        gap_hours=gap,
    )


def author_columns(record: AuthorRecord, community: float) -> dict[str, float]:
    """What the head sees of a record, by column; every value is finite.

    Percentiles are differences from the community's mean percentile ``community`` (0 to 1), means
    pulled towards it while there are few posts; counts and hours are logarithms. A stranger has 0
    everywhere but in the gap, which is the longest.
    """
    n = record.n
    weight = (1 - FADE**n) / (1 - FADE)
    gap = _LONGEST_GAP if record.gap_hours is None else min(record.gap_hours, _LONGEST_GAP)

    def above(percentile: float) -> float:
        return percentile - community if n else 0.0

    return {
        "author_n": math.log1p(n),
        "author_above": above(record.mean) * n / (n + PRIOR),
        "author_recent": above(record.recent) * weight / (weight + _RECENT_PRIOR),
        "author_last": above(record.last),
        "author_best": above(record.best),
        "author_worst": above(record.worst),
        "author_posts": math.log1p(record.posts),
        "author_waiting": math.log1p(record.waiting),
        "author_gap": math.log1p(max(gap, 0.0)),
    }
