"""Long jobs on a cluster that loses a node, or its head (`benchmarks.ray_jobs`)."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ray_pictures import pictures
from tests.fakes.ray_nodes import Nodes
from trainer.cluster.jobs import Job, run_job
from trainer.cluster.ray_jobs import job_cluster
from trainer.cluster.side_by_side import ClusterLost


def count_up(folder: Path, say: Callable[[Any], None], steps: int, seconds: float) -> int:
    """A job that knows nothing but how far it is: its checkpoint is a number."""
    kept = folder / "checkpoint.txt"
    number = int(kept.read_text()) if kept.is_file() else 0
    while number < steps:
        time.sleep(seconds)
        number += 1
        say(number)
        temporary = folder / "next.txt"
        temporary.write_text(str(number))
        temporary.replace(kept)
    return number


def job(cluster: Nodes, folder: Path) -> dict[str, Any]:
    """A job whose node is killed in the middle: what it does twice, and where it goes on.

    The node that it begins on says that it has a GPU, which the other has not.
    """
    cluster.have(2, num_gpus=1)
    said: list[int] = []
    notes: list[str] = []

    def told(number: int) -> None:
        said.append(number)
        if number == 2:
            cluster.kill()

    with job_cluster(cluster.address) as places:
        work = Job(count_up, (6, 0.3), [], {"checkpoint.txt": folder / "checkpoint.txt"})
        found = run_job(places, work, told=told, note=notes.append)
    lost = sum("was lost" in note for note in notes)
    return {
        "steps": found, "done": len(said), "nodes_lost": lost,
        "as_alone": found == 6 and said == sorted(said),
    }  # fmt: skip


def to_tune(folder: Path, count: int) -> tuple[list[Any], Path]:
    """Pictures with their labels, and the weights of a small backbone to begin with."""
    from trainer.backbone.finetune_pictures import Picture
    from trainer.backbone.student_weights import StudentSpec, build_backbone, save_student

    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for number, content in enumerate(pictures(count)):
        (folder / f"{number}.jpg").write_bytes(content)
        shown.append(Picture(folder / f"{number}.jpg", np.eye(10)[number % 10]))
    weights, spec = folder / "weights.npz", StudentSpec(0.35, 64)
    save_student(weights, spec, build_backbone(spec).get_weights())
    return shown, weights


def no_poison(picture: Any) -> None:
    raise AssertionError(f"{picture} ended the processes that looked at it")


def tuning(cluster: Nodes, folder: Path, count: int) -> dict[str, Any]:
    """A backbone that is fine-tuned here and on two nodes, one of which is killed in the middle."""
    from trainer.backbone.finetune import Plan, finetune
    from trainer.backbone.finetune_job import finetune_on

    shown, weights = to_tune(folder, count)
    plan = Plan(epochs=4, patience=9)
    outs = [folder / "alone.npz", folder / "cluster.npz"]
    began = time.perf_counter()
    alone = finetune(shown, weights, outs[0], plan=plan, min_labels=1)
    middle = time.perf_counter()
    cluster.have(2, num_gpus=1)
    notes: list[str] = []
    checkpoint = folder / "checkpoint.npz"

    def progress(done: int, total: int, loss: float) -> None:
        if checkpoint.is_file() and not any("was lost" in note for note in notes):
            cluster.have(1)

    with job_cluster(cluster.address) as places:
        found = finetune_on(
            places, shown, weights, outs[1], plan=plan, progress=progress,
            checkpoint=checkpoint, note=notes.append, left_out=no_poison, min_labels=1,
        )  # fmt: skip
    return {
        "pictures": count, "here_s": round(middle - began, 1),
        "cluster_s": round(time.perf_counter() - middle, 1),
        "nodes_lost": sum("was lost" in note for note in notes),
        "losses": [alone["losses"], found["losses"]],
        "as_alone": alone == found and content(outs[0]) == content(outs[1]),
    }  # fmt: skip


def distilling(cluster: Nodes, folder: Path, steps: int) -> dict[str, Any]:
    """A student that learns so many steps here and on two nodes, of which one is killed."""
    import keras

    from trainer.backbone.convert import convert
    from trainer.backbone.distill import train_student
    from trainer.backbone.distill_images import find_images
    from trainer.backbone.distill_job import distill_on
    from trainer.backbone.distill_left_out import LeftOut
    from trainer.backbone.distill_options import DistillOptions
    from trainer.backbone.distill_smoke import draw_images
    from trainer.backbone.distill_teacher import litert_teacher

    draw_images(folder / "drawn", 24)
    images = find_images([folder / "drawn"])
    keras.utils.set_random_seed(2)
    layers = keras.layers
    small = [keras.Input((224, 224, 3)), layers.AveragePooling2D(32), layers.Conv2D(1280, 1)]
    teacher = folder / "teacher.tflite"
    teacher.write_bytes(convert(keras.Sequential(small)))

    def options(name: str) -> DistillOptions:
        return DistillOptions(
            folder / name, width=0.35, size=32, batch=4, crops=16, max_steps=steps, readout=4,
            checkpoint_seconds=0.0,
        )  # fmt: skip

    began = time.perf_counter()
    taught_by = litert_teacher(teacher.read_bytes())
    alone = train_student(images, taught_by, options("alone"), lambda _: None, lambda *_: None)
    middle = time.perf_counter()
    cluster.have(2, num_gpus=1)
    on_cluster, notes = options("cluster"), list[str]()
    left_out = LeftOut(on_cluster.work, notes.append)

    def report(_: object) -> None:
        if (on_cluster.work / "checkpoint.npz").is_file() and not any(
            "was lost" in note for note in notes
        ):
            cluster.have(1)

    with job_cluster(cluster.address) as places:
        found = distill_on(
            places, images, teacher, on_cluster, report, lambda *_: None,
            note=notes.append, left_out=left_out,
        )  # fmt: skip
    return {
        "steps": steps, "here_s": round(middle - began, 1),
        "cluster_s": round(time.perf_counter() - middle, 1),
        "nodes_lost": sum("was lost" in note for note in notes),
        "as_alone": not left_out.paths and content(found) == content(alone),
    }  # fmt: skip


def content(path: Path) -> bytes | None:
    """What was written; None: no epoch was better than the start, so that nothing was."""
    return path.read_bytes() if path.is_file() else None


def jobs(cluster: Nodes, folder: Path) -> dict[str, Any]:
    """Jobs on the cluster: one that counts, and two that train a network."""
    return {
        "counting": job(cluster, folder),
        "tuning": tuning(cluster, folder / "tuning", 60),
        "distilling": distilling(cluster, folder / "distilling", 4),
    }


def head_lost(cluster: Nodes, folder: Path) -> dict[str, Any]:
    """The head is killed in the middle of a job; then it goes on here.

    Nothing can be done on the cluster after that.
    """
    kept = folder / "counted.txt"
    killed: list[float] = []

    def told(number: int) -> None:
        if number == 5:
            killed.append(time.perf_counter())
            cluster.kill_head()

    why = ""
    try:
        with job_cluster(cluster.address) as places:
            work = Job(count_up, (1000, 0.3), [], {"checkpoint.txt": kept})
            run_job(places, work, told=told, note=lambda _: None)
    except ClusterLost as lost:
        why = str(lost)
    noticed, reached = time.perf_counter(), int(kept.read_text())
    (folder / "checkpoint.txt").write_text(str(reached))
    goes_on: list[int] = []
    count_up(folder, goes_on.append, reached + 2, 0.0)
    return {
        "said": why, "after_s": round(noticed - killed[0], 1), "reached": reached,
        "goes_on": bool(why) and goes_on == [reached + 1, reached + 2],
    }  # fmt: skip
