"""Predicting images that somebody named on the command line: nothing is stored."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.runtime.clock import Clock
from bot.runtime.download import Downloader
from bot.serving.audience import Audience
from bot.serving.champion import Champion, ChampionServer
from bot.serving.forecast import Card
from bot.serving.image_sources import ImageSource, SourceUnread, named_images, read_image
from bot.serving.predict_image import predict_image
from models.decoding import ImageRefused


@dataclass(frozen=True, slots=True)
class FilePrediction:
    """What is predicted for one file.

    Attributes:
        file: as it was named: a path, an address, or ``-``.
        card: the prediction; None where the file was refused.
        error: why it was refused, a sentence; None where it was not.
        latency_ms: how long the answer took, milliseconds.
        frame: of an animation the frame that was judged, from 1, and of how many; None: it is none.
    """

    file: str
    card: Card | None
    error: str | None
    latency_ms: float
    frame: tuple[int, int] | None = None


async def predict_files(
    server: ChampionServer,
    names: Sequence[str],
    *,
    downloader: Downloader,
    title: str,
    audience: Audience,
    clock: Clock,
) -> list[FilePrediction]:
    """Predict each image by itself; one that is refused does not keep the others from an answer.

    Args:
        server: embeds images and knows the champion.
        names: files, folders, web addresses, or ``-`` for standard input.
        downloader: fetches addresses.
        title: the title that they would be posted with.
        audience: the community that they would be posted in.
        clock: the time.

    Raises:
        NoChampion: no model version serves.
    """
    champion = await server.champion()
    return [
        await _predict(server, source, downloader, title, audience, champion, clock)
        for source in named_images(names)
    ]


async def _predict(
    server: ChampionServer,
    source: ImageSource,
    downloader: Downloader,
    title: str,
    audience: Audience,
    champion: Champion,
    clock: Clock,
) -> FilePrediction:
    started = time.perf_counter()
    try:
        data = await read_image(source, downloader, server.limits.max_bytes)
        predicted = await predict_image(
            server, data, title=title, audience=audience, now=clock(), champion=champion
        )
    except (ImageRefused, SourceUnread) as refusal:
        return FilePrediction(source.name, None, str(refusal), _since(started))
    return FilePrediction(source.name, predicted.card, None, _since(started), predicted.frame)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
