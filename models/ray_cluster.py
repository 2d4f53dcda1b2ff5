"""Connecting a process to a Ray cluster (extra `ray`). Whoever serves or trains does it alike."""

import logging
import os
import re
import socket
import sys
from typing import Any

from models.extras import require_ray

#: ``local`` starts a cluster of this machine, ``auto`` finds the one that runs on it.
_NAMED = ("local", "auto")
#: What is said where there is no room for what is to be sent.
STORE_IS_FULL = (
    "Ray's object store is full: start the nodes with more --object-store-memory, or let fewer jobs"
    " run at once."
)
_HOST = re.compile(
    r"(?:ray://)?[A-Za-z0-9._-]+(?::\d{1,5})?|(?:ray://)?\[[0-9A-Fa-f:]+\](?::\d{1,5})?"
)

#: A head that takes longer to be reached is none, seconds.
_REACH_SECONDS = 10.0

#: Nothing is sent to Ray's makers, and a head that is lost is noticed within half a minute.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",
    # A cluster of this machine may begin while the machine is busy.
    "RAY_raylet_start_wait_time_s": "45",
}


def check_address(value: str) -> str:
    """The address, as it is.

    Raises:
        ValueError: it is none that Ray takes.
    """
    if value in _NAMED or (_HOST.fullmatch(value) and (":" in value)):
        return value
    raise ValueError("must be local, auto, HOST:PORT of a head, or ray://HOST:PORT")


def set_environment() -> None:
    """What Ray reads from the environment, as far as nobody has set it: before it is imported."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def connect(address: str) -> None:
    """Connect this process to a cluster.

    Raises:
        RayMissing: the extra is not installed.
        ConnectionError: there is no cluster there; the message is a sentence.
    """
    require_ray("PEORIA_RAY_ADDRESS")
    set_environment()
    import ray

    options: dict[str, Any] = {"namespace": "peoria"}
    if not address.startswith("ray://"):
        options |= {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == "local":
        options["include_dashboard"] = False
    try:
        _look_for_head(address)
        ray.init(address=address, **options)
    # Ray has no class of its own for this: what it raises depends on how far it came.
    except Exception as error:
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if address == "local":
            raise ConnectionError(f"Ray could not be started on this machine ({why}).") from error
        raise ConnectionError(f"There is no Ray cluster at {address} ({why}).") from error


def _look_for_head(address: str) -> None:
    """Make sure that there is a head: without one, Ray's own code ends this process after 20 s.

    Raises:
        ConnectionError: there is none.
        OSError: it cannot be reached.
    """
    if address == "local" or address.startswith("ray://"):
        return
    from ray._private.services import canonicalize_bootstrap_address

    # Where Ray will look: of `auto`, it may be a head that was lost without a word.
    host, _, port = str(canonicalize_bootstrap_address(address)).rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()


def processors() -> int:
    """Processors of all nodes that this process's cluster has."""
    import ray

    return int(ray.cluster_resources().get("CPU", 0))


def disconnect() -> None:
    """End the connection, and the cluster if `connect` started it."""
    if "ray" in sys.modules:
        import ray

        ray.shutdown()
