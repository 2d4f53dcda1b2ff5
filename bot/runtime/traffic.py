"""Who is waited for, so that what nobody waits for lets them pass."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Traffic:
    """Counts those who are under way."""

    def __init__(self) -> None:
        self._under_way = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Somebody is under way until the block ends."""
        self._under_way += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._calm.set()

    async def let_pass(self, patience: float) -> bool:
        """Wait until nobody is under way, or for so many seconds; whether anybody still is."""
        try:
            async with asyncio.timeout(patience):
                await self._calm.wait()
        except TimeoutError:
            return True
        return False
