"""How a head is fitted: every hyperparameter, with its default."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

#: Labels up to which the defaults are meant.
_MANY = 10_000

#: With fewer labels than this nothing can show that other numbers are better.
_ENOUGH_TO_DOUBT = 1_000

#: Trust in metadata columns, by the longest beginning of the name that fits. What a title looks
#: like beside its length goes out of fashion within months (half a year back such columns cost a
#: ridge 0.05 of its rank correlation); authors' records hold.
METADATA_STRENGTH = (
    ("", 0.25), ("title_", 0.05), ("title_length", 1.0), ("text_", 0.1), ("text_length", 0.25),
    ("hour_", 0.05), ("weekday_", 0.05), ("author_", 1.0), ("pace_", 0.2),
    ("image_", 0.35),
)  # fmt: skip

#: As much trust in the hour, the weekday and what a title looks like; hardly any in the file.
_TRUSTING_STRENGTH = (
    ("", 0.02), ("title_", 0.5), ("title_length", 1.0), ("text_", 0.1), ("text_length", 0.25),
    ("hour_", 1.0), ("weekday_", 1.0), ("author_", 1.5), ("pace_", 0.2), ("image_", 0.35),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """The network and its training. The defaults are what cross-validation chose."""

    #: Same network, different seeds, logits averaged; all are trained in one pass.
    members: int = 8
    #: Main directions kept of the embedding, and of the hashed words.
    embedding_directions: int = 64
    text_directions: int = 32
    #: Steps that each metadata column is cut into.
    steps: int = 5
    #: How far each group is trusted before any label is seen: the scale of its encoded columns.
    #: It shrinks both parts of the head; with many labels it matters less.
    embedding_strength: float = 0.5
    title_strength: float = 0.03
    text_strength: float = 0.15
    metadata_strength: tuple[tuple[str, float], ...] = METADATA_STRENGTH
    #: Precision of the prior of the linear part's weights.
    linear_penalty: float = 25.0
    #: Weight in the linear part that a post of an author with a record has as a stranger's.
    strangers: float = 0.3
    #: Units of the hidden layer of each group.
    embedding_units: int = 16
    title_units: int = 8
    text_units: int = 8
    metadata_units: int = 16
    #: Dropout on the encoded groups, and on the hidden layers.
    embedding_dropout: float = 0.5
    title_dropout: float = 0.3
    text_dropout: float = 0.3
    metadata_dropout: float = 0.2
    hidden_dropout: float = 0.4
    #: Dropout of whole sources (title, text in the image, author's record, image).
    forget: float = 0.1
    #: Decoupled weight decay.
    weight_decay: float = 0.02
    learning_rate: float = 2e-3
    batch: int = 64
    max_epochs: int = 60
    patience: int = 8
    #: Weight of the ranked probability score beside the log loss.
    ranked_weight: float = 1.0

    @classmethod
    def for_labels(cls, n: int) -> Self:
        """The defaults for ``n`` labels: many need larger batches, fewer epochs and members.

        Noise is what batches, epochs and members average away, and there is less of it in many
        labels; without this the time to fit would be spent on steps that change nothing.
        """
        recipe = cls()
        if n <= _MANY:
            return recipe
        return replace(
            recipe,
            batch=min(recipe.batch * round((n / _MANY) ** 0.5 * 4), 2048),
            max_epochs=max(6, round(recipe.max_epochs * (_MANY / n) ** 0.5)),
            patience=3,
            members=2,
        )

    def trusting(self, n: int) -> Self | None:
        """A recipe for communities that are not like the one the defaults were chosen in.

        There titles go out of fashion, the hour means nothing and what an image shows adds up; here
        every source is trusted, and the network may bend (of a made-up community's knowable skill
        75% with 3,500 labels instead of 67%). It has to do better than the defaults to be used.

        Args:
            n: labels; None is returned where they are too few to choose by, or so many that
                the scales of the defaults no longer matter.
        """
        if not _ENOUGH_TO_DOUBT <= n <= _MANY:
            return None
        return replace(
            self,
            members=min(self.members, 4),
            embedding_strength=2.0,
            title_strength=0.3,
            metadata_strength=_TRUSTING_STRENGTH,
            embedding_units=64,
            embedding_dropout=0.1,
            title_dropout=0.1,
            text_dropout=0.1,
            metadata_dropout=0.05,
            hidden_dropout=0.5,
            forget=0.02,
            learning_rate=4e-3,
            batch=256,
        )

    @classmethod
    def from_options(cls, options: dict[str, Any], labels: int) -> Self:
        """The defaults for so many labels with some values replaced.

        Raises:
            ValueError: an option that there is not.
        """
        unknown = sorted(set(options) - {each.name for each in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown training options: {', '.join(unknown)}.")
        return replace(cls.for_labels(labels), **options)
