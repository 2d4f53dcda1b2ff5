"""Jobs on a Ray cluster: each in an actor, which ends with the process that sent it."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from models.extras import RayMissing
from models.ray_cluster import STORE_IS_FULL, connect, disconnect
from trainer.cluster.jobs import (
    Fragment,
    JobCluster,
    JobPlace,
    JobWorker,
    News,
    NodeLost,
    release_here,
)
from trainer.cluster.side_by_side import ClusterLost

#: A job that has not begun by then has no node to run on, seconds.
_START_SECONDS = 90.0
#: A process that is to begin is looked for so often, seconds.
_BEGIN_SECONDS = 1.0
#: An answer is waited for so long at once, and a node that gives none by then is lost, seconds.
_WAIT_SECONDS, _SILENT_SECONDS = 3.0, 300.0
#: The head is lost when it cannot be reached so often in a row. Ray's own code would end this
#: process after 20 s.
_UNREACHED = 3
_REACH_SECONDS = 2.0
_END_SECONDS = 5.0

HEAD_LOST = "The head of the Ray cluster was lost (PEORIA_RAY_ADDRESS)."


@contextmanager
def job_cluster(address: str) -> Iterator[JobCluster]:
    """The cluster at an address.

    Raises:
        ClusterLost: there is no cluster at the address.
        RayMissing: the extra `ray` is not installed.
    """
    try:
        connect(address)
    except ConnectionError as error:
        raise ClusterLost(str(error)) from error
    try:
        yield _RayCluster(None if address.startswith("ray://") else _head())
    finally:
        disconnect()


@contextmanager
def job_cluster_if_any(
    address: str | None, note: Callable[[str], None]
) -> Iterator[JobCluster | None]:
    """The cluster at an address; None without one, and where it is away, which is noted."""
    with ExitStack() as stack:
        found = None
        if address is not None:
            try:
                found = stack.enter_context(job_cluster(address))
            except (ClusterLost, RayMissing) as away:
                note(f"without the cluster ({away})")
        yield found


class _RayCluster:
    """The cluster that this process is connected to (`JobCluster`).

    Args:
        head: host and port; None where only Ray's client reaches it, which notices by itself.
    """

    def __init__(self, head: tuple[str, int] | None) -> None:
        self._head = head

    def place(self) -> JobPlace:
        """A new process on a node."""
        until = time.monotonic() + _START_SECONDS
        while True:
            place = _RayPlace(self._head, gpus=_gpus())
            try:
                place.begin_process(until)
            except NodeLost as lost:
                # A node that is lost is still counted for a moment.
                place.close()
                if time.monotonic() > until:
                    raise ClusterLost(f"No node of the cluster could begin: {lost}") from lost
            except BaseException:
                place.close()
                raise
            else:
                return place


class _RayPlace:
    """An actor (`JobPlace`)."""

    def __init__(self, head: tuple[str, int] | None, *, gpus: int) -> None:
        import ray

        self._head, self._gpus = head, gpus
        self._unreached = 0
        self._is_there = False
        # One processor is asked for, as for every other part: TensorFlow takes what is there.
        self._actor: Any = (
            ray.remote(JobWorker)
            .options(num_cpus=1, num_gpus=gpus, max_restarts=0, scheduling_strategy="SPREAD")
            .remote()
        )

    def begin_process(self, until: float) -> None:
        """Wait until the process is there.

        Raises:
            NodeLost: the node went, or it was to have a GPU and there is none any more.
            ClusterLost: it is not there in time.
            OtherRelease: the node has another Peoria.
        """
        import ray

        waiting = self._actor.meet.remote(release_here())
        while not ray.wait([waiting], timeout=_BEGIN_SECONDS)[0]:
            self._look_for_head()
            if self._gpus and not _gpus():
                raise NodeLost("the node with a GPU is gone")
            if time.monotonic() > until:
                what = "GPU" if self._gpus else "processor"
                raise ClusterLost(
                    f"No node of the cluster had a {what} free within {_START_SECONDS:.0f} s."
                )
        self._get(waiting)
        self._is_there = True

    def take(self, fragment: Fragment) -> None:
        """Put files into its folder, by way of Ray's object store."""
        import ray
        from ray.exceptions import ObjectStoreFullError, OutOfDiskError

        try:
            sent = ray.put(list(fragment))
        except (ObjectStoreFullError, OutOfDiskError) as error:
            raise ClusterLost(STORE_IS_FULL) from error
        self._get(self._actor.take.remote(sent))

    def begin(self, work: Callable[..., Any], arguments: Sequence[Any], kept: list[str]) -> None:
        """Begin the work."""
        self._get(self._actor.begin.remote(work, arguments, kept))

    def news(self) -> News:
        """What is new since the last call."""
        # The node answers for a while after the head is lost, and Ray ends this process meanwhile.
        self._look_for_head()
        found: News = self._get(self._actor.news.remote())
        return found

    def close(self) -> None:
        """End the process, whatever it is at."""
        import ray
        from ray.exceptions import RayError

        with suppress(RayError, ConnectionError, ValueError):
            if self._is_there and not self._unreached:
                ray.wait([self._actor.close.remote()], timeout=_END_SECONDS)
            ray.kill(self._actor, no_restart=True)

    def _get(self, waiting: Any) -> Any:
        """What a call gives.

        Raises:
            NodeLost: the process is gone.
            ClusterLost: the cluster is.
            Exception: whatever was raised there.
        """
        import ray
        from ray.exceptions import GetTimeoutError, RayError, RayTaskError

        silent_at = time.monotonic() + _SILENT_SECONDS
        while True:
            try:
                found = ray.get(waiting, timeout=_WAIT_SECONDS)
            except GetTimeoutError:
                self._look_for_head()
                if time.monotonic() > silent_at:
                    raise NodeLost(f"no answer for {_SILENT_SECONDS:.0f} s") from None
            except RayTaskError as error:
                raise error.cause or error from None
            except RayError as error:
                self._is_there = False
                # The head may have been on the same machine.
                for _ in range(_UNREACHED):
                    self._look_for_head()
                    if not self._unreached:
                        break
                raise NodeLost(_first_line(error)) from error
            except ConnectionError as error:
                # Of Ray's client.
                raise ClusterLost(HEAD_LOST) from error
            else:
                return found

    def _look_for_head(self) -> None:
        """Look whether the head is there.

        Raises:
            ClusterLost: it was not, several times in a row.
        """
        self._unreached = 0 if _reached(self._head) else self._unreached + 1
        if self._unreached >= _UNREACHED:
            raise ClusterLost(HEAD_LOST)
        if self._unreached:
            time.sleep(_REACH_SECONDS)


def _gpus() -> int:
    """1 where the cluster has a GPU."""
    import ray

    return int(ray.cluster_resources().get("GPU", 0) >= 1)


def _head() -> tuple[str, int]:
    import ray

    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    return host.strip("[]"), int(port)


def _reached(head: tuple[str, int] | None) -> bool:
    if head is None:
        return True
    try:
        socket.create_connection(head, _REACH_SECONDS).close()
    except OSError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
