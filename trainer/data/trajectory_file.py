"""Posts with their scores over time from a file: one JSON object a line, plain or gzip.

Each has ``id``, ``created_utc`` (seconds since 1970, or a date), ``hours`` (ages), ``scores`` and,
where they are known, ``comments``: lists of the same length. Numbers may be written as text.
"""

import gzip
import json
import math
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from models.trajectories import Reading, Trajectory
from storage.errors import ExpectedError
from storage.files.post_dates import read_moment
from storage.files.post_values import read_number

#: The most that is read of a file (bytes, unpacked) and of a line, readings of a post.
_MAX_BYTES = 512 * 2**20
_MAX_LINE = 2**20
_MAX_READINGS = 10_000

#: Whoever reads scores on the hour is a little late, or early: a reading counts as one of an age
#: that it misses by no more than this share of it, and this many seconds.
_MISSED, _MISSED_SECONDS = 0.02, 600.0

#: Larger numbers are no scores, and would lose their digits.
_LARGEST = 2.0**53


class TrajectoriesUnusable(ExpectedError):
    """A file of trajectories cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class PostTrajectory:
    """A post of the file: when it was posted (seconds since 1970), and all its readings."""

    id: str
    posted_at: float
    trajectory: Trajectory

    def final(self, horizon: float) -> float | None:
        """The score at the horizon (seconds); None if the post was not read for so long.

        Between two readings it is on the line between them, in the logarithm of the age.
        """
        ages = self.trajectory.ages
        if not len(ages) or ages[-1] < horizon - leeway(horizon) or ages[0] > horizon:
            return None
        return float(np.interp(math.log(horizon), np.log(ages), self.trajectory.scores))


def leeway(age: float) -> float:
    """By how many seconds a reading may miss an age (seconds) that it counts for."""
    return min(_MISSED * age, _MISSED_SECONDS)


def read_trajectories(path: Path) -> tuple[list[PostTrajectory], Counter[str]]:
    """The posts of a file, the oldest first, and what was left out, by reason.

    Raises:
        TrajectoriesUnusable: it is no such file, is damaged, or holds no usable post.
        OSError: it cannot be read.
    """
    posts: dict[str, PostTrajectory] = {}
    dropped: Counter[str] = Counter()
    for line in _lines(path):
        if not line.strip():
            continue
        try:
            post = _parse(line)
        except _Unusable as error:
            dropped[str(error)] += 1
            continue
        if post.id in posts:
            dropped["the post is there twice; the first counts"] += 1
        else:
            posts[post.id] = post
    if not posts:
        reasons = "; ".join(f"{count}: {reason}" for reason, count in dropped.most_common(3))
        raise TrajectoriesUnusable(
            f"{path} holds no usable post ({reasons or 'it is empty'}). Each line is a JSON object"
            " with id, created_utc, hours and scores."
        )
    return sorted(posts.values(), key=lambda post: post.posted_at), dropped


class _Unusable(ValueError):
    """A line cannot be used."""


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        file = cast("IO[bytes]", gzip.GzipFile(fileobj=plain) if packed else plain)
        read = 0
        try:
            while line := file.readline(_MAX_LINE + 1):
                read += len(line)
                if len(line) > _MAX_LINE or read > _MAX_BYTES:
                    raise TrajectoriesUnusable(
                        f"{path} has a line of more than {_MAX_LINE // 2**20} MiB, or more than"
                        f" {_MAX_BYTES // 2**20} MiB in all."
                    )
                yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TrajectoriesUnusable(f"{path} is a damaged gzip file ({error}).") from error


def _parse(line: bytes) -> PostTrajectory:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _Unusable("the line is no JSON") from error
    if not isinstance(row, dict):
        raise _Unusable("the line is no JSON object")
    name = row.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise _Unusable("the id is missing")
    moment = row.get("created_utc")
    if isinstance(moment, str):
        moment = read_moment(moment)
    if isinstance(moment, datetime):
        moment = moment.timestamp()
    posted_at = _number(moment, "created_utc")
    hours, scores = row.get("hours"), row.get("scores")
    comments = row.get("comments")
    if not isinstance(hours, list) or not isinstance(scores, list):
        raise _Unusable("hours or scores is no list")
    ratios = row.get("upvote_ratios")
    comments = [None] * len(hours) if comments is None else comments
    ratios = [None] * len(hours) if ratios is None else ratios
    lists = (hours, scores, comments, ratios)
    if not all(isinstance(each, list) and len(each) == len(hours) for each in lists):
        raise _Unusable("hours, scores, comments and upvote_ratios differ in length")
    if len(hours) > _MAX_READINGS:
        raise _Unusable(f"there are more than {_MAX_READINGS:,} readings")
    readings = [
        Reading(
            round(_number(hour, "an hour") * 3600, 3),
            _number(score, "a score"),
            None if count is None else _number(count, "a number of comments"),
            None if ratio is None else _number(ratio, "a share of upvotes"),
        )
        for hour, score, count, ratio in zip(*lists, strict=True)
        if score is not None
    ]
    return PostTrajectory(str(name), posted_at, Trajectory.of(readings))


def _number(value: Any, name: str) -> float:
    if isinstance(value, str):
        value = read_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unusable(f"{name} is no number")
    if not abs(value) <= _LARGEST:
        raise _Unusable(f"{name} is no possible number")
    return float(value)
