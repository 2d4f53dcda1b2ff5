"""A job on a cluster: what goes there and comes back, and what a lost node costs."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.fakes.job_nodes import JobNodes
from tests.fixtures.small_files import small_files
from trainer.cluster import jobs
from trainer.cluster.jobs import Job, JobStopped, JobWorker, News, OtherRelease, run_job
from trainer.cluster.side_by_side import ClusterLost


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nodes have theirs."""
    found = tmp_path / "nodes"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    return found


class Work:
    """Counts, and goes on only when what it wrote has been fetched: no clock has a part in it."""

    def __init__(self, steps: int) -> None:
        self.steps, self.go_on = steps, Event()

    def __call__(self, folder: Path, say: Callable[[Any], None]) -> str:
        kept = folder / "kept" / "number"
        kept.parent.mkdir(exist_ok=True)
        number = int(kept.read_text()) if kept.is_file() else 0
        while number < self.steps:
            number += 1
            say(number)
            (folder / "next").write_text(str(number))
            (folder / "next").replace(kept)
            self.go_on.wait(30)
            self.go_on.clear()
        return " ".join(sorted(p.read_text() for p in (folder / "read").iterdir()))


def job(tmp_path: Path, work: Callable[..., Any]) -> Job:
    files: list[tuple[str, Callable[[], Path]]] = []
    for number in range(3):
        path = tmp_path / f"file {number}"
        path.write_text(f"content {number}")
        files.append((f"read/{number}", lambda path=path: path))
    files.append(("read/gone", lambda: tmp_path / "nowhere"))
    return Job(work, (), files, {"kept/number": tmp_path / "here" / "number"})


def told_to(work: Work, said: list[int]) -> Callable[[int], None]:
    def told(number: int) -> None:
        said.append(number)
        work.go_on.set()

    return told


def test_a_job_has_its_files_and_what_it_keeps_comes_back(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_FRAGMENT", 20)
    work, said, nodes = Work(3), list[int](), JobNodes()
    notes: list[str] = []
    found = run_job(nodes, job(tmp_path, work), told=told_to(work, said), note=notes.append)
    assert found == "content 0 content 1 content 2"
    assert nodes.fragments == [["read/0", "read/1"], ["read/2"]]
    assert said == [1, 2, 3]
    assert (tmp_path / "here" / "number").read_text() == "3"
    assert notes[-1] == "at work on a node of the cluster"
    assert not [*folders.iterdir()]


def test_a_lost_node_costs_what_was_not_fetched(tmp_path: Path) -> None:
    work, said, notes = Work(4), list[int](), list[str]()
    lost = iter([2, 3])
    following = next(lost)

    def lose(news: News) -> bool:
        nonlocal following
        if following in news.said:
            following = next(lost, 0)
            return True
        return False

    nodes = JobNodes(lose)
    run_job(nodes, job(tmp_path, work), told=told_to(work, said), note=notes.append)
    assert said == [1, 2, 3, 4], "each goes on where the one before it was"
    assert sum("a node was lost" in note for note in notes) == 2
    assert len(nodes.places) == 3


def test_a_third_lost_node_and_a_lost_cluster_fail_with_their_reason(tmp_path: Path) -> None:
    def run(nodes: JobNodes) -> None:
        work = Work(9)
        run_job(nodes, job(tmp_path, work), told=told_to(work, []), note=lambda _: None)

    with pytest.raises(ClusterLost, match=r"3 nodes .* one after the other: its plug was pulled"):
        run(JobNodes(lambda news: bool(news.files)))
    assert (tmp_path / "here" / "number").read_text() == "3", "the next run goes on there"
    with pytest.raises(ClusterLost, match="The head of the Ray cluster was lost"):
        run(JobNodes(lambda news: bool(news.files), count=1))
    assert (tmp_path / "here" / "number").read_text() == "4"


def test_what_takes_too_much_is_stopped(tmp_path: Path, folders: Path) -> None:
    work = Work(2)
    with pytest.raises(JobStopped, match="more than 5 MB on its node"):
        run_job(
            JobNodes(memory_mb=6.0), job(tmp_path, work),
            # The work waits: it would write into the folder while that is removed.
            told=lambda _: None, note=lambda _: None, memory_mb=5,
        )  # fmt: skip
    assert not [*folders.iterdir()]


def test_what_the_work_raises_is_raised_here(tmp_path: Path) -> None:
    def fail(folder: Path, say: Callable[[Any], None]) -> None:
        raise ZeroDivisionError("of its own")

    with pytest.raises(ZeroDivisionError, match="of its own") as caught:
        run_job(JobNodes(), job(tmp_path, fail), told=lambda _: None, note=lambda _: None)
    assert "in fail" in caught.value.__notes__[0]


def test_another_release_refuses(folders: Path) -> None:
    worker = JobWorker()
    worker.meet(jobs.release_here())
    with pytest.raises(OtherRelease, match=r"this is 0\.0\.1: install the same release"):
        worker.meet("0.0.1")


def test_folders_of_processes_that_were_killed_are_removed(folders: Path) -> None:
    (folders / "peoria-job-999999999-x").mkdir()
    (folders / f"peoria-job-{os.getppid()}-x").mkdir()
    JobWorker().close()
    assert [each.name for each in folders.iterdir()] == [f"peoria-job-{os.getppid()}-x"]


def test_a_full_disk_on_the_node_is_a_sentence_and_nothing_changes(
    tmp_path: Path, folders: Path
) -> None:
    def fills(folder: Path, say: Callable[[Any], None]) -> None:
        (folder / "crops").write_bytes(bytes(200))

    sending, working = job(tmp_path, Work(1)), job(tmp_path, fills)
    for each, size in ((sending, 5), (working, 100)):
        with (
            small_files(size),
            pytest.raises(JobStopped, match=f"disk of a node of the cluster is full.* {folders}"),
        ):
            run_job(JobNodes(), each, told=lambda _: None, note=lambda _: None)
        assert not [*folders.iterdir()]
    assert not (tmp_path / "here").exists()
