"""A distillation on a node of a cluster, as `trainer.backbone.distill` does it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from trainer.backbone.distill import train_student
from trainer.backbone.distill_images import SourceImage
from trainer.backbone.distill_left_out import LeftOut
from trainer.backbone.distill_options import DistillOptions, DistillProgress, Report
from trainer.backbone.distill_run import CHECKPOINT, FINISHED, WEIGHTS
from trainer.backbone.distill_teacher import litert_teacher
from trainer.backbone.looking import Looker
from trainer.cluster.jobs import Job, JobCluster, Say, run_job

_START = "start.weights.npz"


def distill_on(
    cluster: JobCluster,
    images: Sequence[SourceImage],
    teacher: Path,
    options: DistillOptions,
    report: Report,
    reading_out: Callable[[int, int], None],
    *,
    note: Callable[[str], None],
    left_out: LeftOut,
    memory_mb: int | None = None,
) -> Path:
    """`train_student` on a node: its checkpoint and its weights are written into the work folder.

    The crops with the teacher's maps of them stay on the node. Where it is lost, another makes the
    same ones again, and goes on learning when as many are there as there were.

    Args:
        cluster: where it is done.
        images: to train on, and those held out.
        teacher: LiteRT file of the network (`convert_teacher`).
        options: of the run.
        report: called after each step, some time later.
        reading_out: as of `train_student`.
        note: called with what happens to the job.
        left_out: what is not looked at; what ends two processes there is added.
        memory_mb: the most that it may take there, MB.

    Returns:
        The file of averaged weights, here.

    Raises:
        ClusterLost: the cluster was lost; the checkpoint is kept.
        JobStopped: it took too much memory.
        Exception: whatever `train_student` raises.
    """

    def told(news: DistillProgress | tuple[int, int] | Path) -> None:
        if isinstance(news, DistillProgress):
            report(news)
        elif isinstance(news, Path):
            left_out.add(paths[news])
        else:
            reading_out(*news)

    # Of one picture there may be many images, each with other captions. Its own name is what an
    # error tells.
    places = {
        path: Path("pictures", f"{number:07d}", path.name)
        for number, path in enumerate(dict.fromkeys(image.path for image in images))
    }
    paths = {place: path for path, place in places.items()}
    sent = [replace(image, path=places[image.path]) for image in images]
    files = {teacher.name: teacher, **{str(place): path for path, place in places.items()}}
    if options.start is not None:
        files[_START] = options.start
    job = Job(
        _distill,
        (
            sent,
            teacher.name,
            replace(options, start=options.start and Path(_START)),
            [places[path] for path in left_out.paths if path in places],
        ),
        [(name, partial(Path, path)) for name, path in files.items()],
        {name: options.work / name for name in (CHECKPOINT, WEIGHTS, FINISHED)},
    )
    name: str = run_job(cluster, job, told=told, note=note, memory_mb=memory_mb)
    return options.work / name


def _distill(
    folder: Path,
    say: Say,
    images: Sequence[SourceImage],
    teacher: str,
    options: DistillOptions,
    without: Sequence[Path],
) -> str:
    """What is done on the node; the name of the file of weights."""
    with Looker(
        lambda path: say(path.relative_to(folder)), without=[folder / each for each in without]
    ) as looker:
        weights = train_student(
            [replace(image, path=folder / image.path) for image in images],
            litert_teacher((folder / teacher).read_bytes()),
            replace(options, work=folder, start=options.start and folder / options.start),
            say,
            lambda done, total: say((done, total)),
            looker.rgb,
        )
    return weights.name
