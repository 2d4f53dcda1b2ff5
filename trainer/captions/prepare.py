"""Captions, emotions and pictures as the arrays that the caption network learns from.

    python -m trainer.captions.prepare --captions FOLDER --emotions FOLDER --out FOLDER

The folder of captions is that of `main.py replay` (posts.jsonl.gz, templates/); that of emotions
holds goemotions_ekman/captions.csv and reddit_posts_khlyzova/captions.csv. Written are
tokenizer.json, emotions.npz, emotions_judge.npz and arrays.npz.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from models.backbone import Backbone
from models.backbone_files import STARTER
from trainer.captions.corpus import (
    Split,
    caption_arrays,
    merit_of,
    split_by_template,
    split_by_time,
    template_views,
)
from trainer.captions.fit_emotions import fit_emotions, read_emotions
from trainer.captions.fit_tokenizer import fit_tokenizer
from trainer.data.imgflip import Caption, read_captions

log = logging.getLogger(__name__)

#: Pairs that the tokenizer joins.
MERGES = 3000


def splits_of(templates: np.ndarray[tuple[int], np.dtype[np.int32]]) -> dict[str, Split]:
    """By time in two ways, by template, and all but the last twentieth."""
    whole = split_by_time(len(templates), learn=0.95, choose=0.05)
    return {
        "time": split_by_time(len(templates)),
        "late": split_by_time(len(templates), learn=0.88, choose=0.02),
        "template": split_by_template(templates),
        "all": Split(whole.learn, whole.choose, whole.choose[:0]),
    }


def prepare(captions: Sequence[Caption], pictures: Path, emotions: Path, out: Path) -> None:
    """Write everything; see the module."""
    out.mkdir(parents=True, exist_ok=True)
    texts = read_emotions(emotions)
    classifier, judge = (
        fit_emotions([text for text in texts if text.half == half], strength=3.0) for half in (0, 1)
    )
    classifier.save(out / "emotions.npz")
    judge.save(out / "emotions_judge.npz")
    # Of the first part in time only: what is judged later stays unseen.
    first = split_by_time(len(captions)).learn
    tokenizer = fit_tokenizer((box for row in first for box in captions[row].boxes), merges=MERGES)
    tokenizer.save(out / "tokenizer.json")
    log.info("Tokenizer: %s tokens", tokenizer.size)
    names = sorted({caption.template for caption in captions})
    found = {path.stem: path for path in pictures.iterdir()}
    views = template_views(
        [Image.open(found[name]).convert("RGB") for name in names], Backbone.load(STARTER)
    )
    templates = np.array([names.index(caption.template) for caption in captions], np.int32)
    votes = np.array([caption.votes for caption in captions])
    splits = splits_of(templates)
    merit = np.zeros(len(captions), np.float32)
    # Within each part of time, so that no vote of a later part is looked at.
    for part in (splits["time"].learn, splits["time"].choose, splits["time"].judge):
        merit[part] = merit_of(votes[part], templates[part])
    arrays = caption_arrays(captions, tokenizer, classifier, views, templates, merit)
    np.savez_compressed(
        out / "arrays.npz",
        tokens=arrays.tokens.astype(np.int16), lengths=arrays.lengths.astype(np.int16),
        templates=templates.astype(np.int16), merit=merit, views=views,
        anything=arrays.anything, vocabulary=tokenizer.size,
        **{
            f"split_{name}_{part}": getattr(split, part)
            for name, split in splits.items()
            for part in ("learn", "choose", "judge")
            if len(getattr(split, part))
        },
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.prepare")
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--emotions", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    captions = read_captions(options.captions, sys.maxsize)
    prepare(captions, options.captions / "templates", options.emotions, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
