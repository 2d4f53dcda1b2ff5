"""The caption network without Keras: a decoder-only transformer in NumPy.

With the weights of `trainer.captions.network` it says the same. It keeps the keys and values of the
places that are there and nothing for those to come, which LiteRT cannot: a place of sixteen
captions takes a tenth of the time, and captions that exist are read all places at once.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
#: Keys and values of each block: float32 [n, heads, places so far, width / heads].
Cache = list[tuple[Floats, Floats]]

#: tanh(√(2/π) (x + 0.044715 x³)) is the usual approximation of the Gaussian error function.
_GELU, _CUBE = np.float32(0.7978845608), np.float32(0.044715)
_LEAST_VARIANCE = np.float32(1e-5)
#: Arrays before the blocks, of each block and after them, in the order Keras keeps them.
_FIRST = ("tokens", "places", "picture", "picture_bias")
_BLOCK = (
    "norm1", "shift1", "qkv", "qkv_bias", "attended", "attended_bias",
    "norm2", "shift2", "wide", "wide_bias", "narrow", "narrow_bias",
)  # fmt: skip
_LAST = ("norm", "shift", "merit", "merit_bias")


@dataclass(frozen=True, slots=True)
class Transformer:
    """Weights by name; of block 2 they are named ``2 qkv`` and so on.

    Attributes:
        weights: float32.
        depth: how many blocks there are.
        heads: of the attention.
    """

    weights: dict[str, Floats]
    depth: int
    heads: int

    @classmethod
    def of(cls, weights: list[Floats], *, depth: int, heads: int) -> Self:
        """From weights in the order Keras keeps them."""
        names = [*_FIRST, *(f"{n} {name}" for n in range(depth) for name in _BLOCK), *_LAST]
        named = dict(zip(names, weights, strict=True))
        return cls({name: w.astype(np.float32) for name, w in named.items()}, depth, heads)

    @property
    def places(self) -> int:
        """The longest caption, with what steers it."""
        return len(self.weights["places"])

    @property
    def picture_size(self) -> int:
        """Numbers of a picture's embedding."""
        return len(self.weights["picture"])

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return len(self.weights["tokens"])

    def read(self, tokens: NDArray[np.int32], picture: Floats | None, cache: Cache) -> Floats:
        """What the network makes of places that follow those in the cache, which they join.

        Args:
            tokens: int32 [n, places].
            picture: float32 [picture_size], of all; None: any.
            cache: of the places before; empty at the beginning.

        Returns:
            float32 [n, places, width], for `logits` and `merit`.
        """
        w = self.weights
        start = cache[0][0].shape[2] if cache else 0
        x: Floats = w["tokens"][tokens] + w["places"][start : start + tokens.shape[1]]
        if start == 0 and picture is not None:
            x[:, 0] += picture @ w["picture"] + w["picture_bias"]
        for number in range(self.depth):
            x = self._block(number, x, cache)
        return _normal(x, w["norm"], w["shift"])

    def _block(self, number: int, x: Floats, cache: Cache) -> Floats:
        def of(name: str) -> Floats:
            return self.weights[f"{number} {name}"]

        n, places, width = x.shape
        inner = _normal(x, of("norm1"), of("shift1")) @ of("qkv") + of("qkv_bias")
        q, k, v = inner.reshape(n, places, 3, self.heads, -1).transpose(2, 0, 3, 1, 4)
        if number < len(cache):
            before = cache[number]
            k, v = (np.concatenate(pair, axis=2) for pair in zip(before, (k, v), strict=True))
            cache[number] = k, v
        else:
            cache.append((k, v))
        scores: Floats = q @ k.swapaxes(2, 3) / np.float32(np.sqrt(width // self.heads))
        if places > 1:
            # Each place sees itself and those before.
            later = np.triu(np.ones(scores.shape[2:], np.bool_), k.shape[2] - places + 1)
            scores[..., later] = -1e9
        mixed = (_softmax(scores) @ v).swapaxes(1, 2).reshape(n, places, width)
        x = x + mixed @ of("attended") + of("attended_bias")
        wide: Floats = _normal(x, of("norm2"), of("shift2")) @ of("wide") + of("wide_bias")
        wide *= (np.tanh(_GELU * (wide + _CUBE * wide * wide * wide)) + 1) / 2
        found: Floats = x + wide @ of("narrow") + of("narrow_bias")
        return found

    def logits(self, read: Floats) -> Floats:
        """Of the next token: [n, places, width] to [n, places, vocabulary]."""
        found: Floats = read @ self.weights["tokens"].T
        return found

    def merit(self, read: Floats) -> Floats:
        """[n, places, width] to [n, places]; the mean over a caption's text is its merit."""
        found: Floats = (read @ self.weights["merit"] + self.weights["merit_bias"])[..., 0]
        return found

    def save(self, path: Path) -> None:
        """Write it: matrices in eight bits with a scale for each output, the rest as it is."""
        content: dict[str, Any] = {
            "shape": json.dumps({"depth": self.depth, "heads": self.heads}),
        }
        for name, weight in self.weights.items():
            if weight.ndim == 1:
                content[name] = weight
                continue
            axis = _summed(name)
            scale = np.maximum(np.abs(weight).max(axis=axis, keepdims=True) / 127, 1e-12)
            content[name] = np.round(weight / scale).astype(np.int8)
            content[f"scale {name}"] = scale.astype(np.float32)
        np.savez_compressed(path, **content)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Back from `save`.

        Raises:
            OSError, ValueError, KeyError: the file is missing or damaged.
        """
        with np.load(path) as found:
            weights = {
                name: found[name].astype(np.float32) * found[f"scale {name}"]
                if f"scale {name}" in found
                else found[name]
                for name in found.files
                if name != "shape" and not name.startswith("scale ")
            }
            shape = json.loads(str(found["shape"]))
            return cls(weights, int(shape["depth"]), int(shape["heads"]))


def _summed(name: str) -> int:
    """The axis over which products with a matrix are summed."""
    return 1 if name in ("tokens", "places") else 0


def _normal(x: Floats, scale: Floats, shift: Floats) -> Floats:
    off = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(off).mean(axis=-1, keepdims=True)
    found: Floats = off / np.sqrt(variance + _LEAST_VARIANCE) * scale + shift
    return found


def _softmax(scores: Floats) -> Floats:
    found: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found /= found.sum(axis=-1, keepdims=True)
    return found
