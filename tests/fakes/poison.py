"""An image that ends every Ray worker which is given it."""

import os
import sys
from typing import Any


class Poison(bytes):
    """Bytes that end the process in which they arrive, if that is a worker of Ray."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrive, (bytes(self),)


def _arrive(data: bytes) -> Poison:
    ray: Any = sys.modules.get("ray")
    worker = None if ray is None else ray._private.worker.global_worker
    if worker is not None and worker.mode == ray.WORKER_MODE:
        os._exit(1)
    return Poison(data)
