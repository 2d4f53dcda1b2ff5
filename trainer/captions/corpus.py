"""Captions of a folder as arrays for the caption network, and how they are split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from models.backbone import Backbone
from models.captions.emotions import EmotionClassifier
from models.captions.subjects import is_political
from models.captions.tokenizer import (
    ANY_EXPRESSION,
    ANY_KIND,
    ANY_PLACE,
    BEGIN,
    END,
    PICTURE,
    PLACES,
    Tokenizer,
    expression_token,
    kind_token,
    normal,
    place_token,
)
from models.preprocessing import to_input
from trainer.captions.fit_network import LENGTHS, CaptionArrays
from trainer.captions.network import PREFIX
from trainer.data.imgflip import Caption

#: Captions of the same template and about the same time that one is compared with, on each side.
_NEIGHBOURS = 100
#: An emotion is told to the network only when the classifier is this sure.
_SURE = 0.22
#: Captions of so many words are text posts.
_LONG = 30
#: Views of each template: itself, mirrored, cropped, lighter and darker.
VIEWS = 24


def kind_of(boxes: Sequence[str]) -> str:
    """What kind of caption it is, by words and length."""
    text = normal(" ".join(boxes))
    if is_political(text):
        return "political"
    return "text_post" if len(text.split()) >= _LONG else "top_bottom"


def merit_of(votes: NDArray[np.int64], templates: NDArray[np.int32]) -> NDArray[np.float32]:
    """Each caption's place, 0 to 1, among those of its template that were made about then."""
    merit = np.full(len(votes), 0.5, np.float32)
    for template in np.unique(templates):
        rows = np.flatnonzero(templates == template)
        for place, row in enumerate(rows):
            near = votes[rows[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]]
            below, ties = (near < votes[row]).mean(), (near == votes[row]).mean()
            merit[row] = below + ties / 2
    return merit


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from, to choose by and to judge on."""

    learn: NDArray[np.int64]
    choose: NDArray[np.int64]
    judge: NDArray[np.int64]


def split_by_time(count: int, *, learn: float = 0.8, choose: float = 0.1) -> Split:
    """The first part, the next and the last of captions in the order made."""
    first, second = int(count * learn), int(count * (learn + choose))
    rows = np.arange(count)
    return Split(rows[:first], rows[first:second], rows[second:])


def split_by_template(templates: NDArray[np.int32], *, seed: int = 1) -> Split:
    """A tenth of the templates to choose by, a fifth to judge on, the others to learn from."""
    names = np.random.default_rng(seed).permutation(np.unique(templates))
    tenth = max(1, round(len(names) / 10))
    choose, judged = names[:tenth], names[tenth : 3 * tenth]
    held = np.isin(templates, choose), np.isin(templates, judged)
    return Split(*(np.flatnonzero(each) for each in (~(held[0] | held[1]), *held)))


def template_views(pictures: Sequence[Image.Image], backbone: Backbone) -> NDArray[np.float16]:
    """Embeddings of each picture as it is, and of altered copies: float16 [n, VIEWS, 1280]."""
    random = np.random.default_rng(7)
    found = np.zeros((len(pictures), VIEWS, 1280), np.float16)
    for number, picture in enumerate(pictures):
        copies = [picture, *(_altered(picture, random) for _ in range(VIEWS - 1))]
        tensors = np.stack([to_input(each, backbone.input_size) for each in copies])
        found[number] = backbone.embed(tensors)
    return found


def _altered(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    width, height = picture.size
    share = random.uniform(0.6, 1.0, 2)
    wide, high = max(1, int(width * share[0])), max(1, int(height * share[1]))
    left, top = random.integers(0, width - wide + 1), random.integers(0, height - high + 1)
    copy = picture.crop((int(left), int(top), int(left) + wide, int(top) + high))
    if random.random() < 0.5:
        copy = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Brightness(copy).enhance(float(random.uniform(0.7, 1.3)))


def caption_arrays(
    captions: Sequence[Caption],
    tokenizer: Tokenizer,
    emotions: EmotionClassifier,
    views: NDArray[np.float16],
    templates: NDArray[np.int32],
    merit: NDArray[np.float32],
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> CaptionArrays:
    """Tokens of captions with what steers each: emotion, kind, third of the votes."""
    longest = LENGTHS[-1]
    tokens = np.zeros((len(captions), longest), np.int32)
    lengths = np.zeros(len(captions), np.int32)
    for row, caption in enumerate(captions):
        chances = emotions.probabilities(" ".join(caption.boxes))
        sure = float(chances.max()) >= _SURE
        place = PLACES[min(int(merit[row] * len(PLACES)), len(PLACES) - 1)]
        line = [
            PICTURE,
            ANY_EXPRESSION + 1 + int(chances.argmax()) if sure else expression_token(None),
            kind_token(kind_of(caption.boxes)),
            place_token(place),
            BEGIN,
            *tokenizer.encode(caption.boxes)[: longest - PREFIX - 1],
            END,
        ]
        tokens[row, : len(line)], lengths[row] = line, len(line)
        if row % 2000 == 0:
            on_progress(row, len(captions))
    anything = np.array([ANY_EXPRESSION, ANY_KIND, ANY_PLACE], np.int32)
    return CaptionArrays(tokens, lengths, templates, merit, views, anything)
