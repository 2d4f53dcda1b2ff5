"""Predicting image files, for the command line: nothing is stored."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.clock import Clock
from bot.serving.audience import Audience
from bot.serving.champion import Champion, ChampionServer
from bot.serving.forecast import Card
from bot.serving.predict_image import predict_image
from models.decoding import ImageRefused


@dataclass(frozen=True, slots=True)
class FilePrediction:
    """What is predicted for one file.

    Attributes:
        file: its path.
        card: the prediction; None where the file was refused.
        error: why it was refused, a sentence; None where it was not.
        latency_ms: how long the answer took, milliseconds.
        frame: of an animation the frame that was judged, from 1, and of how many; None: it is none.
    """

    file: Path
    card: Card | None
    error: str | None
    latency_ms: float
    frame: tuple[int, int] | None = None


async def predict_files(
    server: ChampionServer,
    files: Sequence[Path],
    *,
    title: str,
    audience: Audience,
    clock: Clock,
) -> list[FilePrediction]:
    """Predict each file by itself; one that is refused does not keep the others from an answer.

    Raises:
        NoChampion: no model version serves.
    """
    champion = await server.champion()
    return [await _predict(server, file, title, audience, champion, clock) for file in files]


async def _predict(
    server: ChampionServer,
    file: Path,
    title: str,
    audience: Audience,
    champion: Champion,
    clock: Clock,
) -> FilePrediction:
    started = time.perf_counter()
    try:
        data = await asyncio.to_thread(_read, file, server.limits.max_bytes)
        predicted = await predict_image(
            server, data, title=title, audience=audience, now=clock(), champion=champion
        )
    except ImageRefused as refusal:
        return FilePrediction(file, None, str(refusal), _since(started))
    except OSError as error:
        return FilePrediction(
            file, None, f"The file cannot be read: {error.strerror or error}.", _since(started)
        )
    return FilePrediction(file, predicted.card, None, _since(started), predicted.frame)


def _read(file: Path, max_bytes: int) -> bytes:
    with file.open("rb") as stream:
        # One byte more than is accepted: enough for the decoder to say that it is too large.
        return stream.read(max_bytes + 1)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
