"""`main.py distill`: train the starter backbone (TensorFlow is imported when a run starts)."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import CommandFailed, err, say
from bot.settings import load_settings
from models.extras import require_train


def distill(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of images, or of the known sources; may be repeated."),
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="The teacher's weights: a Keras file, or imagenet to download.")
    ] = "imagenet",
    out: Annotated[
        Path, typer.Option(help="The backbone folder to write (backbone.tflite and .json).")
    ] = Path("models/starter"),
    work: Annotated[
        Path, typer.Option(help="Where crops and checkpoints are kept (about 8 GB).")
    ] = Path("data/distill"),
    minutes: Annotated[float, typer.Option(help="How long to train; the schedule fits it.")] = 90.0,
    width: Annotated[float, typer.Option(help="Width multiplier of the student.")] = 0.5,
    size: Annotated[int, typer.Option(help="Side in px of the student's input.")] = 128,
    crops: Annotated[int, typer.Option(help="How many crops the teacher looks at.")] = 40_000,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 5e-3,
    seed: Annotated[int, typer.Option(help="Seed of crops, order and first weights.")] = 1,
    start: Annotated[
        Path | None,
        typer.Option(help="Begin with these weights (a backbone.weights.npz), not random ones."),
    ] = None,
    readout: Annotated[
        int, typer.Option(min=0, max=1280, help="Rank of the linear readout; 0 leaves it out.")
    ] = 192,
    resume: Annotated[
        bool, typer.Option(help="Go on from the checkpoint in the work folder if there is one.")
    ] = True,
    smoke: Annotated[
        bool, typer.Option(help="Run the whole path on a few generated images in seconds.")
    ] = False,
) -> None:
    """Train a small MobileNetV2 to see what the ImageNet one sees, and write it as a backbone.

    On a node of the Ray cluster where PEORIA_RAY_ADDRESS names one.
    """
    if not data and not smoke:
        raise typer.BadParameter("give at least one folder of images with --data")
    require_train("Distillation")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from trainer.backbone.distill import train_student
    from trainer.backbone.distill_display import ProgressDisplay
    from trainer.backbone.distill_images import find_images
    from trainer.backbone.distill_job import distill_on
    from trainer.backbone.distill_left_out import LeftOut
    from trainer.backbone.distill_options import DistillOptions
    from trainer.backbone.distill_teacher import convert_teacher, litert_teacher
    from trainer.backbone.export import export_student
    from trainer.backbone.looking import Looker
    from trainer.cluster.ray_jobs import job_cluster_if_any

    display = ProgressDisplay(err)
    if smoke:
        from trainer.backbone.distill_smoke import smoke_run

        facts = smoke_run(display, display.reading_out)
        say(f"The smoke run went through: embedding of {facts['dim']} numbers exported.")
        return
    settings = load_settings()
    if not resume:
        (work / "checkpoint.npz").unlink(missing_ok=True)
    options = DistillOptions(
        work=work,
        minutes=minutes,
        width=width,
        size=size,
        crops=crops,
        learning_rate=learning_rate,
        seed=seed,
        start=start,
        readout=readout,
    )
    images = find_images(data or [])
    left_out = LeftOut(work, display.note)
    try:
        network = convert_teacher(teacher, work)
        with job_cluster_if_any(settings.ray_address, display.note) as cluster:
            if cluster is None:
                with Looker(left_out.add, without=left_out.paths) as looker:
                    weights = train_student(
                        images, litert_teacher(network.read_bytes()), options, display,
                        display.reading_out, looker.rgb,
                    )  # fmt: skip
            else:
                weights = distill_on(
                    cluster, images, network, options, display, display.reading_out,
                    note=display.note, left_out=left_out, memory_mb=settings.train_memory_mb,
                )  # fmt: skip
        facts = export_student(weights, out, name="starter")
    except (ValueError, FloatingPointError) as refusal:
        raise CommandFailed(str(refusal)) from refusal
    finally:
        display.close()
    say(
        f"{out}: fingerprint {facts['fingerprint'][:16]}, input {facts['input_size']} px."
        + left_out.words()
    )
