import io

from rich.console import Console

from trainer.backbone.distill_display import ProgressDisplay
from trainer.backbone.distill_options import DistillProgress


def test_a_log_gets_a_line_for_every_evaluation() -> None:
    console = Console(record=True, width=200, force_terminal=False)
    display = ProgressDisplay(console)
    progress = DistillProgress(
        step=7,
        done=0.25,
        loss=1.5,
        size=96,
        images_per_second=40,
        crops_ready=100,
        cosine=0.5,
        explained=0.25,
    )
    display(progress)
    display(progress)
    lines = console.export_text().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("25.0% step 7")
    assert "cosine 0.500" in lines[0]


def test_a_run_that_failed_leaves_no_bar_and_no_hidden_cursor() -> None:
    written = io.StringIO()
    display = ProgressDisplay(Console(file=written, force_terminal=True))
    display.reading_out(1, 10)
    assert display.bar.live.is_started
    display.close()
    assert not display.bar.live.is_started
    assert written.getvalue().rfind("\x1b[?25h") > written.getvalue().rfind("\x1b[?25l")
