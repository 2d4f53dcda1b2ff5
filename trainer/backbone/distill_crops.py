"""Crops with the teacher's feature maps of them, made once and kept on disk.

The teacher costs as much per crop as a training step of the student, so its feature maps are
stored (float16) and every crop is trained on several times, mirrored or not. A thread fills the
store while training already draws from what is ready; row `i` depends on the seed and `i` alone,
so that an interrupted filling goes on where it stopped.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from storage.files.atomic import replacing
from trainer.backbone.distill_images import (
    CAPTIONED,
    ROUNDS,
    Look,
    SourceImage,
    draw_captions,
    read_rgb,
)

TEACHER_SIZE = 224
TEACHER_BATCH = 8
# The rest are plain random crops.
WHOLE_IMAGE_SHARE = 0.4
MIXUP_SHARE = 0.1
# The few templates would be learned by heart: as many photos and drawings get a caption of one.
CAPTIONED_SHARE = 0.25
CAPTIONED_SIDE = 400  # px of the shorter side under the letters, so that they are sharp

UInt8 = npt.NDArray[np.uint8]
Float16 = npt.NDArray[np.float16]
Float32 = npt.NDArray[np.float32]
Teacher = Callable[[Float32], Float32]


def random_crop(image: Image.Image, random: np.random.Generator, size: int) -> UInt8:
    """Return uint8 [size, size, 3]: the whole image squashed (as serving does) or a random part."""
    box = None
    if random.random() >= WHOLE_IMAGE_SHARE:
        area = image.width * image.height * random.uniform(0.25, 1.0)
        ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
        width = min(image.width, max(8.0, np.sqrt(area * ratio)))
        height = min(image.height, max(8.0, np.sqrt(area / ratio)))
        left = random.uniform(0, image.width - width)
        top = random.uniform(0, image.height - height)
        box = (left, top, left + width, top + height)
    resized = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def to_network(pixels: UInt8) -> Float32:
    """Scale uint8 pixels to float32 in [-1, 1], the range the teacher was trained on."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)


def reserve(sizes: Mapping[Path, int]) -> None:
    """Lay out files of so many bytes and take the room for them.

    A disk that is found to be full only when a mapped file is written ends the process.

    Raises:
        OSError: there is not enough; none of the files is there then.
    """
    try:
        for path, size in sizes.items():
            with path.open("wb") as file:
                file.truncate(size)
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        for path in sizes:
            path.unlink(missing_ok=True)
        raise


class CropStore:
    """Rows of (crop uint8 [s, s, 3], teacher map float16 [h, w, c]) in two files of one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        rows: int,
        size: int,
        map_shape: tuple[int, int, int],
        seed: int,
        look: Look = read_rgb,
    ) -> None:
        """Open the store, or lay out an empty one.

        Args:
            folder: of its files.
            rows: how many.
            size: of a crop's side, px.
            map_shape: of the teacher's map of it.
            seed: of everything drawn.
            look: decodes; of an image that it leaves out the next one takes the place.

        Raises:
            ValueError: there is one of another shape.
            OSError: the disk has no room for it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows, self.size, self.seed = folder, rows, size, seed
        self._look = look
        facts = {"rows": rows, "size": size, "map": list(map_shape), "seed": seed}
        described = folder / "store.json"
        if described.is_file() and json.loads(described.read_text()) != facts:
            raise ValueError(f"{folder} holds crops of another run; choose another work folder.")
        fresh = not described.is_file()
        crops, maps = folder / "crops.u8", folder / "maps.f16"
        if fresh:
            reserve({crops: rows * size * size * 3, maps: 2 * rows * math.prod(map_shape)})
        self.crops = np.memmap(crops, np.uint8, "r+", shape=(rows, size, size, 3))
        self.maps = np.memmap(maps, np.float16, "r+", shape=(rows, *map_shape))
        self._ready_file = folder / "ready"
        if fresh:
            self._ready_file.write_text("0")
            described.write_text(json.dumps(facts))
        self.ready = int(self._ready_file.read_text())
        self.failure: BaseException | None = None
        self._captions: list[tuple[str, ...]] = []

    def fill(self, images: list[SourceImage], teacher: Teacher, stop: threading.Event) -> None:
        """Make the missing rows, a few at a time, until all are there or `stop` is set."""
        try:
            pool = [i for i, image in enumerate(images) for _ in range(ROUNDS.get(image.source, 1))]
            self._captions = [image.captions for image in images if image.captions]
            while self.ready < self.rows and not stop.is_set():
                chunk = range(self.ready, min(self.ready + TEACHER_BATCH, self.rows))
                pixels = np.stack([self._make_crop(images, pool, row) for row in chunk])
                self.maps[chunk.start : chunk.stop] = teacher(to_network(pixels))
                for row, crop in zip(chunk, pixels, strict=True):
                    self.crops[row] = self._reduced(crop)
                self._mark_ready(chunk.stop)
        except BaseException as error:
            self.failure = error
            raise

    def _reduced(self, crop: UInt8) -> UInt8:
        side = (self.size, self.size)
        return np.asarray(Image.fromarray(crop).resize(side, Image.Resampling.BOX))

    def _mark_ready(self, count: int) -> None:
        # Not forced to the disk, as the crops themselves are not.
        with replacing(self._ready_file, forced=False) as file:
            file.write_text(str(count))
        self.ready = count

    def _make_crop(self, images: list[SourceImage], pool: list[int], row: int) -> UInt8:
        round_number, place = divmod(row, len(pool))
        order = np.random.default_rng([self.seed, round_number]).permutation(len(pool))
        random = np.random.default_rng([self.seed, round_number, row])
        drawn = (images[pool[order[(place + k) % len(pool)]]] for k in range(len(pool)))
        crop = random_crop(self._picture(drawn, random), random, TEACHER_SIZE)
        if random.random() >= MIXUP_SHARE:
            return crop
        first = int(random.integers(len(pool)))
        _, other = self._first(images[pool[(first + k) % len(pool)]] for k in range(len(pool)))
        weight = random.uniform(0.2, 0.8)
        mixed = weight * crop + (1 - weight) * random_crop(other, random, TEACHER_SIZE)
        return mixed.round().astype(np.uint8)

    def _first(self, drawn: Iterable[SourceImage]) -> tuple[SourceImage, Image.Image]:
        """The first image that is not left out, and how it looks.

        Raises:
            ValueError: all are.
        """
        for chosen in drawn:
            if (picture := chosen.seen_by(self._look)) is not None:
                return chosen, picture
        raise ValueError("No image is left that can be looked at; give others.")

    def _picture(self, drawn: Iterable[SourceImage], random: np.random.Generator) -> Image.Image:
        chosen, picture = self._first(drawn)
        if (
            chosen.source not in CAPTIONED
            or not self._captions
            or random.random() >= CAPTIONED_SHARE
        ):
            return picture
        scale = max(1.0, CAPTIONED_SIDE / min(picture.size))
        enlarged = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        return draw_captions(enlarged, self._captions[int(random.integers(len(self._captions)))])

    def draw(self, random: np.random.Generator, count: int) -> tuple[UInt8, Float16]:
        """Return `count` random ready rows, each mirrored (picture and map alike) half the time."""
        chosen = np.sort(random.integers(self.ready, size=count))
        crops, maps = self.crops[chosen], self.maps[chosen]
        mirrored = random.random(count) < 0.5
        crops[mirrored] = crops[mirrored, :, ::-1]
        maps[mirrored] = maps[mirrored, :, ::-1]
        return crops, maps
