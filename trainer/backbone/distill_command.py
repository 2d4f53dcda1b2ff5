"""`main.py distill`: train the starter backbone (TensorFlow is imported when a run starts)."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from models.extras import require_train

if TYPE_CHECKING:
    from trainer.backbone.distill_options import DistillProgress

LOG_SECONDS = 30.0


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
    """Train a small MobileNetV2 to see what the ImageNet one sees, and write it as a backbone."""
    if not data and not smoke:
        raise typer.BadParameter("give at least one folder of images with --data")
    require_train("Distillation")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from trainer.backbone.distill import train_student
    from trainer.backbone.distill_images import find_images
    from trainer.backbone.distill_options import DistillOptions
    from trainer.backbone.distill_teacher import prepare_teacher
    from trainer.backbone.export import export_student
    from trainer.backbone.student_weights import ExportRefused

    if smoke:
        from trainer.backbone.distill_smoke import smoke_run

        display = ProgressDisplay(Console(stderr=True))
        facts = smoke_run(display, display.reading_out)
        typer.echo(f"The smoke run went through: embedding of {facts['dim']} numbers exported.")
        return
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
    display = ProgressDisplay(Console(stderr=True))
    try:
        weights = train_student(
            find_images(data or []),
            prepare_teacher(teacher, work),
            options,
            display,
            display.reading_out,
        )
        facts = export_student(weights, out, name="starter")
    except (ExportRefused, ValueError, FloatingPointError) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"{out}: fingerprint {facts['fingerprint'][:16]}, input {facts['input_size']} px.")


class ProgressDisplay:
    """Show progress as a bar on a terminal and as a line every half minute in a log."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.logged = 0.0
        self.bar = Progress(
            TextColumn("distill"),
            BarColumn(),
            TextColumn("{task.percentage:>4.1f}%"),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self.task = self.bar.add_task("distill", total=1.0, facts="")

    def __call__(self, progress: DistillProgress) -> None:
        facts = (
            f"step {progress.step} · {progress.size} px · loss {progress.loss:.4f} · "
            f"{progress.images_per_second:.0f} images/s · {progress.crops_ready} crops"
        )
        if progress.cosine is not None:
            facts += f" · unseen: cosine {progress.cosine:.3f}, explained {progress.explained:.3f}"
        if self.console.is_terminal:
            self.bar.start()
            self.bar.update(self.task, completed=progress.done, facts=facts)
            if progress.done >= 1:
                self.bar.stop()
        elif progress.cosine is not None or time.monotonic() - self.logged > LOG_SECONDS:
            self.logged = time.monotonic()
            self.console.print(f"{100 * progress.done:.1f}% {facts}", soft_wrap=True)

    def reading_out(self, done: int, total: int) -> None:
        """Show how many images the readout has looked at."""
        if self.console.is_terminal:
            self.bar.start()
            self.bar.update(self.task, completed=done / total, facts=f"readout, {done} images")
            if done >= total:
                self.bar.stop()
        elif done >= total or time.monotonic() - self.logged > LOG_SECONDS:
            self.logged = time.monotonic()
            self.console.print(f"readout: {done} of {total} images", soft_wrap=True)


app = typer.Typer(add_completion=False)
app.command()(distill)

if __name__ == "__main__":
    sys.exit(app())
