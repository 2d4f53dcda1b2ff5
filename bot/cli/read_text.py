"""main.py read-text: text in stored images, now instead of in the background."""

from bot.cli.console import progress, run, say
from bot.core import open_core
from bot.settings import load_settings

#: Images read between two moves of the progress bar.
STEP = 4


def read_text() -> None:
    """Read the text in every stored image whose text was not read (extra ocr).

    Can be stopped and started again; training uses what was read.
    """
    say(f"Read the text of {run(_read_text()):,} images.")


async def _read_text() -> int:
    settings = load_settings().model_copy(update={"read_text": True})
    async with open_core(settings) as core:
        reading = core.ocr_worker
        assert reading is not None  # noqa: S101 - asked for above
        done, total = 0, await reading.waiting()
        with progress() as bar:
            task = bar.add_task("Reading text in images", total=total)
            while await reading.waiting():
                done += await reading.read_next(STEP)
                bar.update(task, completed=done, total=max(total, done))
        return done
