"""Ends of several things at the same time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

log = logging.getLogger(__name__)


async def end_side_by_side(ends: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Wait until each has ended: what they give up, other processes wait for.

    The first error is raised, any other logged; one that fails keeps none of the others.
    """
    ended = await asyncio.gather(*(end() for end in ends), return_exceptions=True)
    errors = [each for each in ended if isinstance(each, Exception)]
    for error in errors[1:]:
        log.error("Something could not be stopped.", exc_info=error)
    if errors:
        raise errors[0]
