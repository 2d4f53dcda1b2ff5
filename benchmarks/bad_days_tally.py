"""What came of a week of bad days."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Count:
    """How much there should be of something, and what is not as it should be."""

    wanted: int = 0
    missed: int = 0
    doubled: int = 0


@dataclass(slots=True)
class Tally:
    """The counts.

    Attributes:
        withdrawn_without_proof: posts that were given up although nobody deleted them.
        wrong_labels: labels with another score than people gave.
        happened: what went wrong, and how often.
        faults: sentences about what does not hold.
    """

    posts: Count = field(default_factory=Count)
    replies: Count = field(default_factory=Count)
    labels: Count = field(default_factory=Count)
    outcomes: Count = field(default_factory=Count)
    answers: Count = field(default_factory=Count)
    deletions: Count = field(default_factory=Count)
    withdrawn_without_proof: int = 0
    wrong_labels: int = 0
    log_bytes: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, count: Count, kind: str, words: str) -> None:
        """Count something that is ``missed`` or ``doubled``, and say what."""
        setattr(count, kind, getattr(count, kind) + 1)
        self.faults.append(f"{kind}: {words}")

    @property
    def _counts(self) -> dict[str, Count]:
        names = ("posts", "replies", "labels", "outcomes", "answers", "deletions")
        return {name: getattr(self, name) for name in names}

    @property
    def holds(self) -> bool:
        """Whether everything is as it should be."""
        return not self.faults and not self.withdrawn_without_proof and not self.wrong_labels

    def as_json(self) -> dict[str, Any]:
        """All counts; sums of what is missed and doubled first."""
        counts = self._counts
        return {
            "holds": self.holds,
            "missed": sum(each.missed for each in counts.values()),
            "doubled": sum(each.doubled for each in counts.values()),
            "withdrawn_without_proof": self.withdrawn_without_proof,
            "wrong_labels": self.wrong_labels,
            "log_bytes": self.log_bytes,
            **{
                name: {"wanted": each.wanted, "missed": each.missed, "doubled": each.doubled}
                for name, each in counts.items()
            },
            "happened": dict(sorted(self.happened.items())),
        }
