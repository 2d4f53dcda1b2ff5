"""The caption network: a decoder-only transformer in Keras, whatever computes it.

One forward pass gives, for each place of a caption, the logits of the next token, and one number
whose mean over a caption's places says how well the caption does among those of its template.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

#: Places of a caption with what steers it: picture, expression, kind, place, BEGIN, then text.
PREFIX = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the network is."""

    vocabulary: int
    places: int = 64
    width: int = 256
    depth: int = 4
    heads: int = 4
    picture: int = 1280
    dropout: float = 0.2


class Block(layers.Layer):  # type: ignore[misc]
    """Attention to what came before, then a two-layer network, each added to what came in."""

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.width = shape.heads, shape.width
        start = keras.initializers.RandomNormal(stddev=0.02)
        last = keras.initializers.RandomNormal(stddev=0.02 / (2 * shape.depth) ** 0.5)
        self.before_attention = layers.LayerNormalization(epsilon=1e-5)
        self.queries_keys_values = layers.Dense(3 * shape.width, kernel_initializer=start)
        self.attended = layers.Dense(shape.width, kernel_initializer=last)
        self.before_network = layers.LayerNormalization(epsilon=1e-5)
        self.wide = layers.Dense(4 * shape.width, kernel_initializer=start)
        self.narrow = layers.Dense(shape.width, kernel_initializer=last)
        self.dropout = layers.Dropout(shape.dropout)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        for layer in (self.before_attention, self.queries_keys_values, self.attended,
                      self.before_network, self.wide):  # fmt: skip
            layer.build((None, None, self.width))
        self.narrow.build((None, None, 4 * self.width))
        self.built = True

    def _split(self, x: Any) -> tuple[Any, Any, Any]:
        """Queries, keys, values: each [n, heads, places, width / heads]."""
        places = ops.shape(x)[1]
        each = ops.reshape(
            self.queries_keys_values(self.before_attention(x)),
            (-1, places, 3, self.heads, self.width // self.heads),
        )
        q, k, v = ops.unstack(ops.transpose(each, (2, 0, 3, 1, 4)), 3, axis=0)
        return q, k, v

    def call(self, x: Any, training: bool = False) -> Any:
        """float [n, places, width] to the same."""
        q, k, v = self._split(x)
        places = ops.arange(ops.shape(x)[1])
        hidden = ops.where(places[None, :] > places[:, None], -1e9, 0.0)
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / (self.width / self.heads) ** 0.5
        shares = ops.softmax(scores + ops.cast(hidden, scores.dtype), axis=-1)
        mixed = ops.transpose(ops.matmul(shares, v), (0, 2, 1, 3))
        mixed = ops.reshape(mixed, (-1, ops.shape(x)[1], self.width))
        x = x + self.dropout(self.attended(mixed), training=training)
        inner = ops.gelu(self.wide(self.before_network(x)), approximate=True)
        return x + self.dropout(self.narrow(inner), training=training)


class CaptionNetwork(keras.Model):  # type: ignore[misc]
    """Tokens and picture in; logits of the next tokens and the caption's merit out.

    Inputs: ``tokens`` int32 [n, places], PICTURE first; ``picture`` float32 [n, picture], the
    embedding, all zero for any picture. Outputs: ``logits`` [n, places, vocabulary], ``merit``
    [n, places]. With a third input ``wanted``, int32 [n, places], the next tokens, ``logits`` give
    way to ``nats`` [n, places]: the negative log-likelihood of each, which is far less to fetch.
    """

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        self.shape = shape
        start = keras.initializers.RandomNormal(stddev=0.02)
        self.tokens = layers.Embedding(shape.vocabulary, shape.width, embeddings_initializer=start)
        self.places = layers.Embedding(shape.places, shape.width, embeddings_initializer=start)
        self.picture = layers.Dense(shape.width, kernel_initializer=start)
        self.blocks = [Block(shape, name=f"block_{number}") for number in range(shape.depth)]
        self.last = layers.LayerNormalization(epsilon=1e-5)
        self.merit = layers.Dense(1)
        self.dropout = layers.Dropout(shape.dropout)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        self.tokens.build((None, None))
        self.places.build((None, None))
        self.picture.build((None, self.shape.picture))
        for block in self.blocks:
            block.build((None, None, self.shape.width))
        self.last.build((None, None, self.shape.width))
        self.merit.build((None, None, self.shape.width))
        self.built = True

    def _seen(self, picture: Any) -> Any:
        """What the first place holds: [n, 1, width]; zero for any picture."""
        given = ops.cast(ops.any(picture != 0, axis=-1, keepdims=True), "float32")
        return (self.picture(picture) * ops.cast(given, self.compute_dtype))[:, None, :]

    def _out(self, x: Any) -> dict[str, Any]:
        x = self.last(x)
        table = ops.cast(ops.transpose(ops.convert_to_tensor(self.tokens.embeddings)), x.dtype)
        return {
            "logits": ops.cast(ops.matmul(x, table), "float32"),
            "merit": ops.cast(self.merit(x)[..., 0], "float32"),
        }

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """See the class."""
        tokens = inputs["tokens"]
        places = ops.arange(ops.shape(tokens)[1])
        x = self.tokens(tokens) + self.places(places)[None]
        first = ops.cast(places == 0, self.compute_dtype)[None, :, None]
        x = x + self._seen(inputs["picture"]) * first
        x = self.dropout(x, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        out = self._out(x)
        if "wanted" in inputs:
            out["nats"] = ops.sparse_categorical_crossentropy(
                inputs["wanted"], out.pop("logits"), from_logits=True
            )
        return out
