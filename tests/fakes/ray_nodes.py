"""A real Ray cluster on this machine: a head, and a second node that comes and goes."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from models.ray_cluster import set_environment

#: Of each node's object store, bytes: the least that Ray takes is 75 MB.
STORE = 100 * 2**20
_TRIES = 3
_PORTS = (
    "metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port",
    "runtime_env_agent_port",
)  # fmt: skip


class NodesDidNotStart(Exception):
    """Ray could not start a node on this machine, however often it was tried."""


class Nodes:
    """The cluster; `nodes` starts and ends one."""

    def __init__(self, **head: Any) -> None:
        # A raylet whose helpers have not started after 15 s ends itself: then there is another try.
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "60")
        set_environment()
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=False)
        self._nodes: list[Any] = []
        # As few processes as a head can do with: each takes seconds of a processor to begin.
        least = {"num_cpus": 1, "include_dashboard": False, "no_monitor": True}
        self._add(**least | head)

    @property
    def address(self) -> str:
        """``HOST:PORT`` of the head."""
        return str(self.cluster.address)

    def have(self, count: int, **settings: Any) -> None:
        """Start or kill nodes until there are so many, the head among them, a processor each."""
        while len(self._nodes) < count - 1:
            self._nodes.append(self._add(**{"num_cpus": 1} | settings))
        while len(self._nodes) > count - 1:
            self.kill()

    def kill(self) -> None:
        """End the newest node as if its plug was pulled."""
        self.cluster.remove_node(self._nodes.pop(), allow_graceful=False)

    def kill_head(self) -> None:
        """End what makes a node the head (its GCS) in the same way: the cluster is lost.

        The rest of it stays: a process of this machine is connected through that, as one that is
        on a node of its own would be.
        """
        self.cluster.head_node.kill_gcs_server(check_alive=False)

    def _add(self, **settings: Any) -> Any:
        """A node that has started. On a busy machine Ray gives up too soon: then another try."""
        for last in [False] * (_TRIES - 1) + [True]:
            try:
                return self.cluster.add_node(**{"object_store_memory": STORE} | _ports() | settings)
            except Exception as error:
                # Of no class of its own.
                if last:
                    raise NodesDidNotStart(str(error)) from error
        raise AssertionError


@contextmanager
def nodes(**head: Any) -> Iterator[Nodes]:
    """A cluster that has ended when the block ends, whatever happens in it."""
    made = Nodes(**head)
    try:
        yield made
    finally:
        made.cluster.shutdown()


def _ports() -> dict[str, int]:
    """Free ports for a node's helpers: a raylet waits 15 s, no longer, to be told of others."""
    with ExitStack() as stack:
        found = {}
        for name in _PORTS:
            free = stack.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))
            found[name] = free.getsockname()[1]
        return found
