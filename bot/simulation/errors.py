"""How a simulation can fail, each in a sentence."""

from storage.errors import ExpectedError


class SimulationRefused(ExpectedError):
    """The simulation cannot be run as asked; the message says what to do."""


class SomethingLost(ExpectedError):
    """A simulation ended with posts, predictions, labels or points missing or doubled."""
