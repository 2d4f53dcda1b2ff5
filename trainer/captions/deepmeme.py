"""The study's table: a face with a known expression, the expression found, a caption to match.

The study counts memes whose caption has the emotion of the face. Here, for each of its four
emotions, as many faces are drawn at random. A face's expression is what a network that never saw it
says (`trainer.attributes.expression_networks` keeps its answers by cross-validation). The shipped
caption model writes sixteen captions for the expression found, told no picture; beside them stands
the caption of a post that fits best, of a tenth of the posts drawn for each case, as `meme` finds
captions among a community's own posts. The one counts that the classifier which steers the model is
surest of. A second classifier judges it, fitted on
the half of the human labels that neither the model nor the first has seen. A case is right when the
judge sees the known expression in the caption, whatever was found on the way.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import EXPRESSIONS
from models.attributes.read import NAMED_EXPRESSION
from models.captions.emotions import EmotionClassifier
from models.captions.language_model import SHIPPED, CaptionModel
from models.captions.tokenizer import EXPRESSIONS as EMOTIONS
from models.captions.tokenizer import normal
from storage.errors import ExpectedError
from trainer.attributes.labelled_faces import read_faces
from trainer.data.imgflip import read_captions

#: The study's emotions.
FOUR = ("happy", "sad", "angry", "fear")
#: What the study says of its 70 memes. Its angry row prints 50% beside 10 of 15.
STUDY_ALL, STUDY_ANGRY = 0.657, 10 / 15
#: Which of the expression study's networks is asked: the one that ships.
_NETWORK = "probabilities/together"
#: One in so many posts is looked at for each case, so that not all get the same captions.
_DRAWN = 10


class NotReproducible(ExpectedError):
    """A file that is needed is missing or does not fit; the message says which."""


def wilson(right: int, of: int) -> tuple[float, float]:
    """A 95% interval of a share."""
    z, share = 1.96, right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


@dataclass(frozen=True, slots=True)
class Case:
    """One face and the caption that was found for it.

    Attributes:
        known: the expression that people saw.
        found: the one of the four that the network found.
        named: whether the network is sure enough to name an expression to people.
        judged: the emotion of the caption, by the judge.
        judged_written: the emotion of the surest of the sixteen that were written; None: none was.
        judged_first: the emotion of the first of the sixteen, by the judge.
        verbatim: whether that one stands word for word in what the model learned from.
    """

    known: str
    found: str
    named: bool
    judged: str
    judged_written: str | None
    judged_first: str | None
    verbatim: bool | None


def draw_faces(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], cases: int, *, seed: int
) -> list[tuple[str, str, bool]]:
    """Faces, as many of each emotion: its expression, the one found, and whether it is named.

    Raises:
        NotReproducible: there are too few faces of an emotion.
    """
    random = np.random.default_rng(seed)
    columns = [EXPRESSIONS.index(each) for each in FOUR]
    each = -(-cases // len(FOUR))
    drawn = []
    for name, column in zip(FOUR, columns, strict=True):
        rows = np.flatnonzero(labels == column)
        if len(rows) < each:
            raise NotReproducible(f"There are {len(rows)} faces that look {name}, not {each}.")
        for row in random.choice(rows, each, replace=False):
            chances = probabilities[row]
            found = FOUR[int(chances[columns].argmax())]
            drawn.append((name, found, float(chances.max()) >= NAMED_EXPRESSION))
    return drawn


def reproduce(
    captions: Path, prepared: Path, faces: Path, answers: Path, *, cases: int, seed: int = 1,
    write: bool = True,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:  # fmt: skip
    """The table.

    Args:
        captions: the folder that the model learned from.
        prepared: what `trainer.captions.prepare` wrote: it has the judge.
        faces: the folder of faces, with index.csv.
        answers: arrays.npz of `trainer.attributes.expression_networks`.
        cases: how many faces.
        seed: which faces, and the chance in what the model writes.
        write: whether the model writes captions, which takes most of the time; those of posts are
            found all the same.
        on_progress: told how many cases are done.

    Raises:
        NotReproducible: a file is missing or does not fit.
    """
    labels, probabilities = _answers(faces, answers)
    try:
        judge = EmotionClassifier.load(prepared / "emotions_judge.npz")
    except (OSError, ValueError, KeyError) as error:
        raise NotReproducible(
            f"{prepared} has no emotions_judge.npz ({error}); trainer.captions.prepare writes it."
        ) from error
    model = CaptionModel.load() if write else None
    steering = EmotionClassifier.load(SHIPPED / "emotions.npz")
    posted = list(
        dict.fromkeys(normal(" ".join(each.boxes)) for each in read_captions(captions, sys.maxsize))
    )
    fitting = np.stack([steering.probabilities(text) for text in posted])
    known_texts = set(posted)
    found: list[Case] = []
    drawn = draw_faces(labels, probabilities, cases, seed=seed)
    random = np.random.default_rng(seed)
    for number, (known, expression, named) in enumerate(drawn):
        column = EMOTIONS.index(expression)
        rows = random.choice(len(posted), -(-len(posted) // _DRAWN), replace=False)
        chosen = posted[rows[fitting[rows, column].argmax()]]
        judged_written = judged_first = verbatim = None
        if model is not None:
            written = model.texts(None, seed=seed * 100_000 + number, expression=expression)
            texts = [" ".join(boxes) for boxes in written]
            chances = [float(steering.probabilities(text)[column]) for text in (*texts, chosen)]
            surest = texts[int(np.argmax(chances[:-1]))]
            chosen = surest if max(chances[:-1]) > chances[-1] else chosen
            judged_written = judge.most_probable(surest, FOUR)
            judged_first = judge.most_probable(texts[0], FOUR)
            verbatim = normal(surest) in known_texts
        judged = judge.most_probable(chosen, FOUR)
        found.append(Case(known, expression, named, judged, judged_written, judged_first, verbatim))
        on_progress(number + 1, len(drawn))
    return tables(found)


def _answers(folder: Path, path: Path) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels of faces, and what was said of each by a network that never saw it."""
    try:
        labels = read_faces(folder).expression
        with np.load(path) as file:
            probabilities = file[_NETWORK].astype(np.float32)
    except (OSError, ValueError, KeyError) as error:
        raise NotReproducible(
            f"{folder} or {path} cannot be read ({error}). trainer.attributes.expression_networks"
            " writes the answers."
        ) from error
    if len(labels) != len(probabilities):
        raise NotReproducible(
            f"{path} has answers about {len(probabilities)} faces, and {folder} has {len(labels)}."
        )
    return labels, probabilities


def tables(cases: list[Case]) -> dict[str, Any]:
    """Shares with intervals, by emotion and of all; of the cases whose face is named, too."""
    rows = {name: _row([case for case in cases if case.known == name]) for name in FOUR}
    rows["all"] = _row(cases)
    return {
        "emotions": rows,
        "named": _row([case for case in cases if case.named]),
        "verbatim": _share([case.verbatim for case in cases if case.verbatim is not None]),
    }


def _row(cases: list[Case]) -> dict[str, Any]:
    written = [case for case in cases if case.judged_written is not None]
    return {
        "right": _share([case.judged == case.known for case in cases]),
        "expression": _share([case.found == case.known for case in cases]),
        "caption": _share([case.judged == case.found for case in cases]),
        "written_caption": _share([case.judged_written == case.found for case in written]),
        "first_caption": _share([case.judged_first == case.found for case in written]),
    }


def _share(right: list[bool]) -> dict[str, Any]:
    if not right:
        return {"right": 0, "of": 0, "share": None, "low": None, "high": None}
    low, high = wilson(sum(right), len(right))
    return {
        "right": sum(right), "of": len(right), "share": sum(right) / len(right),
        "low": low, "high": high,
    }  # fmt: skip


def as_markdown(found: dict[str, Any]) -> str:
    """The table for people."""
    heads = (
        "known", "caption has it (95%)", "found", "caption has the found", "surest written",
        "first written", "study",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|---|"]
    study = {"angry": f"10 of 15 ({STUDY_ANGRY:.1%}; printed as 50%)", "all": f"{STUDY_ALL:.1%}"}
    rows = {**found["emotions"], "all whose face is named": found["named"]}
    for name, row in rows.items():
        right = row["right"]
        counted = f"{right['right']} of {right['of']}"
        if right["of"]:
            counted += f" ({right['share']:.1%}; {right['low']:.0%}–{right['high']:.0%})"
        keys = ("expression", "caption", "written_caption", "first_caption")
        shares = (row[key]["share"] for key in keys)
        cells = " | ".join("–" if share is None else f"{share:.1%}" for share in shares)
        lines.append(f"| {name} | {counted} | {cells} | {study.get(name, '–')} |")
    verbatim = found["verbatim"]
    if verbatim["of"]:
        said = f"{verbatim['right']} of {verbatim['of']} captions that were written"
        lines += ["", f"{said} stand word for word in what the model learned from."]
    return "\n".join(lines)
