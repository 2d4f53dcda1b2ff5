"""How a head is fitted: every number that can be turned."""

from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Recipe:
    """The network and its training. The defaults are what cross-validation chose."""

    #: Same network, different seeds, logits averaged; all are trained in one pass.
    members: int = 4
    #: Units of the hidden layer of each group.
    embedding_units: int = 32
    text_units: int = 16
    metadata_units: int = 32
    #: Dropout on the standardised inputs of each group, and on the hidden layers.
    embedding_dropout: float = 0.5
    text_dropout: float = 0.3
    metadata_dropout: float = 0.1
    hidden_dropout: float = 0.3
    #: How often a whole source (title, text in the image, author's record) is hidden from a post.
    forget: float = 0.1
    #: Decoupled weight decay.
    weight_decay: float = 0.05
    learning_rate: float = 1e-3
    batch: int = 128
    max_epochs: int = 80
    patience: int = 6
    #: Weight of the ranked probability score beside the log loss.
    ranked_weight: float = 1.0

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        """The defaults with some values replaced.

        Raises:
            ValueError: an option that there is not.
        """
        unknown = sorted(set(options) - set(cls.__slots__))
        if unknown:
            raise ValueError(f"Unknown training options: {', '.join(unknown)}.")
        return replace(cls(), **options)
