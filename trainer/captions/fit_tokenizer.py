"""Byte-pair encoding learned from captions: the most frequent pair is joined, again and again."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable

from models.captions.tokenizer import Tokenizer, normal, pieces

#: A character needs so many occurrences for a token of its own.
_LEAST_LETTERS = 20


def fit_tokenizer(texts: Iterable[str], *, merges: int) -> Tokenizer:
    """Learn a tokenizer from texts (one box each); ``merges`` pairs are joined at most."""
    counts = Counter(piece for text in texts for piece in pieces(normal(text)))
    letters_of: Counter[str] = Counter()
    for piece, count in counts.items():
        for letter in piece:
            letters_of[letter] += count
    letters = sorted(letter for letter, count in letters_of.items() if count >= _LEAST_LETTERS)
    known = {*letters}
    words = [
        (list(piece), count)
        for piece, count in sorted(counts.items())
        if count > 1 and all(letter in known for letter in piece)
    ]
    return Tokenizer(letters, _joined(words, merges))


def _joined(words: list[tuple[list[str], int]], merges: int) -> list[tuple[str, str]]:
    pairs = _Pairs(words)
    joined: list[tuple[str, str]] = []
    while len(joined) < merges and (best := pairs.most_frequent()) is not None:
        joined.append(best)
        pairs.join(best)
    return joined


class _Pairs:
    """How often each pair of neighbours is there, and in which words."""

    def __init__(self, words: list[tuple[list[str], int]]) -> None:
        self._words = words
        self._totals: Counter[tuple[str, str]] = Counter()
        self._where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for number in range(len(words)):
            self._count(number, 1)

    def _count(self, number: int, sign: int) -> None:
        parts, count = self._words[number]
        for pair in itertools.pairwise(parts):
            self._totals[pair] += sign * count
            self._where[pair].add(number)

    def most_frequent(self) -> tuple[str, str] | None:
        """Of equally frequent pairs the first in the alphabet, so that every run agrees.

        None: no pair is there twice.
        """
        best = min(self._totals, key=lambda pair: (-self._totals[pair], pair), default=None)
        return None if best is None or self._totals[best] < 2 else best

    def join(self, best: tuple[str, str]) -> None:
        """Make one part of the pair wherever it is."""
        for number in sorted(self._where[best]):
            self._count(number, -1)
            parts = self._words[number][0]
            place = 0
            while place < len(parts) - 1:
                if (parts[place], parts[place + 1]) == best:
                    parts[place : place + 2] = [best[0] + best[1]]
                place += 1
            self._count(number, 1)
        self._totals.pop(best, None)
        self._where.pop(best, None)
