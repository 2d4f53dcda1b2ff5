"""A Reddit on this machine: the real praw client talks to it.

`FakeReddit` holds what there is and notes every request; `serving` makes it listen in the running
loop, `serving_apart` on a thread of its own for commands that have a loop of their own.
"""

from tests.fakes.reddit.server import (
    CLIENT,
    PASSWORD,
    REFRESH_TOKEN,
    FakeReddit,
    serving,
    serving_apart,
)

__all__ = [
    "CLIENT",
    "PASSWORD",
    "REFRESH_TOKEN",
    "FakeReddit",
    "serving",
    "serving_apart",
]
