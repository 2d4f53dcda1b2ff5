"""What a check finds: which part, how it is, and a sentence that says what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of a part."""

    WELL = "well"
    LOOK = "look"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of doctor's page: which part, its state, and a sentence."""

    part: str
    state: State
    sentence: str
