"""The maker of memes as the settings want it."""

import logging

import numpy as np
from PIL import Image

from bot.memes.caption_server import CaptionServer
from bot.memes.suggest import MemeMaker
from bot.serving.champion import ChampionServer
from bot.settings import Settings
from models.attributes.read import AttributeReader
from models.captions.emotions import EmotionClassifier
from models.captions.language_model import SHIPPED, CaptionModel, CaptionModelUnusable
from models.captions.safety import SafetyList
from models.captions.serving_ranking import RANKINGS
from storage.engine.database import Database

log = logging.getLogger(__name__)


def open_maker(settings: Settings, server: ChampionServer, database: Database) -> MemeMaker:
    """A maker with all sources that there are; what is damaged is logged and left out."""
    key = settings.caption_key
    return MemeMaker(
        server,
        database,
        model=_model(),
        emotions=_emotions(),
        caption_server=CaptionServer(
            str(settings.caption_url),
            settings.caption_model,
            key.get_secret_value() if key else None,
        )
        if settings.caption_url
        else None,
        safety=SafetyList.shipped(settings.caption_blocked),
        read_expression=FaceReader().expression,
        rankings=settings.versions_dir / RANKINGS,
    )


class FaceReader:
    """Tells the expression of the largest face in a picture whose expression is clear."""

    def __init__(self) -> None:
        self._reader = AttributeReader()

    def expression(self, picture: Image.Image) -> str | None:
        """One of the seven, or None: no face, or none that is clear."""
        # Nothing but faces is wanted: for no backbone, no genre is told.
        found = self._reader.read(picture, np.zeros(1280, np.float32), backbone="")
        return next((face.expression for face in found.faces or () if face.expression), None)


def _model() -> CaptionModel | None:
    try:
        return CaptionModel.load()
    except CaptionModelUnusable as error:
        log.warning("%s", error)
        return None


def _emotions() -> EmotionClassifier | None:
    try:
        return EmotionClassifier.load(SHIPPED / "emotions.npz")
    except (OSError, ValueError, KeyError) as error:
        log.warning("The classifier of captions' emotions cannot be read (%s).", error)
        return None
