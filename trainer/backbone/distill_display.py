"""How far a distillation is, for a person: a bar on a terminal, lines in a log."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.backbone.distill_options import DistillProgress

LOG_SECONDS = 30.0


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

    def close(self) -> None:
        """Leave the terminal as it was, also after a run that failed."""
        if self.bar.live.is_started:
            self.bar.stop()

    def note(self, sentence: str) -> None:
        """Show what happens to the run."""
        self.console.print(f"distill: {sentence}", soft_wrap=True, markup=False, highlight=False)
