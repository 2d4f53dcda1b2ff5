"""What the Discord benchmarks stand on: pictures, and Peoria as a process of its own."""

import asyncio
import io
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from PIL import Image, ImageDraw

from tests.fakes.discord import FakeDiscord

ROOT = Path(__file__).parent.parent


def picture(seed: int, width: int = 640, height: int = 480) -> bytes:
    """A JPEG file that looks like no other."""
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height), _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = rng.randrange(width), rng.randrange(height)
        across, down = rng.randrange(8, width // 2), rng.randrange(8, height // 2)
        shape = rng.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + across, y + down), fill=_colour(rng))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)


def write_posts(folder: Path, count: int) -> Path:
    """A file of posts with known scores, and their pictures beside it, for a training run."""
    images = folder / "images"
    images.mkdir()
    rows = []
    for number in range(count):
        (images / f"p{number}.jpg").write_bytes(picture(1_000_000 + number, 160, 120))
        rows.append({
            "id": f"p{number}", "title": f"Picture {number}", "ups": number * 7 % 1000,
            "created_utc": 1_500_000_000 + 3600 * number, "author": f"person {number % 50}",
        })  # fmt: skip
    path = folder / "posts.json"
    path.write_text(json.dumps(rows))
    return path


def environment(fake: FakeDiscord, data_dir: Path, **more: str) -> dict[str, str]:
    """The settings of a Peoria that is on the loopback Discord and nowhere else."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PEORIA_")}
    return mine | {
        "PEORIA_DATA_DIR": str(data_dir), "PEORIA_WEB": "false", "PEORIA_SILENT_SHARE": "0",
        "PEORIA_DISCORD_TOKEN": fake.token, "PEORIA_DISCORD_API_URL": fake.api_url,
        "PEORIA_DISCORD_GATEWAY_URL": fake.gateway_url,
        "PEORIA_DOWNLOAD_ALLOW_HOSTS": "127.0.0.1", "PEORIA_LOG_LEVEL": "ERROR",
        # Laying tracebacks out for people takes the event loop long enough to be measured.
        "PEORIA_LOG_FORMAT": "json", "TF_CPP_MIN_LOG_LEVEL": "3", **more,
    }  # fmt: skip


async def command(env: Mapping[str, str], *arguments: str) -> str:
    """What a command of main.py prints.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", *arguments, cwd=ROOT, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        for each in (*psutil.Process(process.pid).children(recursive=True), process):
            each.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"main.py {' '.join(arguments)}: {(out + errors).decode()}")
    return out.decode()


@asynccontextmanager
async def peoria(fake: FakeDiscord, env: Mapping[str, str]) -> AsyncIterator[psutil.Process]:
    """`main.py run` in a process of its own, connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", "run", cwd=ROOT, env=env
    )
    try:
        await fake.ready()
        yield psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of ``values`` lie; the largest ones are not smoothed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def load() -> str:
    """The load averages, to be printed beside every figure."""
    return "load average " + ", ".join(f"{each:.1f}" for each in os.getloadavg())
