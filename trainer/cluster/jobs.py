"""A long fit as one job on a node of a cluster: its files go there, its checkpoints come back.

The job is a function of a module that works in a folder. Files of it that are to be kept are
brought here whenever they change, so a node that is lost costs what was done since then: the job
begins again on another node with what came back. What a cluster is stands in `JobCluster`.
"""

import shutil
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import psutil

from storage.engine.faults import storage_fault
from storage.errors import ExpectedError
from storage.files.atomic import replacing
from trainer.cluster.side_by_side import ClusterLost

#: How often a job is begun again whose node was lost.
_RESTARTS = 2
#: Files go to a node in fragments of so many bytes, or a file each.
_FRAGMENT = 8 * 2**20
#: A node tells what is new after this at the latest, and looks for it so often, seconds.
_TELL_SECONDS, _LOOK_SECONDS = 2.0, 0.2
_FOLDER = "peoria-job-"

Say = Callable[[Any], None]
Fragment = Sequence[tuple[str, bytes]]


class NodeLost(Exception):
    """The node that a job was on is gone, or the process there; the message says why."""


class JobStopped(ExpectedError):
    """A job took more than it may, or than its node has; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and with what.

    Attributes:
        work: called on the node with the folder, a function that says something here, and the
            arguments; found there by its module and name.
        arguments: its others.
        files: what it reads: names in the folder, and what gives the path here. One that is not
            there any more is not there, either.
        kept: what it writes: names in the folder, and where it is kept here. One that is here when
            the job begins is put into the folder; it is replaced on the node in one step.
    """

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    files: Sequence[tuple[str, Callable[[], Path]]]
    kept: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class News:
    """What is new on the node.

    Attributes:
        said: in its order.
        files: that changed, by their names in the folder.
        memory_mb: of the process and those that it started, MB.
        is_over: whether the work has ended, with ``result`` or with ``error``.
    """

    said: Sequence[Any]
    files: Mapping[str, bytes]
    memory_mb: float
    is_over: bool = False
    result: Any = None
    error: Exception | None = None


class JobPlace(Protocol):
    """A process on a node that a job can be done in (a `JobWorker` behind it).

    All but `close` raise NodeLost, or ClusterLost.
    """

    def take(self, fragment: Fragment) -> None:
        """Put files into its folder."""

    def begin(self, work: Callable[..., Any], arguments: Sequence[Any], kept: list[str]) -> None:
        """Begin the work."""

    def news(self) -> News:
        """What is new since the last call; waits for it a moment."""

    def close(self) -> None:
        """End the process, whatever it is at."""


class JobCluster(Protocol):
    """Where jobs are done."""

    def place(self) -> JobPlace:
        """A new process on a node, one with a GPU where the cluster has one.

        Raises:
            ClusterLost: there is none.
        """


def run_job(
    cluster: JobCluster,
    job: Job,
    *,
    told: Say,
    note: Callable[[str], None],
    memory_mb: int | None = None,
) -> Any:
    """Do a job on a cluster; what its work returned.

    Args:
        cluster: where it is done.
        job: what is done.
        told: called with what the work says.
        note: called with what happens to the job, for a log.
        memory_mb: the most that it may take on its node, MB; None: anything.

    Raises:
        ClusterLost: the cluster was lost, or one node after another. What came back is kept.
        JobStopped: it took too much memory, or its node's disk is full.
        Exception: whatever the work raised.
    """
    for left in reversed(range(1 + _RESTARTS)):
        try:
            with closing(cluster.place()) as place:
                return _attempt(place, job, told, note, memory_mb)
        except NodeLost as lost:
            if not left:
                raise ClusterLost(
                    f"{1 + _RESTARTS} nodes of the cluster were lost, one after the other: {lost}"
                ) from lost
            note(f"a node was lost, going on from the last checkpoint on another ({lost})")
    raise AssertionError


def _attempt(
    place: JobPlace, job: Job, told: Say, note: Callable[[str], None], memory_mb: int | None
) -> Any:
    note("sending files to a node of the cluster")
    for fragment in _fragments(job):
        place.take(fragment)
    place.begin(job.work, job.arguments, [*job.kept])
    note("at work on a node of the cluster")
    while True:
        news = place.news()
        for name, content in news.files.items():
            _replace(job.kept[name], content)
        for each in news.said:
            told(each)
        if news.error is not None:
            raise news.error
        if news.is_over:
            return news.result
        if memory_mb is not None and news.memory_mb > memory_mb:
            raise JobStopped(
                f"Stopped when it took more than {memory_mb} MB on its node"
                " (PEORIA_TRAIN_MEMORY_MB)."
            )


def _fragments(job: Job) -> Iterator[Fragment]:
    """The files of a job, as many at once as are worth a message."""
    fragment: list[tuple[str, bytes]] = []
    size = 0
    files: list[tuple[str, Callable[[], Path]]] = [
        (name, partial(Path, path)) for name, path in job.kept.items()
    ]
    for name, find in [*files, *job.files]:
        try:
            content = find().read_bytes()
        except FileNotFoundError:
            continue
        if fragment and size + len(content) > _FRAGMENT:
            yield fragment
            fragment, size = [], 0
        fragment.append((name, content))
        size += len(content)
    if fragment:
        yield fragment


def _replace(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        file.write_bytes(content)


@dataclass(slots=True)
class _Ending:
    result: Any = None
    error: Exception | None = None
    reached: threading.Event = field(default_factory=threading.Event)


class JobWorker:
    """Does one job in a folder of its own: what is started on the node."""

    def __init__(self) -> None:
        _clear_left_over()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{psutil.Process().pid}-"))
        self._said: list[Any] = []
        self._kept: dict[str, object] = {}
        self._ending = _Ending()

    def meet(self, release: str) -> None:
        """Answer once the process is there.

        Args:
            release: of the Peoria that sends the job.

        Raises:
            OtherRelease: this is another Peoria.
        """
        if release != release_here():
            raise OtherRelease(
                f"A node of the cluster has Peoria {release_here()} and this is {release}:"
                " install the same release on all of them."
            )

    def take(self, fragment: Fragment) -> None:
        """Put files into the folder.

        Raises:
            JobStopped: the disk is full.
        """
        try:
            for name, content in fragment:
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        except OSError as error:
            if (full := _no_room(error)) is not None:
                raise full from error
            raise

    def begin(self, work: Callable[..., Any], arguments: Sequence[Any], kept: list[str]) -> None:
        """Begin the work, in a thread: whoever asks for news is answered meanwhile."""
        self._kept = {name: self._stamp(name) for name in kept}
        threading.Thread(target=self._carry_out, args=(work, arguments), daemon=True).start()

    def news(self) -> News:
        """What is new since the last call."""
        ending, until = self._ending, time.monotonic() + _TELL_SECONDS
        while not ending.reached.wait(_LOOK_SECONDS) and not self._changed():
            if time.monotonic() > until:
                break
        # Asked first: what the work wrote and said before its end is told with it.
        is_over = ending.reached.is_set()
        files = {}
        for name in self._changed():
            stamp = self._stamp(name)
            with suppress(FileNotFoundError):
                files[name] = (self._folder / name).read_bytes()
            self._kept[name] = stamp
        said = self._said[:]
        del self._said[: len(said)]
        return News(said, files, _memory_mb(), is_over, ending.result, ending.error)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _carry_out(self, work: Callable[..., Any], arguments: Sequence[Any]) -> None:
        try:
            self._ending.result = work(self._folder, self._said.append, *arguments)
        except Exception as error:  # noqa: BLE001 - it is raised where the job was sent from
            if not isinstance(error, ExpectedError):
                error.add_note(f"On the node:\n{traceback.format_exc()}")
            self._ending.error = _no_room(error) or error
        self._ending.reached.set()

    def _changed(self) -> list[str]:
        return [name for name, seen in self._kept.items() if self._stamp(name) not in (None, seen)]

    def _stamp(self, name: str) -> object:
        """What is another once a file was replaced; None where there is none."""
        try:
            found = (self._folder / name).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _memory_mb() -> float:
    """Of this process and those that it started; files that are mapped are taken from nobody."""
    here, own = psutil.Process(), 0
    for process in [here, *here.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            own += memory.rss - getattr(memory, "shared", 0)
    return own / 2**20


def _no_room(error: Exception) -> JobStopped | None:
    """What is said where the disk of this machine is full; None where something else is wrong."""
    fault = storage_fault(error)
    if fault is None or not fault.no_room:
        return None
    return JobStopped(
        f"The disk of a node of the cluster is full: make room on {socket.gethostname()} in"
        f" {tempfile.gettempdir()}, or have TMPDIR name another folder there."
    )


class OtherRelease(ExpectedError):
    """The node has another Peoria than whoever sends the job; the message says which."""


def release_here() -> str:
    """The version of Peoria that is installed here."""
    # By name: what lies in the package once it is installed cannot import it.
    return str(import_module("peoria").__version__)


def _clear_left_over() -> None:
    """Remove folders of processes that were ended before they could do it themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        number = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
