"""A made-up community: what is posted when and by whom, and when the platform is away.

Everything here is a function of the seed. A process that was killed makes the same world again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.platform import CommunityRef
from bot.simulation.draw import draw
from bot.simulation.memes import Meme, Palette, Scene
from bot.simulation.truth import LUCK, Numbers, Visible, expected_log_votes

START = datetime(2024, 1, 1, tzinfo=UTC)
HORIZON = 24 * 3600
COMMUNITY = CommunityRef("simulated", "r/simulated", horizon_seconds=HORIZON)

#: People who post again and again; the busiest of them many times as often as the last.
REGULARS = 60
#: Shares of posts by people who are seen once, whose picture was posted before, that are deleted,
#: whose picture cannot be used, whose score cannot be read for a while, or not until too late.
STRANGERS, REPEATED, DELETED, BROKEN, SLOW, LOST = 0.1, 0.05, 0.03, 0.005, 0.03, 0.003
#: Median of the pace at which votes come, seconds, and its spread (of the logarithm).
PACE, PACE_SPREAD = 6 * 3600, 0.3
#: The platform is away about every so many days, for up to so many minutes.
AWAY_EVERY, AWAY_MINUTES = 4.0, 90.0
#: Peoria itself is switched off once, from this share of the whole time on, for so long.
OFF_AT, OFF_FOR = 0.4, timedelta(hours=8)

_TOPICS = (
    "monday", "code review", "my cat", "the printer", "exams", "coffee", "the weekend",
    "the landlord", "gym", "spring cleaning",
)  # fmt: skip
_OPENINGS = ("me and", "nobody:", "when it comes to", "thinking about", "it is", "again")
_CAPTION_WORDS = (
    "when", "you", "finally", "see", "the", "thing", "and", "nobody", "else", "in", "the", "room",
    "can", "believe", "it", "was", "there", "all", "along",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadePost:
    """A post of the made-up community.

    Attributes:
        number: its place in the order of posting, from 0.
        seen_at: when Peoria can see it first.
        meme: what is to be seen.
        broken: its file ends in the middle.
        expected: mean of its log votes without a reply, before luck.
        luck: what is added to that.
        pace: how slowly its votes come, seconds.
        deleted_at: when it is deleted, if it is.
        unread: between these moments its score cannot be read.
    """

    number: int
    source_id: str
    author: str
    title: str
    posted_at: datetime
    seen_at: datetime
    meme: Meme
    broken: bool
    expected: float
    luck: float
    pace: float
    deleted_at: datetime | None
    unread: tuple[datetime, datetime] | None

    def picture(self) -> bytes:
        """The file that is posted."""
        data = draw(self.meme)
        return data[: len(data) // 2] if self.broken else data


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment on, up to another."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def after(periods: Sequence[Period], moment: datetime) -> datetime:
    """The first moment from ``moment`` on that lies in none of the periods."""
    for period in sorted(periods, key=lambda each: each.start):
        if period.holds(moment):
            moment = period.end
    return moment


class World:
    """All that happens in the community by itself.

    Args:
        seed: of everything.
        posts: how many are made.
        days: over how many days.
    """

    def __init__(self, seed: int, posts: int, days: int) -> None:
        self.seed = seed
        rng = np.random.default_rng([seed, 1])
        self.away = _away(rng, days)
        off = START + timedelta(days=days) * OFF_AT
        self.off = [Period(off, off + OFF_FOR)]
        self.posts = _posts(rng, seed, posts, days, [*self.away, *self.off])
        self.by_source_id = {post.source_id: post for post in self.posts}


def _away(rng: np.random.Generator, days: int) -> list[Period]:
    starts = np.sort(rng.uniform(0, days, rng.poisson(days / AWAY_EVERY)))
    minutes = rng.uniform(5, AWAY_MINUTES, len(starts))
    return [
        Period(
            START + timedelta(days=float(start)),
            START + timedelta(days=float(start), minutes=float(length)),
        )
        for start, length in zip(starts, minutes, strict=True)
    ]


def _moments(rng: np.random.Generator, posts: int, days: int) -> NDArray[np.int64]:
    """Seconds since the start at which something is posted: more in the evening than at night."""
    drawn = np.empty(0)
    while len(drawn) < posts:
        seconds = rng.uniform(0, days * 86_400, 4 * posts)
        busy = 0.55 + 0.45 * np.cos(2 * np.pi * (seconds / 3600 - 19) / 24)
        drawn = np.concatenate([drawn, seconds[rng.random(len(seconds)) < busy]])
    return np.sort(drawn[:posts].astype(np.int64))


def _posts(
    rng: np.random.Generator, seed: int, n: int, days: int, closed: Sequence[Period]
) -> list[MadePost]:
    posted_at = [START + timedelta(seconds=int(each)) for each in _moments(rng, n, days)]
    memes = _memes(rng, n)
    weights = 1 / (np.arange(REGULARS) + 4.0)
    author = rng.choice(REGULARS, n, p=weights / weights.sum())
    strangers = rng.random(n) < STRANGERS
    author[strangers] = REGULARS + np.arange(int(strangers.sum()))
    topic = rng.integers(0, len(_TOPICS), n)
    question, shouted = rng.random(n) < 0.2, rng.random(n) < 0.15
    expected = expected_log_votes(
        _visible(memes, posted_at, topic, question, shouted, author),
        topics=len(_TOPICS),
        authors=int(author.max(initial=0)) + 1,
        rng=np.random.default_rng([seed, 2]),
    )
    luck = rng.normal(0, LUCK, n)
    pace = PACE * np.exp(rng.normal(0, PACE_SPREAD, n))
    broken = rng.random(n) < BROKEN
    deleted, deleted_after = rng.random(n) < DELETED, rng.uniform(0.1, 1.5, n) * HORIZON
    slow, slow_from = rng.random(n) < SLOW, rng.uniform(0, 1.01, n) * HORIZON
    slow_minutes = rng.uniform(5, 60, n)
    lost = rng.random(n) < LOST
    slow, slow_minutes = slow | lost, np.where(lost, 2 * HORIZON / 60, slow_minutes)
    openings = rng.integers(0, len(_OPENINGS), n)
    made = []
    for k, moment in enumerate(posted_at):
        title = f"{_OPENINGS[openings[k]]} {_TOPICS[topic[k]]}" + ("?" if question[k] else "")
        unread = moment + timedelta(seconds=float(slow_from[k]))
        made.append(
            MadePost(
                number=k,
                source_id=f"t3_{seed}_{k:06}",
                author=f"author {author[k]}",
                title=title.upper() if shouted[k] else title,
                posted_at=moment,
                seen_at=after(closed, moment),
                meme=memes[k],
                broken=bool(broken[k]),
                expected=float(expected[k]),
                luck=float(luck[k]),
                pace=float(pace[k]),
                deleted_at=(
                    moment + timedelta(seconds=float(deleted_after[k])) if deleted[k] else None
                ),
                unread=(
                    (unread, unread + timedelta(minutes=float(slow_minutes[k])))
                    if slow[k]
                    else None
                ),
            )
        )
    return made


def _memes(rng: np.random.Generator, n: int) -> list[Meme]:
    """Pictures, some of them posted before: the same file, or the same drawing in another size."""
    scenes, palettes = list(Scene), list(Palette)
    memes: list[Meme] = []
    for number in range(n):
        scene, palette = scenes[rng.integers(len(scenes))], palettes[rng.integers(len(palettes))]
        start, words = int(rng.integers(len(_CAPTION_WORDS))), int(rng.integers(0, 13))
        meme = Meme(
            scene=scene,
            palette=palette,
            clutter=float(rng.uniform(0, 1)),
            caption=" ".join((_CAPTION_WORDS * 2)[start : start + words]),
            width=int(rng.integers(240, 400)),
            height=int(rng.integers(220, 360)),
            format="PNG" if rng.random() < 0.2 else "JPEG",
            variation=int(rng.integers(2**31)),
        )
        if number and rng.random() < REPEATED:
            meme = memes[rng.integers(number)]
            if rng.random() < 0.5:
                meme = replace(meme, width=meme.width + 16, format="JPEG")
        memes.append(meme)
    return memes


def _visible(
    memes: Sequence[Meme],
    posted_at: Sequence[datetime],
    topic: NDArray[np.int64],
    question: NDArray[np.bool_],
    shouted: NDArray[np.bool_],
    author: NDArray[np.int64],
) -> Visible:
    scenes, palettes = list(Scene), list(Palette)
    hours: Numbers = np.array([each.hour + each.minute / 60 for each in posted_at])
    return Visible(
        scene=np.array([scenes.index(each.scene) for each in memes]),
        palette=np.array([palettes.index(each.palette) for each in memes]),
        caption_words=np.array([float(len(each.caption.split())) for each in memes]),
        topic=topic,
        question=question,
        shouted=shouted,
        hour=hours,
        weekend=np.array([each.weekday() >= 5 for each in posted_at]),
        author=author,
    )
