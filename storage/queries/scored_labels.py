"""A label with everything that was scored by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.types import ForecasterKind, ReplySkip, ReplyState


@dataclass(frozen=True, slots=True)
class Result:
    """How one forecaster did on one post.

    Attributes:
        kind: a person or a model.
        forecaster_id: an author's or a model version's id.
        points: league points; above 0 exactly when the guess was right, as no base rate is 1.
        base_rate: of the bucket that was guessed, 0 to 1.
        blind: a person who had not been shown the prediction.
        log: log loss, nats; 0 for people, like the rest.
        rps: ranked probability score.
        brier: Brier score.
        base_log: what equal chances for all bins would have scored.
        base_rps: the same for the ranked probability score.
    """

    kind: ForecasterKind
    forecaster_id: int
    points: float
    base_rate: float
    blind: bool = False
    log: float = 0.0
    rps: float = 0.0
    brier: float = 0.0
    base_log: float = 0.0
    base_rps: float = 0.0

    @property
    def hit(self) -> bool:
        """Whether the guess was right."""
        return self.points > 0


@dataclass(frozen=True, slots=True)
class ScoredLabel:
    """A label with everything that was scored by it.

    Attributes:
        community_id: where the post is.
        score: the label's.
        matured_at: decides day (UTC) and season.
        written_at: decides the order, which streaks go by.
        live: whether the post was seen when it appeared.
        spoken: True where people were answered, False where chance alone kept them from it, None
            where it was something else.
        results: of every forecaster; models in the order in which they predicted.
    """

    community_id: int
    score: float
    matured_at: datetime
    written_at: datetime
    live: bool
    spoken: bool | None
    results: Sequence[Result]


class Answer(Protocol):
    """The state of a reply, as `storage.tables.Reply` has it."""

    @property
    def state(self) -> ReplyState | None:
        """None where no reply was recorded."""

    @property
    def skip_code(self) -> ReplySkip | None:
        """Why there is no reply."""


def was_spoken(silent: bool, answer: Answer | None) -> bool | None:
    """Whether people were answered (True) or chance alone kept them from it (False).

    None where nothing was said for another reason: those posts tell nothing of what speaking does.

    Args:
        silent: whether the post was in the silent share.
        answer: the state of the reply.
    """
    if answer is None:
        return None
    if answer.state in (ReplyState.SENT, ReplyState.SETTLED):
        return True
    return False if silent and answer.skip_code is ReplySkip.SILENT_SHARE else None
