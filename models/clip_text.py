"""The text side of an encoder such as CLIP: tokens, vectors, and how well a text fits a picture.

The tokenizer is CLIP's byte-pair encoding (https://github.com/openai/CLIP, simple_tokenizer.py),
without its repair of wrongly decoded text.
"""

import gzip
import html
import itertools
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.backbone_error import BackboneUnusable, said_by
from models.encoder_runtime import OnnxSession

Floats = NDArray[np.float32]

_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)
_END = "</w>"
#: Bytes that stand for themselves; the others are moved behind the first 256 characters.
_PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))
#: A title longer than this is cut before it is taken apart.
_LONGEST = 1_000


def _letters() -> dict[int, str]:
    others = [byte for byte in range(256) if byte not in _PRINTABLE]
    moved = {byte: chr(256 + place) for place, byte in enumerate(others)}
    return {**{byte: chr(byte) for byte in _PRINTABLE}, **moved}


_LETTERS = _letters()


class ClipTokenizer:
    """Byte-pair encoding; begin and end are the last two tokens.

    Args:
        merges: pairs that are joined, most valuable first.
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        letters = [*(chr(byte) for byte in _PRINTABLE)]
        letters += [letter for letter in _LETTERS.values() if letter not in set(letters)]
        texts = [*letters, *(letter + _END for letter in letters), *map("".join, merges)]
        self._ids = {text: number for number, text in enumerate(texts)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.begin, self.end = len(texts), len(texts) + 1
        self._cached = lru_cache(4096)(self._encode_word)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read merges, a pair a line after a line of heading; they may be packed by gzip.

        Raises:
            BackboneUnusable: they cannot be read.
        """
        try:
            text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
            pairs = [tuple(line.split()) for line in text.splitlines()[1:]]
            # As many as CLIP uses of the file that it comes with.
            merges = [(first, second) for first, second in pairs[: 49152 - 256 - 2]]
        except (OSError, EOFError, ValueError) as error:
            raise BackboneUnusable(f"The tokenizer's merges cannot be read ({error}).") from error
        return cls(merges)

    def encode(self, text: str, context: int) -> list[int]:
        """``context`` tokens: begin, the text cut to fit, end, then 0."""
        plain = " ".join(html.unescape(html.unescape(text[:_LONGEST])).lower().split())
        tokens = list(itertools.chain.from_iterable(map(self._cached, _WORDS.findall(plain))))
        line = [self.begin, *tokens[: context - 2], self.end]
        return line + [0] * (context - len(line))

    def _encode_word(self, word: str) -> tuple[int, ...]:
        parts = [_LETTERS[byte] for byte in word.encode("utf-8", "replace")]
        parts[-1] += _END
        while len(parts) > 1:
            ranked = [
                (self._ranks.get(pair, len(self._ranks)), place)
                for place, pair in enumerate(itertools.pairwise(parts))
            ]
            rank, place = min(ranked)
            if rank == len(self._ranks):
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return tuple(self._ids[part] for part in parts)


class TextEncoder:
    """Texts as vectors in the space of the picture's. Safe to call from several threads."""

    def __init__(self, content: bytes, tokenizer: ClipTokenizer, context: int) -> None:
        self._onnx = OnnxSession(content)
        self._tokenizer = tokenizer
        self._context = context
        self._last: tuple[str, Floats] | None = None
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Floats:
        """float32 [n, d], each of length one.

        Raises:
            BackboneUnusable: the model does not take tokens, or gives no vectors.
        """
        tokens = np.array([self._tokenizer.encode(each, self._context) for each in texts], np.int64)
        session = self._onnx.made()
        (entry, *others) = session.get_inputs()
        if others or "int" not in entry.type:
            raise BackboneUnusable("The text encoder must have one input: whole numbers, tokens.")
        kind = np.int32 if "int32" in entry.type else np.int64
        output = session.get_outputs()[0].name
        rows = []
        # One by one: an exported model may take one text at a time only.
        for line in tokens:
            try:
                (found,) = session.run([output], {entry.name: line[np.newaxis].astype(kind)})
            # ONNX Runtime's exceptions have no base class of their own and no public module.
            except Exception as error:
                raise BackboneUnusable(
                    f"The text encoder refuses tokens: {said_by(error)}"
                ) from error
            rows.append(np.asarray(found, np.float32))
        vectors = np.concatenate(rows)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise BackboneUnusable(
                f"The text encoder gives {'×'.join(map(str, vectors.shape))} numbers of"
                f" {len(texts)} texts, or NaN; it must give one vector a text."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Floats = vectors / np.maximum(lengths, 1e-12)
        return unit

    def agreement(self, picture: Floats, text: str) -> float:
        """Cosine of a picture and a text, −1 to 1.

        Args:
            picture: the embedding, float32 [d].
            text: such as the title.
        """
        with self._lock:
            kept = self._last
        if kept is None or kept[0] != text:
            kept = (text, self.embed([text])[0])
            with self._lock:
                self._last = kept
        return float(kept[1] @ picture / max(float(np.linalg.norm(picture)), 1e-12))
