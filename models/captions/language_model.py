"""The caption model as it serves: writes sixteen captions together, and judges any."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

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
from models.captions.transformer import Cache, Floats, Transformer
from models.captions.word_merit import WordMerit
from storage.errors import ExpectedError

SHIPPED = Path(__file__).parent / "shipped"
MODEL, TOKENIZER, MANIFEST = "captions.npz", "tokenizer.json", "captions.json"
PICTURES, WORDS = "pictures.npz", "words.npz"
#: A picture is told to the model when the cosine to one that it learned from is at least this: of
#: other pictures it knows nothing, and writes better when not told. Cropped or mirrored, 95 of
#: 100 templates are this like themselves, and no two different ones are.
FAMILIAR = 0.88
#: Captions that are computed together.
BATCH = 16
#: Places before the text.
PREFIX = 5


class CaptionModelUnusable(ExpectedError):
    """The caption model's files are missing or damaged; the message says which."""


@dataclass(frozen=True, slots=True)
class ScoredCaption:
    """A caption and what the model says of it.

    Attributes:
        boxes: its parts from the top down, in lower case.
        likelihood: mean log-probability of a token, nats; higher is likelier.
        merit: log-odds that it does better than the average caption of its template: by what
            the network says of it, by its words and by its likelihood.
    """

    boxes: tuple[str, ...]
    likelihood: float
    merit: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """What three signs count that a caption does well, log-odds for a unit of each.

    Attributes:
        words: says what the words are worth.
        weights: of the network's merit, the words' place and the likelihood.
        centre: what the average caption comes to.
    """

    words: WordMerit
    weights: tuple[float, float, float]
    centre: float

    def merit(self, network: float, text: str, likelihood: float) -> float:
        """Log-odds that a caption does better than the average one."""
        first, second, third = self.weights
        said = first * network + second * self.words.place(text) + third * likelihood
        return said - self.centre


class CaptionModel:
    """Writes captions for a picture, and judges those of others. Safe in several threads."""

    def __init__(
        self,
        network: Transformer,
        tokenizer: Tokenizer,
        ranking: Ranking,
        *,
        backbone: str,
        known: Floats,
    ) -> None:
        self._ranking = ranking
        #: Embeddings of the pictures that it learned from, each of length one.
        self._known = known
        self.network = network
        #: Fingerprint of the backbone whose embeddings it knows pictures by.
        self.backbone = backbone
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Load the folder that `trainer.captions.export` wrote, after checking it.

        Raises:
            CaptionModelUnusable: a file is missing or damaged.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            digest = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
            tokenizer = Tokenizer.load(folder / TOKENIZER)
            wanted, backbone = str(manifest["sha256"]), str(manifest["backbone"])
            weights, centre = manifest["ranking"]["weights"], float(manifest["ranking"]["centre"])
            first, second, third = map(float, weights)
            words = WordMerit.load(folder / WORDS)
            with np.load(folder / PICTURES) as pictures:
                known = pictures["embeddings"].astype(np.float32)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise CaptionModelUnusable(
                f"There is no usable caption model in {folder} ({error}). Captions still come from"
                " posts and from PEORIA_CAPTION_URL; install Peoria again to have it back."
            ) from error
        if digest != wanted:
            raise CaptionModelUnusable(
                f"The caption model {folder / MODEL} is damaged: its checksum is not the one in"
                f" {MANIFEST}. Install Peoria again."
            )
        network = Transformer.load(folder / MODEL)
        ranking = Ranking(words, (first, second, third), centre)
        return cls(network, tokenizer, ranking, backbone=backbone, known=known)

    def _familiar(self, picture: Floats | None) -> Floats | None:
        """The picture, if it is like one that the model learned from."""
        if picture is None or len(picture) != self.network.picture_size:
            return None
        likeness = self._known @ picture / max(float(np.linalg.norm(picture)), 1e-6)
        return picture if float(likeness.max()) >= FAMILIAR else None

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
        """`BATCH` captions, different ones by chance, each with its judgement; see `texts`."""
        texts = self.texts(
            picture, seed=seed, expression=expression, kind=kind, place=place,
            temperature=temperature, top_p=top_p,
        )  # fmt: skip
        return self.judge(texts, picture)

    def texts(
        self,
        picture: Floats | None,
        *,
        seed: int,
        expression: str | None = None,
        kind: str | None = None,
        place: str | None = "high",
        temperature: float = 0.9,
        top_p: float = 0.92,
    ) -> list[list[str]]:
        """`BATCH` captions, different ones by chance; some may be equal or empty, some missing.

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
        lines = np.zeros((BATCH, self.network.places), np.int32)
        lines[:, :PREFIX] = begin
        cache: Cache = []
        said = self.network.read(lines[:, :PREFIX], self._familiar(picture), cache)
        writing = np.arange(BATCH)  # the captions that are not at their end
        for where in range(PREFIX, self.network.places):
            logits = _allowed(self.network.logits(said[:, -1]), where == PREFIX)
            drawn = lines[writing, where] = _drawn(logits, random, temperature, top_p)
            going = drawn != END
            if not going.any():
                break
            if not going.all():
                writing, drawn = writing[going], drawn[going]
                cache = [(keys[going], values[going]) for keys, values in cache]
            if where + 1 < self.network.places:
                said = self.network.read(drawn[:, None], None, cache)
        return [self.tokenizer.decode(line[PREFIX:]) for line in lines if END in line[PREFIX:]]

    def judge(
        self, captions: Sequence[Sequence[str]], picture: Floats | None
    ) -> list[ScoredCaption]:
        """How likely and how good each caption is, told nothing but the picture."""
        begin = [PICTURE, expression_token(None), kind_token(None), place_token(None), BEGIN]
        most = self.network.places - PREFIX - 1
        lines = [[*begin, *self.tokenizer.encode(boxes)[:most], END] for boxes in captions]
        # Those of nearly one length together: a short one is not filled up to the longest.
        order = sorted(range(len(lines)), key=lambda row: len(lines[row]))
        found: dict[int, ScoredCaption] = {}
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            judged = self._judge([lines[row] for row in rows], picture)
            for row, (likelihood, said) in zip(rows, judged, strict=True):
                merit = self._ranking.merit(said, " ".join(captions[row]), likelihood)
                found[row] = ScoredCaption(tuple(captions[row]), likelihood, merit)
        return [found[row] for row in range(len(lines))]

    def _judge(
        self, lines: Sequence[Sequence[int]], picture: Floats | None
    ) -> list[tuple[float, float]]:
        """Likelihood of each, and what the network says of its merit."""
        tokens = np.zeros((len(lines), max(map(len, lines))), np.int32)
        for row, line in enumerate(lines):
            tokens[row, : len(line)] = line
        lengths = np.array([len(line) for line in lines])
        said = self.network.read(tokens, self._familiar(picture), [])
        merits = self.network.merit(said)
        chances = _log_probability(
            self.network.logits(said[:, PREFIX - 1 : -1]), tokens[:, PREFIX:]
        )
        there = np.arange(PREFIX, tokens.shape[1]) < lengths[:, None]
        texts = lengths - PREFIX
        likelihood = (chances * there).sum(axis=1) / texts
        merit = (merits[:, PREFIX:] * there).sum(axis=1) / texts
        return list(zip(likelihood.tolist(), merit.tolist(), strict=True))


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
    """Of each token [n, places] by the logits of its place [n, places, vocabulary], nats."""
    top = logits.max(axis=-1)
    total = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    chosen = np.take_along_axis(logits, tokens[..., None], axis=-1)[..., 0]
    found: NDArray[np.float64] = (chosen - total).astype(np.float64)
    return found
