"""What every command works with, opened and closed in one place."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from bot.audit import AuditLog
from bot.cluster.batches import ClusterBatches, LocalBatches
from bot.cluster.outcomes import ImageBatches
from bot.people.key_check import open_people_key, owner_code
from bot.posts.fragment_reader import FragmentReader
from bot.posts.ocr_worker import OcrWorker
from bot.posts.past_posts import PastPosts
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader
from bot.runtime.system_clock import SystemClock
from bot.service_states import ServiceStates
from bot.serving.champion import ChampionServer
from bot.serving.picture_frames import Places
from bot.serving.picture_pool import PicturePool
from bot.settings import Settings, SettingsRefused
from bot.training.backbone_setup import prepare_backbone
from bot.training.child import TrainingLimits
from bot.training.exchange_models import ModelExchange
from bot.training.first_version import add_first_champion, has_champion
from bot.training.runs import TrainingRuns
from bot.training.shared_models import SharedModels
from bot.training.usable_champion import ensure_usable_champion
from models.attributes.serving_genres import GENRE_HEADS
from models.decoding import DecodeLimits
from models.extras import require_ray
from models.ocr import READ_SIZE, TextReader, check_ocr
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.files.image_store import ImageStore
from storage.objects.faults import ObjectStoreFault
from storage.objects.remote_image_store import RemoteImageStore
from storage.private import close_all_to_others, make_private_folder

log = logging.getLogger(__name__)

#: What lies in the data folder and is nobody else's business: databases, keys and their copies.
PRIVATE = ("*.db*", "*.key", "backups", "backups/*", "before-restore-*", "before-restore-*/*.key")


@dataclass(frozen=True, slots=True)
class Core:
    """What every command works with.

    Attributes:
        settings: what is set.
        database: all tables.
        images: the image files.
        serving: the champion and the threads that run models.
        batches: where batches of images are embedded: here, or on a Ray cluster.
        far_attributes: has attributes read on a Ray cluster; None: there is no address of one.
        downloader: downloads images.
        training: training runs.
        exchange: keeps the model versions of several machines the same.
        people_key: key of the hashes that stand for people.
        ocr_worker: reads text in images; None: PEORIA_READ_TEXT is off.
        services: how the parts that should always run are doing.
        clock: the time.
        reread: reads the settings anew; None: they never change.
    """

    settings: Settings
    database: Database
    images: ImageStore
    serving: ChampionServer
    batches: ImageBatches
    far_attributes: FragmentReader | None
    downloader: Downloader
    training: TrainingRuns
    exchange: ModelExchange
    people_key: bytes
    ocr_worker: OcrWorker | None
    services: ServiceStates
    clock: Clock
    reread: Callable[[], Settings] | None = None

    @property
    def audit(self) -> AuditLog:
        """Who changed what."""
        return AuditLog(self.database, keep_days=self.settings.audit_days, clock=self.clock)

    @property
    def past_posts(self) -> PastPosts:
        """Stores posts of the past."""
        return PastPosts(
            self.database,
            self.images,
            self.serving,
            self.downloader,
            people_key=self.people_key,
            clock=self.clock,
        )

    def settings_now(self) -> Settings:
        """The settings as they are written now, for credentials only; all else is read once."""
        if self.reread is None:
            return self.settings
        try:
            return self.reread()
        except SettingsRefused as error:
            log.warning("What was changed is not taken up. %s", error)
            return self.settings


@asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    clock: Clock | None = None,
    reread: Callable[[], Settings] | None = None,
) -> AsyncIterator[Core]:
    """Open the data, migrate it to this version, and make sure that a champion can serve.

    Args:
        settings: what is set.
        clock: the time; None: this machine's, corrected by the platforms'.
        reread: reads the settings anew, for credentials that were changed; None: they never are.

    Raises:
        DatabaseTooNew: the database was used by a newer Peoria.
        PeopleKeyRefused: the database was filled with another key of people's hashes.
        ObjectsMissing: PEORIA_IMAGES_URL is set without the extra.
        ObjectStoreFault: keys of that object store are missing.
        ChampionElsewhere: what serves is on another machine only.
        OtherOwner: that object store is another database's.
        OcrMissing: PEORIA_READ_TEXT is set without the extra.
        RayMissing: PEORIA_RAY_ADDRESS is set without the extra.
        BackboneUnusable: a new installation's backbone is missing or damaged.
        OSError: the data folder cannot be written.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        make_private_folder(settings.data_dir)
        # Those of an older Peoria, or of a careless copy.
        close_all_to_others(settings.data_dir, PRIVATE)
        database = Database(settings.url)
        stack.push_async_callback(database.close)
        await upgrade(database)
        people_key = await open_people_key(database, settings.data_dir, settings.secret_key)
        limits = DecodeLimits(
            max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        images = await _open_images(settings, people_key)
        stack.callback(images.close)
        shared = None
        if isinstance(images, RemoteImageStore):
            shared = SharedModels(
                images.objects,
                versions_dir=settings.versions_dir,
                backbones_dir=settings.backbones_dir,
                claim=images.claim,
            )
        services = ServiceStates(database, clock=clock)
        pictures = None
        if settings.picture_processes:
            pictures = PicturePool(
                Places(settings.backbones_dir, settings.versions_dir / GENRE_HEADS, limits),
                processes=settings.picture_processes,
                report=services.report("pictures", "The reading of pictures"),
            )
        serving = ChampionServer(
            database,
            versions_dir=settings.versions_dir,
            backbones_dir=settings.backbones_dir,
            limits=limits,
            bring=shared.bring if shared else None,
            pictures=pictures,
        )
        stack.push_async_callback(serving.close)
        downloader = Downloader(
            max_bytes=settings.max_image_bytes,
            seconds=settings.download_seconds,
            at_once=settings.downloads_at_once,
            trusted_hosts=settings.download_allow_hosts,
        )
        stack.push_async_callback(downloader.close)
        if settings.read_text:
            check_ocr()
        if not await has_champion(database):
            # Only a new installation needs the configured backbone: afterwards the champion's own
            # serves, whatever the setting says, until `main.py backbone use` changes both at once.
            backbone = await prepare_backbone(settings.backbone, settings.backbones_dir)
            await add_first_champion(database, settings.versions_dir, backbone, clock())
        exchange = ModelExchange(
            database,
            shared,
            versions_dir=settings.versions_dir,
            backbones_dir=settings.backbones_dir,
            clock=clock,
        )
        await exchange.bring_champion()
        await ensure_usable_champion(
            database, settings.versions_dir, settings.backbones_dir, clock()
        )
        await exchange.exchange()
        training = TrainingRuns(
            database,
            settings.versions_dir,
            TrainingLimits(
                seconds=settings.train_minutes * 60,
                memory_mb=settings.train_memory_mb,
                min_labels=settings.train_min_labels,
            ),
            clock=clock,
            images=settings.image_place,
            backbones_dir=settings.backbones_dir.resolve(),
            ray_address=settings.ray_address,
            shared=shared,
            trackers=settings.trackers,
        )
        stack.push_async_callback(training.close)
        batches: ImageBatches = LocalBatches(serving)
        far_attributes: FragmentReader | None = None
        far_texts: FragmentReader | None = None
        if settings.ray_address is not None:
            require_ray("PEORIA_RAY_ADDRESS")
            cluster = ClusterBatches(
                settings.ray_address,
                batches,
                services.report("ray", "The Ray cluster"),
                versions_dir=settings.versions_dir,
                backbones_dir=settings.backbones_dir,
                limits=limits,
            )
            stack.push_async_callback(cluster.close)
            batches = cluster
            far_attributes = FragmentReader(
                cluster, images, database, "read_attributes", clock=clock
            )
            far_texts = FragmentReader(cluster, images, database, "read_text", clock=clock)
            stack.push_async_callback(far_attributes.close)
            stack.push_async_callback(far_texts.close)
        ocr_worker = None
        if settings.read_text:
            ocr_worker = OcrWorker(
                database, images, lambda: TextReader().read_placed,
                partial(serving.pixels, size=READ_SIZE), far=far_texts, server=serving,
            )  # fmt: skip
            stack.callback(ocr_worker.close)
        yield Core(
            settings=settings,
            database=database,
            images=images,
            serving=serving,
            batches=batches,
            far_attributes=far_attributes,
            downloader=downloader,
            training=training,
            exchange=exchange,
            people_key=people_key,
            ocr_worker=ocr_worker,
            services=services,
            clock=clock,
            reread=reread,
        )


async def _open_images(settings: Settings, people_key: bytes) -> ImageStore:
    """The image store. One that is away now is used all the same: posts wait for it.

    Raises:
        OtherOwner: it is the object store of another database.
    """
    images = settings.image_place.open(owner=owner_code(people_key))
    if isinstance(images, RemoteImageStore):
        try:
            await images.on_thread(images.claim)
        except ObjectStoreFault as fault:
            log.warning("%s", fault)
    return images
