"""How much may be uploaded: by one person, from one household, and in all."""

import asyncio
from collections import Counter
from datetime import date

from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.texts.translate import gettext as _
from bot.web.refusals import Refusal
from storage.files.image_store import ImageStore

#: A household may be a family: it may upload so many times as much as one person.
_PEOPLE_OF_A_HOUSEHOLD = 4


class UploadQuota:
    """Counts uploads of a day (UTC), kept in memory, and the room that image files take."""

    def __init__(self, settings: Settings, images: ImageStore, clock: Clock) -> None:
        self._posts = settings.web_posts_a_day
        self._bytes = settings.web_mb_a_day * 2**20
        self._room = round(settings.image_store_gb * 2**30)
        self._images = images
        self._clock = clock
        self._day: date | None = None
        self._counts: Counter[tuple[str, str]] = Counter()
        self._measuring = asyncio.Lock()
        self._measured_at: float | None = None
        #: As it was measured; uploads since are added to it.
        self._stored = 0

    def check(self, person: str, household: str) -> None:
        """Refuse whoever has uploaded enough today.

        Raises:
            Refusal: (429) it is enough, by number or by bytes.
        """
        self._begin_day()
        for who, times in ((person, 1), (household, _PEOPLE_OF_A_HOUSEHOLD)):
            if self._counts["posts", who] >= self._posts * times:
                raise self._enough(f"{self._posts * times} uploads")
            if self._counts["bytes", who] >= self._bytes * times:
                raise self._enough(f"{self._bytes * times / 2**20:g} MB")

    async def check_room(self, size: int) -> None:
        """Refuse what the image store has no room for.

        Raises:
            Refusal: (507) the limit of the image store is reached.
        """
        loop = asyncio.get_running_loop()
        async with self._measuring:
            if (
                self._measured_at is None
                or loop.time() > self._measured_at + self._images.measure_seconds
            ):
                self._stored = await self._images.on_thread(_size_of, self._images)
                self._measured_at = loop.time()
        if self._stored + size > self._room:
            raise Refusal(
                507,
                _(
                    "The board has no room for more images: {size} GB is its limit."
                    " Nothing was posted. Whoever runs it can raise"
                    " PEORIA_IMAGE_STORE_GB or lower PEORIA_IMAGE_DAYS."
                ).format(size=f"{self._room / 2**30:g}"),
            )

    def add(self, person: str, household: str, size: int) -> None:
        """Count an upload of ``size`` bytes, whatever becomes of it."""
        self._begin_day()
        self._stored += size
        for who in (person, household):
            self._counts["posts", who] += 1
            self._counts["bytes", who] += size

    def _begin_day(self) -> None:
        today = self._clock().date()
        if today != self._day:
            self._day = today
            self._counts.clear()

    def _enough(self, limit: str) -> Refusal:
        now = self._clock()
        seconds = 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)
        return Refusal(
            429,
            _("That is enough for today: at most {limit} a day.").format(limit=limit),
            retry_after=seconds,
        )


def _size_of(images: ImageStore) -> int:
    return sum(each.bytes for each in images.stored())
