"""The caption model as it serves: LiteRT computes a place of sixteen captions at a time."""

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.captions.tokenizer import (
    BEGIN,
    BOX,
    END,
    FIRST_LETTER,
    PICTURE,
    Tokenizer,
    expression_token,
    kind_token,
    place_token,
)
from storage.errors import ExpectedError

SHIPPED = Path(__file__).parent / "shipped"
MODEL, TOKENIZER, MANIFEST = "captions.tflite", "tokenizer.json", "captions.json"
PICTURES = "pictures.npz"
#: A picture is told to the model when the cosine to one that it learned from is at least this: of
#: other pictures it knows nothing, and writes better when not told. Cropped or mirrored, 95 of
#: 100 templates are this like themselves, and no two different ones are.
FAMILIAR = 0.88
#: Captions that are computed together.
BATCH = 16
#: Places before the text.
PREFIX = 5

Floats = NDArray[np.float32]
#: Keys and values of the places before.
Cache = tuple[Floats, Floats]


class CaptionModelUnusable(ExpectedError):
    """The caption model's files are missing or damaged; the message says which."""


class StepModel:
    """One LiteRT interpreter: the next place of `BATCH` captions."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter: Any = Interpreter(model_content=content, num_threads=1)
            self._run: Any = interpreter.get_signature_runner()
        except ValueError as error:
            raise CaptionModelUnusable(f"LiteRT cannot read the caption model: {error}") from error
        details = self._run.get_input_details()
        self._cache_shape = tuple(details["keys"]["shape"])
        self.picture_size = int(details["picture"]["shape"][1])

    def empty(self) -> Cache:
        """The cache before the first place."""
        return np.zeros(self._cache_shape, np.float32), np.zeros(self._cache_shape, np.float32)

    def step(
        self, tokens: NDArray[np.int32], place: int, picture: Floats, cache: Cache
    ) -> tuple[Floats, Floats, Cache]:
        """Logits float32 [BATCH, vocabulary], merit float32 [BATCH], and the cache after."""
        out = self._run(
            token=tokens.astype(np.int32),
            place=np.array([place], np.int32),
            picture=picture,
            keys=cache[0],
            values=cache[1],
        )
        return out["logits"], out["merit"], (out["keys"], out["values"])


@dataclass(frozen=True, slots=True)
class ScoredCaption:
    """A caption and what the model says of it.

    Attributes:
        boxes: its parts from the top down, in lower case.
        likelihood: mean log-probability of a token, nats; higher is likelier.
        merit: log-odds that it does better than others of its template.
    """

    boxes: tuple[str, ...]
    likelihood: float
    merit: float


class CaptionModel:
    """Writes captions for a picture, and judges those of others. Safe in several threads."""

    def __init__(
        self, content: bytes, tokenizer: Tokenizer, *, places: int, backbone: str, known: Floats
    ) -> None:
        #: Embeddings of the pictures that it learned from, each of length one.
        self._known = known
        self._content = content
        #: Fingerprint of the backbone whose embeddings it knows pictures by.
        self.backbone = backbone
        self.tokenizer = tokenizer
        self._places = places
        self._local = threading.local()

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Load the folder that `trainer.captions.export` wrote, after checking it.

        Raises:
            CaptionModelUnusable: a file is missing or damaged.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            content = (folder / MODEL).read_bytes()
            tokenizer = Tokenizer.load(folder / TOKENIZER)
            wanted, places = str(manifest["sha256"]), int(manifest["places"])
            backbone = str(manifest["backbone"])
            with np.load(folder / PICTURES) as pictures:
                known = pictures["embeddings"].astype(np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CaptionModelUnusable(
                f"There is no usable caption model in {folder} ({error}). Captions still come from"
                " posts and from PEORIA_CAPTION_URL; install Peoria again to have it back."
            ) from error
        if hashlib.sha256(content).hexdigest() != wanted:
            raise CaptionModelUnusable(
                f"The caption model {folder / MODEL} is damaged: its checksum is not the one in"
                f" {MANIFEST}. Install Peoria again."
            )
        return cls(content, tokenizer, places=places, backbone=backbone, known=known)

    def _familiar(self, picture: Floats | None) -> Floats | None:
        """The picture, if it is like one that the model learned from."""
        if picture is None:
            return None
        likeness = self._known @ picture / max(float(np.linalg.norm(picture)), 1e-6)
        return picture if float(likeness.max()) >= FAMILIAR else None

    def _model(self) -> StepModel:
        ready: StepModel | None = getattr(self._local, "ready", None)
        if ready is None:
            ready = self._local.ready = StepModel(self._content)
        return ready

    def write(
        self,
        picture: Floats | None,
        *,
        seed: int,
        expression: str | None = None,
        kind: str | None = None,
        place: str | None = "high",
        temperature: float = 0.9,
        top_p: float = 0.92,
    ) -> list[ScoredCaption]:
        """`BATCH` captions, different ones by chance; some may be equal or empty.

        Args:
            picture: the embedding by `backbone`, float32 [1280]; None: for any picture.
            seed: of the chance.
            expression: the emotion asked for; None: any.
            kind: one of `models.captions.tokenizer.KINDS`; None: any.
            place: which third of the votes it should reach; None: any.
            temperature: below 1 likelier, above 1 stranger.
            top_p: only the likeliest tokens that make up this probability are drawn.
        """
        random = np.random.default_rng(seed)
        begin = [
            PICTURE, expression_token(expression), kind_token(kind), place_token(place), BEGIN
        ]  # fmt: skip
        lines = np.zeros((BATCH, self._places), np.int32)
        lines[:, :PREFIX] = begin
        ended = np.zeros(BATCH, np.bool_)
        run = _Run(self._model(), self._familiar(picture))
        for where in range(self._places - 1):
            logits, _ = run.step(lines[:, where], where)
            if where < PREFIX - 1:
                continue
            drawn = _drawn(_allowed(logits, where == PREFIX - 1), random, temperature, top_p)
            lines[:, where + 1] = np.where(ended, 0, drawn)
            ended |= drawn == END
            if ended.all():
                break
        texts = [self.tokenizer.decode(line[PREFIX:]) for line, e in zip(lines, ended, strict=True)
                 if e]  # fmt: skip
        return self.judge(texts, picture)

    def judge(
        self, captions: Sequence[Sequence[str]], picture: Floats | None
    ) -> list[ScoredCaption]:
        """How likely and how good each caption is, told nothing but the picture."""
        found: list[ScoredCaption] = []
        for start in range(0, len(captions), BATCH):
            found += self._judge(captions[start : start + BATCH], picture)
        return found

    def _judge(
        self, captions: Sequence[Sequence[str]], picture: Floats | None
    ) -> list[ScoredCaption]:
        begin = [PICTURE, expression_token(None), kind_token(None), place_token(None), BEGIN]
        lines = np.zeros((BATCH, self._places), np.int32)
        lengths = np.zeros(BATCH, np.int64)
        for row, boxes in enumerate(captions):
            text = self.tokenizer.encode(boxes)[: self._places - PREFIX - 1]
            line = [*begin, *text, END]
            lines[row, : len(line)], lengths[row] = line, len(line)
        run = _Run(self._model(), self._familiar(picture))
        likelihood, merit = np.zeros(BATCH), np.zeros(BATCH)
        for where in range(int(lengths.max())):
            logits, merits = run.step(lines[:, where], where)
            merit += merits * ((where >= PREFIX) & (where < lengths))
            if PREFIX - 1 <= where < self._places - 1:
                following = lines[:, where + 1]
                likelihood += _log_probability(logits, following) * (where + 1 < lengths)
        texts = np.maximum(lengths - PREFIX, 1)
        return [
            ScoredCaption(tuple(boxes), float(likelihood[row] / texts[row]),
                          float(merit[row] / texts[row]))
            for row, boxes in enumerate(captions)
        ]  # fmt: skip


class _Run:
    """Step after step with the cache carried along."""

    def __init__(self, model: StepModel, picture: Floats | None) -> None:
        self._model, self._cache = model, model.empty()
        self._picture = np.zeros((BATCH, model.picture_size), np.float32)
        if picture is not None and len(picture) == model.picture_size:
            self._picture[:] = picture

    def step(self, tokens: NDArray[np.int32], place: int) -> tuple[Floats, Floats]:
        logits, merit, self._cache = self._model.step(tokens, place, self._picture, self._cache)
        return logits, merit


def _allowed(logits: Floats, first: bool) -> Floats:
    """Without what steers, bytes (half a character says nothing), and an empty beginning."""
    found = logits.copy()
    found[:, :FIRST_LETTER] = -np.inf
    if not first:
        found[:, [BOX, END]] = logits[:, [BOX, END]]
    return found


def _drawn(
    logits: Floats, random: np.random.Generator, temperature: float, top_p: float
) -> NDArray[np.int32]:
    order = np.argsort(-logits, axis=1)
    ranked = np.take_along_axis(logits, order, axis=1).astype(np.float64) / temperature
    shares = np.exp(ranked - ranked[:, :1])
    shares /= shares.sum(axis=1, keepdims=True)
    before = np.cumsum(shares, axis=1) - shares
    shares[before >= top_p] = 0
    total = np.cumsum(shares, axis=1)
    point = random.random((len(logits), 1)) * total[:, -1:]
    chosen = (total <= point).sum(axis=1)
    return np.take_along_axis(order, chosen[:, None], axis=1)[:, 0].astype(np.int32)


def _log_probability(logits: Floats, tokens: NDArray[np.int32]) -> NDArray[np.float64]:
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    chosen = logits[np.arange(len(logits)), tokens]
    found: NDArray[np.float64] = (chosen - total).astype(np.float64)
    return found
