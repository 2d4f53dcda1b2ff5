"""Charts as PNG files, drawn in a process of their own so that the bot stays small."""

import asyncio
import json
import logging
from dataclasses import asdict
from datetime import date

from bot.reports.stats import Stats
from bot.runtime.subprocesses import ROOT, child_environment, python_module
from bot.texts.language import language
from models.extras import TrainMissing, require_train
from storage.errors import ExpectedError

log = logging.getLogger(__name__)

#: A chart takes two seconds or so; what takes longer is given up.
_SECONDS = 30.0
#: A larger PNG than this, bytes, is taken for a fault.
_MAX_PNG = 8 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"

#: One at a time: the processor has other things to do.
_DRAWING = asyncio.Semaphore(1)


class ChartFailed(ExpectedError):
    """The chart could not be drawn; the message says why."""


async def stats_chart(stats: Stats) -> bytes:
    """Draw stats: skill over time, calibration, accuracy, the effect of a reply. A PNG file.

    Its words are in the language that is spoken (`bot.texts.language`).

    Raises:
        ChartFailed: it took too long, the process that draws failed, or the extra `train` is not
            installed.
    """
    try:
        require_train("A chart")
    except TrainMissing as error:
        raise ChartFailed(str(error)) from error
    async with _DRAWING:
        task = {"language": language(), "stats": asdict(stats)}
        return await _draw_in_child(json.dumps(task, default=date.isoformat).encode())


async def _draw_in_child(task: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *python_module("bot.reports.chart_process"),
        cwd=ROOT,
        env=child_environment() | {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SECONDS):
            drawn, errors = await process.communicate(task)
    except TimeoutError as error:
        raise ChartFailed(f"The chart was not drawn within {_SECONDS:g} seconds.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not drawn.startswith(_PNG) or len(drawn) > _MAX_PNG:
        words = errors.decode(errors="replace").strip().splitlines()
        log.error("Drawing a chart failed:\n%s", "\n".join(words[-20:]))
        raise ChartFailed(
            f"The chart could not be drawn: {words[-1] if words else 'it said nothing'}"
        )
    return drawn
