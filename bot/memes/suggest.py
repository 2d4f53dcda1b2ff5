"""Captions from all sources in one list, each forecast for its community, the best few chosen."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.memes.caption_server import CaptionServer, CaptionServerFailed
from bot.memes.retrieve import nearest_captions
from bot.serving.audience import Audience
from bot.serving.champion import Champion, ChampionServer
from bot.serving.experts import ask_experts
from bot.serving.forecast import Card
from bot.serving.predict_image import read_forecast
from models.author_record import AuthorRecord
from models.captions.emotions import EmotionClassifier
from models.captions.language_model import CaptionModel
from models.captions.layout import CaptionRefused
from models.captions.ranking import SHIPPED_RANKING, Offered, Ranking
from models.captions.render import Canvas, checked
from models.captions.safety import SafetyList
from models.captions.serving_ranking import serving_ranking
from models.captions.subjects import left_to_people
from models.captions.tokenizer import EXPRESSIONS
from models.features import PostFacts
from models.preprocessing import to_input
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.queries.captions import posted_captions

log = logging.getLogger(__name__)

#: Captions that are taken from each source, and posts that retrieval looks through.
_RETRIEVED, _ASKED, _POSTS = 8, 8, 5_000
#: Two captions that share more of their words are too much alike.
_ALIKE = 0.5

#: Tells the expression of the face in a picture: one of seven; None: no face, or not sure.
ExpressionReader = Callable[[Image.Image], str | None]


class CaptionSource(StrEnum):
    """Who wrote a caption."""

    OWN = "own"
    MODEL = "model"
    POSTS = "posts"
    SERVER = "server"

    @property
    def generated(self) -> bool:
        """Whether a program wrote it."""
        return self in (CaptionSource.MODEL, CaptionSource.SERVER)


class NoCaptions(ExpectedError):
    """No source had a caption that may be shown; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One caption for the picture, and what it would come to.

    Attributes:
        boxes: the caption's parts, from the top down.
        source: who wrote it.
        card: the champion's forecast of the captioned picture.
        merit: what the caption model says of it, log-odds; None: it was not asked.
        emotion: the caption's emotion; None: not known.
        fits: how probably it has the emotion of the face, 0 to 1; 0 where there is none.
        ranking: what counts beside the forecast.
    """

    boxes: tuple[str, ...]
    source: CaptionSource
    card: Card
    merit: float | None = None
    emotion: str | None = None
    fits: float = 0.0
    ranking: Ranking = SHIPPED_RANKING

    @property
    def offered(self) -> Offered:
        """What it is ordered by, and its words."""
        merit = 0.0 if self.merit is None else float(1 / (1 + np.exp(-self.merit)) - 0.5)
        words = " / ".join(box for box in self.boxes if box)
        return Offered(words, self.source.value, self.card.beats, merit, self.fits)

    @property
    def rank(self) -> float:
        """What suggestions are ordered by."""
        return self.ranking.rank(self.offered)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was found for a picture.

    Attributes:
        canvas: the picture, to be drawn on.
        chosen: the best captions, best first.
        plain: the forecast of the picture without a caption.
        expression: of the face in it; None: none was found.
        notes: sentences about sources that failed.
    """

    canvas: Canvas
    chosen: tuple[Suggestion, ...]
    plain: Card
    expression: str | None
    notes: tuple[str, ...] = ()


class MemeMaker:
    """Finds captions for pictures. Nothing is stored.

    Args:
        server: embeds pictures and knows the champion.
        database: has the captions that were posted.
        model: writes captions; None: there is none.
        emotions: tells a caption's emotion; None: none is told.
        caption_server: asked as well; None: there is none.
        safety: what no caption may have.
        read_expression: of the face in a picture.
        rankings: folder of the rankings that were learned here; None: the one that ships serves.
    """

    def __init__(
        self,
        server: ChampionServer,
        database: Database,
        *,
        model: CaptionModel | None,
        emotions: EmotionClassifier | None,
        caption_server: CaptionServer | None,
        safety: SafetyList,
        read_expression: ExpressionReader = lambda _: None,
        rankings: Path | None = None,
    ) -> None:
        self._server = server
        self._database = database
        self._model = model
        self._emotions = emotions
        self._caption_server = caption_server
        self._safety = safety
        self._read_expression = read_expression
        self._rankings = rankings

    async def suggest(
        self, data: bytes, *, title: str, audience: Audience, now: datetime, count: int = 5,
        own: Sequence[tuple[str, ...]] = (), seed: int = 0,
    ) -> Suggestions:  # fmt: skip
        """The best captions for a picture.

        Args:
            data: the picture's file.
            title: that it would be posted with.
            audience: the community that it would be posted in.
            now: when it would be posted; aware.
            count: how many are wanted.
            own: captions that a person wrote; with any, no other is looked for.
            seed: of the chance in generation.

        Raises:
            ImageRefused: the file is not a picture that can be used.
            CaptionRefused: one of the person's own captions cannot be drawn.
            NoCaptions: there is no caption that may be shown.
        """
        champion = await self._server.champion(audience.version)
        await self._server.try_canvas(data)
        canvas = await self._server.on_thread(Canvas, data, self._server.limits)
        embedding, expression = await self._server.on_thread(self._look, canvas, champion)
        notes: list[str] = []
        if own:
            found = [(tuple(checked(boxes)), CaptionSource.OWN) for boxes in own]
        else:
            found, notes = await self._gather(
                embedding, champion, title, audience, expression, seed
            )
            found = [each for each in found if self._may_be_shown(*each)]
            if not found:
                raise NoCaptions(
                    "There is no caption for this picture here yet; "
                    + (" ".join(notes) + " " if notes else "")
                    + "write your own with --caption or in the form, import posts with captions,"
                    " or set PEORIA_CAPTION_URL."
                )
        suggestions, plain = await self._server.on_thread(
            self._forecast, canvas, champion, found,
            _facts(title, audience, now, canvas.picture), audience, embedding, expression,
        )  # fmt: skip
        return Suggestions(
            canvas, tuple(diverse(suggestions, count)), plain, expression, tuple(notes)
        )

    def _look(self, canvas: Canvas, champion: Champion) -> tuple[NDArray[np.float32], str | None]:
        tensor = to_input(canvas.picture, champion.backbone.input_size)
        embedding = champion.backbone.embed(tensor[np.newaxis])[0]
        return embedding, self._read_expression(canvas.picture)

    async def _gather(
        self, embedding: NDArray[np.float32], champion: Champion, title: str, audience: Audience,
        expression: str | None, seed: int,
    ) -> tuple[list[tuple[tuple[str, ...], CaptionSource]], list[str]]:  # fmt: skip
        notes: list[str] = []
        asked = asyncio.create_task(self._ask_server(title, audience, expression, notes))
        found: dict[tuple[str, ...], CaptionSource] = {}
        try:
            for boxes in await self._retrieved(embedding, champion, audience, expression):
                found.setdefault(boxes, CaptionSource.POSTS)
            for boxes in await self._written(embedding, champion, expression, seed):
                found.setdefault(boxes, CaptionSource.MODEL)
        finally:
            for boxes in await asked:
                found.setdefault(boxes, CaptionSource.SERVER)
        return list(found.items()), notes

    async def _ask_server(
        self, title: str, audience: Audience, expression: str | None, notes: list[str]
    ) -> list[tuple[str, ...]]:
        if self._caption_server is None:
            return []
        try:
            return await self._caption_server.captions(
                title=title, community=audience.name, expression=expression, count=_ASKED
            )
        except CaptionServerFailed as failure:
            log.warning("%s", failure)
            notes.append(str(failure))
            return []

    async def _retrieved(
        self, embedding: NDArray[np.float32], champion: Champion, audience: Audience,
        expression: str | None,
    ) -> list[tuple[str, ...]]:  # fmt: skip
        community_id = audience.community_id
        if community_id is None:
            return []
        posted = await self._database.run_read(
            lambda session: posted_captions(
                session,
                community_id=community_id,
                backbone=champion.backbone.fingerprint,
                limit=_POSTS,
            )
        )
        return await self._server.on_thread(
            lambda: nearest_captions(
                posted,
                embedding,
                emotions=self._emotions,
                expression=expression,
                count=_RETRIEVED,
            )
        )

    async def _written(
        self, embedding: NDArray[np.float32], champion: Champion, expression: str | None, seed: int
    ) -> list[tuple[str, ...]]:
        model = self._model
        if model is None:
            return []
        # The model knows pictures by the starter's embedding alone.
        picture = embedding if champion.backbone.fingerprint == model.backbone else None
        written = await self._server.on_thread(
            lambda: model.write(picture, seed=seed, expression=expression)
        )
        return [each.boxes for each in written if any(each.boxes)]

    def _may_be_shown(self, boxes: tuple[str, ...], source: CaptionSource) -> bool:
        try:
            text = " ".join(checked(boxes))
        except CaptionRefused:
            return False
        if source.generated and left_to_people(text):
            return False
        return not self._safety.refuses(text)

    def _forecast(
        self, canvas: Canvas, champion: Champion,
        captions: Sequence[tuple[tuple[str, ...], CaptionSource]], facts: PostFacts,
        audience: Audience, embedding: NDArray[np.float32], expression: str | None,
    ) -> tuple[list[Suggestion], Card]:  # fmt: skip
        pictures, drawn, told = [], [], []
        for boxes, source in captions:
            try:
                still = canvas.still(boxes)
            except CaptionRefused:
                # A character that no font here has: nobody asked for this very caption.
                if source is CaptionSource.OWN:
                    raise
                continue
            pictures.append(to_input(still, champion.backbone.input_size))
            drawn.append((boxes, source))
            told.append(_captioned(facts, boxes, still))
        embeddings = embedding[np.newaxis]
        if pictures:
            captioned = champion.backbone.embed(np.stack(pictures))
            embeddings = np.concatenate([embeddings, captioned])
        said = ask_experts(champion.head, embeddings, [facts, *told], own=champion.own)
        plain, *cards = (
            read_forecast(champion, said, row, audience) for row in range(len(embeddings))
        )
        merits = self._merits([boxes for boxes, _ in drawn], embedding, champion)
        ranking = serving_ranking(self._rankings)
        return [
            Suggestion(
                boxes, source, card, merit, *self._emotion(boxes, expression), ranking=ranking
            )
            for (boxes, source), card, merit in zip(drawn, cards, merits, strict=True)
        ], plain

    def _merits(
        self, captions: Sequence[tuple[str, ...]], embedding: NDArray[np.float32],
        champion: Champion,
    ) -> list[float | None]:  # fmt: skip
        if self._model is None:
            return [None] * len(captions)
        picture = embedding if champion.backbone.fingerprint == self._model.backbone else None
        return [each.merit for each in self._model.judge(captions, picture)]

    def _emotion(self, boxes: tuple[str, ...], wanted: str | None) -> tuple[str | None, float]:
        """The caption's emotion, and how probably it has the wanted one."""
        if self._emotions is None:
            return None, 0.0
        chances = self._emotions.probabilities(" ".join(boxes))
        fits = 0.0 if wanted is None else float(chances[EXPRESSIONS.index(wanted)])
        return EXPRESSIONS[int(chances.argmax())], fits


def _facts(title: str, audience: Audience, now: datetime, picture: Image.Image) -> PostFacts:
    return PostFacts(
        title=title,
        posted_at=now,
        text_in_image=None,
        author=AuthorRecord.empty(),
        community=audience.record,
        aspect=picture.width / picture.height,
    )


def _captioned(facts: PostFacts, boxes: Sequence[str], still: Image.Image) -> PostFacts:
    """The facts of a captioned picture: what is drawn on it need not be read from it."""
    return replace(facts, text_in_image=" ".join(boxes), aspect=still.width / still.height)


def diverse(suggestions: Sequence[Suggestion], count: int) -> list[Suggestion]:
    """The best suggestions, best first, without such as say nearly the same."""
    chosen: list[Suggestion] = []
    words: list[set[str]] = []
    for each in sorted(suggestions, key=lambda one: -one.rank):
        mine = {*" ".join(each.boxes).lower().split()}
        if all(len(mine & other) <= _ALIKE * len(mine | other) for other in words):
            chosen.append(each)
            words.append(mine)
        if len(chosen) == count:
            break
    return chosen
