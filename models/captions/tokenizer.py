"""Captions as tokens: byte-pair encoding in plain Python, and the tokens that steer the model.

A caption is a list of boxes, from the top down, in lower case (it is drawn in capitals). What was
never seen in training falls back to its UTF-8 bytes, so that any text can be encoded and decoded.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Self

#: The expressions of a face, and the emotions of a caption.
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
#: What kind of caption: told apart by its words and its length alone.
KINDS = ("top_bottom", "text_post", "political")
#: Thirds of the votes that a caption got among those of its template.
PLACES = ("low", "medium", "high")

PAD, BEGIN, END, BOX, PICTURE = range(5)
#: Said where a steering token is not known.
ANY_EXPRESSION = 5
ANY_KIND = ANY_EXPRESSION + 1 + len(EXPRESSIONS)
ANY_PLACE = ANY_KIND + 1 + len(KINDS)
_BYTES = ANY_PLACE + 1 + len(PLACES)
#: The first token that stands for text and no single byte.
FIRST_LETTER = _BYTES + 256

_SPACE = "\u2581"
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d|[^\w\s]|_")
#: A caption longer than this is cut before it is taken apart.
MAX_TEXT = 2_000


def expression_token(name: str | None) -> int:
    """The token that asks for an expression; None: any."""
    return ANY_EXPRESSION if name is None else ANY_EXPRESSION + 1 + EXPRESSIONS.index(name)


def kind_token(name: str | None) -> int:
    """The token that asks for a kind of caption; None: any."""
    return ANY_KIND if name is None else ANY_KIND + 1 + KINDS.index(name)


def place_token(name: str | None) -> int:
    """The token that asks for captions of a third of the votes; None: any."""
    return ANY_PLACE if name is None else ANY_PLACE + 1 + PLACES.index(name)


def normal(text: str) -> str:
    """One spelling for equal texts: compatible forms, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text[:MAX_TEXT]).lower().split())


def pieces(text: str) -> Iterator[str]:
    """Words, digits and signs of a normal text; a space before one is a mark at its start."""
    end = 0
    for found in _WORDS.finditer(text):
        gap = found.start() == 0 or text[end : found.start()].isspace()
        end = found.end()
        yield (_SPACE if gap else "") + found[0]


class Tokenizer:
    """Byte-pair encoding.

    Args:
        letters: single characters that have a token of their own.
        merges: pairs of tokens' texts that are joined, most valuable first.
    """

    def __init__(self, letters: Sequence[str], merges: Iterable[tuple[str, str]]) -> None:
        self.letters = tuple(letters)
        self.merges = tuple(merges)
        self._ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        #: Texts of the tokens from `FIRST_LETTER` on.
        self._texts = (*self.letters, *(first + second for first, second in self.merges))
        self._ids: dict[str, int] = {}
        for number, text in enumerate(self._texts):
            self._ids.setdefault(text, FIRST_LETTER + number)
        self._cached = lru_cache(8192)(self._encode_piece)

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return FIRST_LETTER + len(self._texts)

    def encode(self, boxes: Sequence[str]) -> list[int]:
        """Tokens of a caption, without BEGIN and END; boxes are parted by BOX."""
        tokens: list[int] = []
        for number, box in enumerate(boxes):
            if number:
                tokens.append(BOX)
            for piece in pieces(normal(box)):
                tokens.extend(self._cached(piece))
        return tokens

    def decode(self, tokens: Iterable[int]) -> list[str]:
        """The boxes that tokens spell, in lower case; steering tokens are passed over."""
        boxes, raw = [""], bytearray()

        def flush() -> None:
            if raw:
                boxes[-1] += raw.decode("utf-8", "replace")
                raw.clear()

        for token in tokens:
            if _BYTES <= token < FIRST_LETTER:
                raw.append(token - _BYTES)
                continue
            flush()
            if token == END:
                break
            if token == BOX:
                boxes.append("")
            elif token >= FIRST_LETTER:
                boxes[-1] += self._texts[token - FIRST_LETTER]
        flush()
        return [" ".join(box.replace(_SPACE, " ").split()) for box in boxes]

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        parts = list(piece)
        while len(parts) > 1:
            ranked = [
                (self._ranks.get(pair, len(self._ranks)), place)
                for place, pair in enumerate(itertools.pairwise(parts))
            ]
            rank, place = min(ranked)
            if rank == len(self._ranks):
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        tokens: list[int] = []
        for part in parts:
            known = self._ids.get(part)
            if known is not None:
                tokens.append(known)
            else:
                spelled = part.replace(_SPACE, " ").encode("utf-8", "replace")
                tokens.extend(_BYTES + byte for byte in spelled)
        return tuple(tokens)

    def save(self, path: Path) -> None:
        """Write letters and merges as JSON."""
        content = {"letters": "".join(self.letters), "merges": [" ".join(m) for m in self.merges]}
        path.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Back from `save`.

        Raises:
            OSError, ValueError, KeyError: the file is missing or damaged.
        """
        content = json.loads(path.read_text("utf-8"))
        merges = []
        for line in content["merges"]:
            first, second = line.split(" ")
            merges.append((first, second))
        return cls(content["letters"], merges)
