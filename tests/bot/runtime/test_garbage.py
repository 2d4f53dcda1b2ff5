"""What is left out of collections of garbage, and what is not."""

import gc
import weakref

from bot.runtime.garbage import leave_in_place


class Node:
    """One that refers to itself, so that a collection alone finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_left_in_place_and_what_comes_is_collected() -> None:
    before = Node()
    ref = weakref.ref(before)
    leave_in_place()
    del before
    after = weakref.ref(Node())
    gc.collect()
    try:
        assert (ref() is not None, after()) == (True, None)
    finally:
        gc.unfreeze()
        gc.collect()
        # As it was: other tests leave what tests stand on out, too.
        gc.freeze()
    assert ref() is None
