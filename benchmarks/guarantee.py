"""Whether no community loses to its base rate: many communities in order of time, from no labels.

    python -m benchmarks.guarantee --imgflip FOLDER --posts POSTS.json --images FOLDER
        [--cache FILE.npz] [--every N] [--seed N] [--version FOLDER]

Each ImgFlip template is a community, and so is the file of posts. ImgFlip has no dates: its
captions come in the order they were made, and the posts of the file, in their own order, are spread
evenly among them. One head serves all; it is refitted as labels come in (its linear part: the
network rarely adds to it, and takes minutes). Each post is forecast by the mixture of experts
(`models.experts`) before its label is known. Once labels come at once, and once each comes 100
posts of its community late. An author's record is what it would be in Peoria: of the same
community, and of the labels that had come by then.

Then the 12 templates with the most captions as communities of a new installation: all forecasts
come from the head that ships (or that of ``--version``), which never saw anything like them.

Printed for each: log-loss skill in total, and for each community its posts, the skill, the most
nats that it had lost to the base rate at any moment, and the same of the head alone. Nothing is
random but the head's seed, which its linear part does not use. ``--cache`` keeps what was embedded,
and ``--every 3`` takes each third caption.
"""

import argparse
import sys
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.author_record import MILLION, AuthorRecord, author_columns
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.distribution import BINS, UNIFORM, interval_target
from models.experts import EXPERTS, Account, Mixture, learn, mix, own_beside_others
from models.features import Features, Record
from models.head import GROUPS, Head
from models.metrics import log_losses
from models.percentiles import WINDOW, tie_interval
from models.records import AuthorLedger
from trainer.data.file_posts import read_file_posts
from trainer.data.imgflip import labelled, read_captions
from trainer.data.labelled_posts import LabelledPosts
from trainer.head.fit import fit
from trainer.head.recipe import Recipe

Numbers = NDArray[np.float64]
Groups = dict[str, NDArray[np.float32]]

#: What the cache holds beside the groups.
_CACHED = ("score", "community", "author", "posted_at")

#: Labels known when the head is refitted: each time a quarter more. (Peoria trains every night.)
_FIRST_FIT, _GROWTH = 100, 1.25
LATE = 100
#: Communities in which the head that ships is tried.
STRANGERS = 12
#: The bars: nats that no community may ever have lost, and the least skill in total.
MOST_LOST, LEAST_SKILL = {0: 2.0, LATE: 5.0}, 0.03


@dataclass(frozen=True, slots=True)
class Stream:
    """Posts of many communities in the order in which they come.

    Attributes:
        groups: what the head sees, each [n, width].
        score: float64 [n].
        community: its name, [n].
        author: a name within the community; empty: nobody known, [n].
        posted_at: seconds since 1970, rising within a community, float64 [n].
    """

    groups: Groups
    score: Numbers
    community: NDArray[np.str_]
    author: NDArray[np.str_]
    posted_at: Numbers

    def __len__(self) -> int:
        return len(self.score)

    def without(self, *sources: str) -> Groups:
        """The groups with some sources missing."""
        blanks, groups = Features().blanks(), dict(self.groups)
        for source in sources:
            for group, values in blanks[source].items():
                groups[group] = np.where(np.isnan(values), groups[group], values).astype(np.float32)
        return groups


@dataclass(slots=True)
class Course:
    """How a community fared."""

    account: Account = field(default_factory=Account)
    waiting: deque[tuple[Mixture, Numbers, int]] = field(default_factory=deque)
    lost: list[float] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    head_lost: list[float] = field(default_factory=list)


def read_stream(arguments: argparse.Namespace) -> Stream:
    """Both sets, mixed; from the cache where there is one."""
    if arguments.cache is not None and arguments.cache.exists():
        with np.load(arguments.cache) as stored:
            groups = {name: stored[name].astype(np.float32) for name in GROUPS}
            return Stream(groups, *(stored[name] for name in _CACHED))
    backbone = Backbone.load(arguments.backbone)
    captions = read_captions(arguments.imgflip, 10**9)[:: arguments.every]
    flip = labelled(
        captions, arguments.imgflip, backbone,
        lambda done, total: print(f"\rdrawn {done:,} of {total:,}", end="", file=sys.stderr),
    )  # fmt: skip
    if len(flip) != len(captions):
        raise SystemExit(f"Captions were left out: {dict(flip.dropped)}")
    file_posts = read_file_posts(arguments.posts, arguments.images, backbone, now=datetime.now(UTC))
    stream = joined(
        flip, [each.template for each in captions], [each.author or "" for each in captions],
        file_posts.labelled(),
        [file_posts.posts[number].author or "" for number in sorted(file_posts.seen)],
    )  # fmt: skip
    if arguments.cache is not None:
        np.savez(
            arguments.cache, **{name: getattr(stream, name) for name in _CACHED},
            **{name: values.astype(np.float16 if name != "metadata" else np.float32)
               for name, values in stream.groups.items()},
        )  # fmt: skip
    return stream


def joined(
    flip: LabelledPosts,
    templates: Sequence[str],
    authors: Sequence[str],
    memes: LabelledPosts,
    memes_authors: Sequence[str],
) -> Stream:
    """The captions in their order, with the file's posts spread evenly among them."""
    place = np.concatenate(
        [np.arange(len(flip)) / len(flip), np.arange(len(memes)) / max(len(memes), 1)]
    )
    order = np.argsort(place, kind="stable")
    groups = {
        name: np.concatenate(
            [np.asarray(flip.groups[name], np.float32), np.asarray(memes.groups[name], np.float32)]
        )[order]
        for name in GROUPS
    }
    names = np.array([*templates, *["r/memes"] * len(memes)])
    return Stream(
        groups, np.concatenate([flip.score, memes.score])[order], names[order],
        np.array([*authors, *memes_authors])[order],
        np.concatenate([flip.posted_at, memes.posted_at])[order],
    )  # fmt: skip


def targets_of(stream: Stream) -> Numbers:
    """The bins that each label covers among its community's newest ones, float64 [n, 10]."""
    recent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WINDOW - 1))
    targets = np.empty((len(stream), BINS))
    for row, (name, score) in enumerate(zip(stream.community, stream.score, strict=True)):
        targets[row] = interval_target(*tie_interval(score, sorted(recent[name])))
        recent[name].append(float(score))
    return targets


def known_at(stream: Stream, late: int) -> NDArray[np.int64]:
    """How many posts of the stream have come when each post's label is known."""
    known = np.full(len(stream), len(stream) + 1, np.int64)
    for name in np.unique(stream.community):
        rows = np.flatnonzero(stream.community == name)
        known[rows[: max(len(rows) - late, 0)]] = rows[late:] + 1
    return known


def with_records(stream: Stream, targets: Numbers, late: int) -> Groups:
    """The groups, with authors' records by the labels of the community that had come by then."""
    middles = targets @ (np.arange(BINS) + 0.5) / BINS
    names = Features().metadata_names
    metadata = stream.groups["metadata"].copy()
    for name in np.unique(stream.community):
        rows = np.flatnonzero(stream.community == name)
        at, known = stream.posted_at[rows], np.full(len(rows), np.inf)
        known[: max(len(rows) - late, 0)] = np.nextafter(at[late:], np.inf)
        ledgers: defaultdict[str, AuthorLedger] = defaultdict(AuthorLedger)
        for number, row in enumerate(rows):
            ledgers[stream.author[row]].add(
                at[number], number, known[number], round(float(middles[row]) * MILLION)
            )
        for ledger in ledgers.values():
            ledger.close()
        came = np.concatenate([[0.0], np.cumsum(middles[rows])])
        for number, row in enumerate(rows):
            n = max(number - late, 0)
            community = Record(n, came[n] / n) if n else Record.empty()
            waits_since = at[n - 1] if n else at[0] - 1
            author = stream.author[row]
            record = (
                ledgers[author].at(
                    datetime.fromtimestamp(at[number], UTC),
                    horizon_seconds=float(at[number] - waits_since),
                )
                if author
                else AuthorRecord.empty()
            )
            for column, value in author_columns(record, community.shrunk(0.5)).items():
                metadata[row, names.index(column)] = value
    return stream.groups | {"metadata": metadata}


def ask_shipped(stream: Stream, targets: Numbers, version: Path) -> Numbers:
    """What the experts say of each post by a head that learns nothing here: [n, experts, 10]."""
    head = Head.load(version)
    said = np.full((len(stream), len(EXPERTS), BINS), 1 / BINS)
    said[:, 1] = head.predict_groups(with_records(stream, targets, 0))
    said[:, 2] = head.predict_groups(stream.without("author", "title"))
    return said


def strangers_of(stream: Stream) -> Stream:
    """The posts of the templates with the most captions."""
    names, counts = np.unique(stream.community[stream.community != "r/memes"], return_counts=True)
    chosen = names[np.argsort(-counts, kind="stable")[:STRANGERS]]
    rows = np.flatnonzero(np.isin(stream.community, chosen))
    return Stream(
        {name: values[rows] for name, values in stream.groups.items()},
        stream.score[rows], stream.community[rows], stream.author[rows], stream.posted_at[rows],
    )  # fmt: skip


def report_strangers(courses: dict[str, Course]) -> None:
    """Print how the head that ships does where it never was: alone, and as it is shown."""
    print("\nThe head that ships, in communities that it never saw")
    for what, lost in (
        ("alone", [(each.head_lost, each.base) for each in courses.values()]),
        ("as shown", [(each.lost, each.base) for each in courses.values()]),
    ):
        skills = [-sum(nats) / sum(base) for nats, base in lost]
        half = 1.96 * float(np.std(skills, ddof=1)) / len(skills) ** 0.5
        print(
            f"{what}: log-loss skill {np.mean(skills):+.3f} ± {half:.3f} (95%, over communities), "
            f"worse than the base rate in {sum(each < 0 for each in skills)} of {len(skills)}, "
            f"most nats lost at any moment {max(_most(nats) for nats, _ in lost):.2f}"
        )


def ask_heads(stream: Stream, targets: Numbers, late: int, seed: int) -> Numbers:
    """What the experts say of each post, by heads that knew no later label: [n, experts, 10]."""
    full = with_records(stream, targets, late)
    untitled = stream.without("author", "title")
    known = known_at(stream, late)
    said = np.full((len(stream), len(EXPERTS), BINS), 1 / BINS)
    arrived = np.sort(known)
    count, starts = float(_FIRST_FIT), []
    while count < len(stream):
        starts.append(int(arrived[int(count)]))
        count *= _GROWTH
    starts = [each for each in dict.fromkeys(starts) if each < len(stream)]
    for start, end in zip(starts, [*starts[1:], len(stream)], strict=True):
        train = np.flatnonzero(known <= start)
        head = fit(
            full, targets, train, train[:0],
            recipe=Recipe.for_labels(len(train)), seed=seed, linear_share=1.0,
            blanks=Features().blanks(),
        ).head  # fmt: skip
        rows = slice(start, end)
        said[rows, 1] = head.predict_groups({name: full[name][rows] for name in GROUPS})
        said[rows, 2] = head.predict_groups({name: untitled[name][rows] for name in GROUPS})
        print(f"\r{end:,} of {len(stream):,} forecast", end="", file=sys.stderr)
    return said


def play(
    stream: Stream, said: Sequence[Numbers] | Numbers, targets: Numbers, late: int
) -> dict[str, Course]:
    """Forecast every post, and let each label change the weights when it comes.

    Args:
        said: by the experts of each post, [experts, 10]; not of each by as many.
    """
    courses: dict[str, Course] = defaultdict(Course)
    for row, name in enumerate(stream.community):
        course = courses[name]
        made = mix(
            course.account, said[row],
            reserved=sum(each.risk for each, *_ in course.waiting), waiting=len(course.waiting),
        )  # fmt: skip
        course.waiting.append((made, targets[row], row))
        if len(course.waiting) > late:
            _label(course)
    for course in courses.values():
        while course.waiting:
            _label(course)
    return dict(courses)


def _label(course: Course) -> None:
    made, target, _ = course.waiting.popleft()
    rows = np.vstack([made.experts[: len(EXPERTS)], made.bins, UNIFORM])
    *losses, shown, base = log_losses(rows, np.broadcast_to(target, rows.shape)).tolist()
    beside = own_beside_others(course.account, made.experts, target)
    course.account = learn(
        course.account, losses, shown=shown, base=base, waiting=made.waiting, beside=beside
    )
    course.lost.append(shown - base)
    course.base.append(base)
    course.head_lost.append(losses[EXPERTS.index("pooled")] - base)


def report(courses: dict[str, Course], late: int) -> bool:
    """Print how all fared; whether the bars are reached."""
    print(f"\nLabels {f'come {late} posts late' if late else 'come at once'}")
    print(
        f"{'community':34}{'posts':>7}{'skill':>8}{'most lost':>11}{'head: skill':>13}{'lost':>9}"
    )
    most = 0.0
    for name, course in sorted(courses.items(), key=lambda item: -_most(item[1].lost)):
        most = max(most, _most(course.lost))
        base = sum(course.base)
        print(
            f"{name:34}{len(course.lost):7,}{-sum(course.lost) / base:8.3f}"
            f"{_most(course.lost):11.2f}{-sum(course.head_lost) / base:13.3f}"
            f"{_most(course.head_lost):9.2f}"
        )
    base = sum(sum(each.base) for each in courses.values())
    skill = -sum(sum(each.lost) for each in courses.values()) / base
    head = -sum(sum(each.head_lost) for each in courses.values()) / base
    worse = sum(sum(each.head_lost) > 0 for each in courses.values())
    reached = most <= MOST_LOST[late] and skill > LEAST_SKILL
    print(
        f"{len(courses)} communities: log-loss skill {skill:.3f} in total (bar: more than"
        f" {LEAST_SKILL}), most nats lost at any moment {most:.2f} (bar: {MOST_LOST[late]:g}):"
        f" {'reached' if reached else 'NOT reached'}. The head alone: skill {head:.3f}, worse than"
        f" the base rate in {worse}."
    )
    return reached


def _most(lost: Sequence[float]) -> float:
    return max(0.0, float(np.cumsum(lost).max())) if lost else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgflip", type=Path, required=True)
    parser.add_argument("--posts", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, default=STARTER)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", type=Path, default=STARTER / "champion")
    arguments = parser.parse_args()
    stream = read_stream(arguments)
    targets = targets_of(stream)
    reached = True
    for late in (0, LATE):
        said = ask_heads(stream, targets, late, arguments.seed)
        reached &= report(play(stream, said, targets, late), late)
    strangers = strangers_of(stream)
    targets = targets_of(strangers)
    said = ask_shipped(strangers, targets, arguments.version)
    report_strangers(play(strangers, said, targets, 0))
    if not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
