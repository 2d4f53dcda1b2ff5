"""How a simulation can fail, each in a sentence."""


class SimulationRefused(Exception):
    """The simulation cannot be run as asked; the message says what to do."""


class SomethingLost(Exception):
    """A simulation ended with posts, predictions, labels or points missing or doubled."""
