import gc
import weakref

from bot.runtime.garbage import left_in_place


class Node:
    """One that refers to itself, so that a collection alone finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_left_in_place_and_what_comes_is_collected() -> None:
    before = Node()
    ref = weakref.ref(before)
    with left_in_place():
        del before
        after = weakref.ref(Node())
        gc.collect()
        assert (ref() is not None, after()) == (True, None)
    gc.collect()
    assert ref() is None
