"""What the board's pages work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core import Core
from bot.platform import CommunityRef
from bot.posts.pipeline import Pipeline
from bot.runtime.clock import Clock
from bot.runtime.task_group import TaskGroup
from bot.settings import Settings
from bot.setup_checks import SetupCheck
from bot.training.runs import TrainingRuns
from bot.visibility import Visibility
from bot.web.admins import Admins
from bot.web.backups import Backups
from bot.web.health import Readiness
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.types import PlatformName

#: The platform's id of the one community of a board.
COMMUNITY = "main"


@dataclass(frozen=True, slots=True)
class Services:
    """What every handler of the board is given: the program's core, the pipeline, tasks, admins."""

    core: Core
    pipeline: Pipeline
    tasks: TaskGroup
    readiness: Readiness
    admins: Admins
    backups: Backups
    #: Whether a platform is set up right, asked of the platform.
    checks: Mapping[PlatformName, SetupCheck] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """What is set."""
        return self.core.settings

    @property
    def database(self) -> Database:
        """Where everything is stored."""
        return self.core.database

    @property
    def images(self) -> ImageStore:
        """The image files."""
        return self.core.images

    @property
    def training(self) -> TrainingRuns:
        """The training runs."""
        return self.core.training

    @property
    def people_key(self) -> bytes:
        """Key of the hashes that stand for people."""
        return self.core.people_key

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.core.clock

    @property
    def visibility(self) -> Visibility:
        """What may be shown to whom."""
        return Visibility(self.core.settings)

    @property
    def community(self) -> CommunityRef:
        """The board's community."""
        return CommunityRef(
            source_id=COMMUNITY,
            name=self.settings.board_name,
            horizon_seconds=max(round(self.settings.board_horizon_minutes * 60), 1),
            guess_seconds=max(round(self.settings.board_guess_minutes * 60), 1),
            blind=self.settings.board_blind,
        )
