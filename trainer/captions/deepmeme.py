"""Do captions have the emotion that was asked for? The caption side of the study's table.

    python -m trainer.captions.deepmeme --captions FOLDER --prepared FOLDER [--batches N]

For each of the study's four emotions the shipped model writes captions, told no picture. A second
classifier judges them, fitted on the half of the human labels that neither the model nor the
classifier that steered it has seen. Of every four captions the one counts that the first classifier
is surest of, as where a meme is wanted for a face. Also printed: the share of captions that stand
word for word in what the model learned from.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from models.captions.emotions import EmotionClassifier
from models.captions.language_model import SHIPPED, CaptionModel
from models.captions.tokenizer import EXPRESSIONS, normal
from trainer.data.imgflip import read_captions

#: The study's emotions, and the share of its 70 memes whose caption was right. It prints 50% for
#: angry beside 10 of 15, which is 66.7%.
STUDY = {"happy": None, "sad": None, "angry": 10 / 15, "fear": None}
STUDY_ALL = 0.657
_OF = 4


def wilson(right: int, of: int) -> tuple[float, float]:
    """A 95% interval of a share."""
    z, share = 1.96, right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


def reproduce(folder: Path, prepared: Path, batches: int) -> dict[str, Any]:
    """The table, and how many captions were known."""
    model = CaptionModel.load()
    steering = EmotionClassifier.load(SHIPPED / "emotions.npz")
    judge = EmotionClassifier.load(prepared / "emotions_judge.npz")
    known = {normal(" ".join(each.boxes)) for each in read_captions(folder, sys.maxsize)}
    four = tuple(STUDY)
    rows: dict[str, Any] = {}
    all_right = all_of = verbatim = written = 0
    for number, emotion in enumerate(four):
        column, right, of, plain, all_plain = EXPRESSIONS.index(emotion), 0, 0, 0, 0
        for batch in range(batches):
            texts = [
                " ".join(each.boxes)
                for each in model.write(None, seed=1000 * number + batch, expression=emotion)
            ]
            written += len(texts)
            verbatim += sum(normal(text) in known for text in texts)
            plain += sum(judge.most_probable(text, four) == emotion for text in texts)
            all_plain += len(texts)
            for start in range(0, len(texts), _OF):
                surest = max(
                    texts[start : start + _OF],
                    key=lambda text: float(steering.probabilities(text)[column]),
                )
                right += judge.most_probable(surest, four) == emotion
                of += 1
        low, high = wilson(right, of)
        rows[emotion] = {
            "right": right, "of": of, "share": right / of, "low": low, "high": high,
            "without_choice": plain / all_plain, "study": STUDY[emotion],
        }  # fmt: skip
        all_right, all_of = all_right + right, all_of + of
    low, high = wilson(all_right, all_of)
    rows["all"] = {
        "right": all_right, "of": all_of, "share": all_right / all_of, "low": low, "high": high,
        "study": STUDY_ALL,
    }  # fmt: skip
    return {"emotions": rows, "captions": written, "verbatim": verbatim / written}


def as_markdown(found: dict[str, Any]) -> str:
    """The table for people."""
    lines = [
        "| emotion | right | 95% | without a choice of four | study |",
        "|---|---|---|---|---|",
    ]
    for name, row in found["emotions"].items():
        share, low, high = (100 * row[key] for key in ("share", "low", "high"))
        plain = f"{100 * row['without_choice']:.0f}%" if "without_choice" in row else "–"
        study = f"{100 * row['study']:.1f}%" if row["study"] else "–"
        counted = f"{row['right']} of {row['of']} ({share:.1f}%)"
        lines.append(f"| {name} | {counted} | {low:.0f}–{high:.0f}% | {plain} | {study} |")
    verbatim = f"{100 * found['verbatim']:.1f}% of {found['captions']} captions"
    return "\n".join([*lines, "", f"{verbatim} stand word for word in what was learned from."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.deepmeme")
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--batches", type=int, default=48)
    options = parser.parse_args(arguments)
    table = reproduce(options.captions, options.prepared, options.batches)
    sys.stdout.write(json.dumps(table, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
