"""A loop in which what fails for one item is logged, and the next one has its turn."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)


async def one_by_one(items: Iterable[T], work: Callable[[T], Awaitable[R]], what: str) -> list[R]:
    """Work on items one after another; return the results of those that did not fail.

    Args:
        items: in their order.
        work: does one of them. Its error is logged and ends nothing else.
        what: what an item is, for the log: "a notice".
    """
    results = []
    for item in items:
        try:
            results.append(await work(item))
        except Exception:
            log.exception("Something failed for one of several: %s. The others go on.", what)
    return results
