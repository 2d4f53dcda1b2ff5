"""A cluster without Ray: each node is a thread of this process, and can be lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from trainer.cluster.jobs import Fragment, JobWorker, News, NodeLost
from trainer.cluster.side_by_side import ClusterLost


class JobNodes:
    """As many nodes as are asked for (`JobCluster`).

    Args:
        lose: says of each news whether its node is lost before anybody hears more of it.
        memory_mb: of a process, as it is told.
        count: of nodes; the next one that is asked for finds no cluster any more.
    """

    def __init__(
        self,
        lose: Callable[[News], bool] = lambda news: False,
        *,
        memory_mb: float = 1.0,
        count: int = 99,
    ) -> None:
        self.lose, self.memory_mb, self.count = lose, memory_mb, count
        self.fragments: list[list[str]] = []
        self.places: list[JobNode] = []

    def place(self) -> "JobNode":
        if len(self.places) == self.count:
            raise ClusterLost("The head of the Ray cluster was lost.")
        self.places.append(JobNode(self))
        return self.places[-1]


class JobNode:
    """A node (`JobPlace`); its work goes on to its end after it is lost, and nobody hears of it."""

    def __init__(self, nodes: JobNodes) -> None:
        self._nodes, self._worker = nodes, JobWorker()
        self.folder = self._worker._folder
        self._is_lost = False

    def take(self, fragment: Fragment) -> None:
        self._nodes.fragments.append([name for name, _ in fragment])
        self._worker.take(fragment)

    def begin(self, work: Callable[..., Any], arguments: Sequence[Any], kept: list[str]) -> None:
        self._worker.begin(work, arguments, kept)

    def news(self) -> News:
        if self._is_lost:
            raise NodeLost("its plug was pulled")
        news = replace(self._worker.news(), memory_mb=self._nodes.memory_mb)
        self._is_lost = self._nodes.lose(news)
        return replace(news, is_over=False) if self._is_lost else news

    def close(self) -> None:
        self._worker.close()
