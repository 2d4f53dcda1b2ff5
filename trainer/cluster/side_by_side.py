"""Doing many independent things: one after the other, or side by side on a Ray cluster.

Every part is a pure function of its arguments, so that where it was done shows in nothing but time,
and a part whose node was lost is simply done again elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from models.ray_cluster import STORE_IS_FULL, connect, disconnect
from storage.errors import ExpectedError

T = TypeVar("T")

#: How often a part is tried again whose node was lost.
_RETRIES = 5


class ClusterLost(ExpectedError):
    """The cluster was lost, or could not do it; the message is a sentence."""


class SideBySide(Protocol):
    """Calls a function with each of some items and what they share."""

    def __call__(
        self,
        work: Callable[..., T],
        items: Sequence[Any],
        *shared: Any,
        told: Callable[[int], None] | None = None,
    ) -> list[T]:
        """The results in the order of the items.

        Args:
            work: a function of a module, that can be found by name elsewhere.
            items: its first argument, one after the other.
            shared: its other arguments.
            told: called with how many of the first results are there.
        """


def in_turn(
    work: Callable[..., T],
    items: Sequence[Any],
    *shared: Any,
    told: Callable[[int], None] | None = None,
) -> list[T]:
    """One after the other, in this process (`SideBySide`)."""
    found = []
    for item in items:
        found.append(work(item, *shared))
        if told:
            told(len(found))
    return found


@contextmanager
def side_by_side(address: str | None) -> Iterator[SideBySide]:
    """Where work is done: on the cluster at an address, or here where there is none.

    Raises:
        ClusterLost: there is no cluster at the address.
        RayMissing: the extra `ray` is not installed.
    """
    if address is None:
        yield in_turn
        return
    try:
        connect(address)
    except ConnectionError as error:
        raise ClusterLost(str(error)) from error
    try:
        yield on_cluster
    finally:
        disconnect()


def on_cluster(
    work: Callable[..., T],
    items: Sequence[Any],
    *shared: Any,
    told: Callable[[int], None] | None = None,
) -> list[T]:
    """Side by side on the cluster that this process is connected to (`SideBySide`).

    What is shared is sent to each node once. A part that fails by its own fault raises here what it
    raised there.

    Raises:
        ClusterLost: nodes were lost again and again, or Ray's object store is full.
    """
    import ray
    from ray.exceptions import ObjectStoreFullError, OutOfDiskError, RayError, RayTaskError

    try:
        task = ray.remote(work).options(num_cpus=1, max_retries=_RETRIES)
        sent = [ray.put(each) for each in shared]
        waiting = [task.remote(item, *sent) for item in items]
        found: list[T] = []
        for each in waiting:
            found.append(ray.get(each))
            if told:
                told(len(found))
    except RayTaskError as error:
        # The exception of the part itself, of its own class.
        raise error.cause or error from None
    except (ObjectStoreFullError, OutOfDiskError) as error:
        raise ClusterLost(STORE_IS_FULL) from error
    except RayError as error:
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ClusterLost(f"The Ray cluster could not finish it: {why}") from error
    return found
