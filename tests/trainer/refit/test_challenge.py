from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models.features import PostFacts
from models.head import Head
from models.registry import read_version
from tests.trainer.example_posts import NOW, START, example, learnable
from trainer.data.assemble import assemble
from trainer.data.attribute_columns import KINDS, WIDTH
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.evaluation.attribute_skill import ALL
from trainer.head.recipe import Recipe
from trainer.refit.baseline import Champion
from trainer.refit.challenge import Challenge, challenge
from trainer.refit.refusals import Refused
from trainer.refit.write_version import write

RECIPE = Recipe(members=1, max_epochs=8, embedding_directions=8, text_directions=8)


def run(posts: LabelledPosts, champion: Champion | None = None, **changes: object) -> Challenge:
    asked = {"min_labels": 60, "seed": 1, "comparisons": "none"} | changes
    return challenge(posts, recipe=RECIPE, champion=champion, say=lambda **_: None, **asked)


def test_a_version_is_written_whole_and_serves(tmp_path: Path) -> None:
    labelled = learnable()
    shape = (len(labelled), WIDTH)
    labelled.attributes = np.random.default_rng(1).uniform(size=shape).astype(np.float32)
    made = run(labelled)
    name, folder = write(tmp_path, made, backbone="b" * 64, created_at=datetime.now(UTC))
    manifest = read_version(folder)
    assert manifest.name == name
    assert manifest.labels == 400
    assert manifest.trained_until == START + timedelta(hours=399 + 24)
    assert {"head.npz", "reference.json", "report.md", "confusion.png"} <= set(manifest.files)
    head = Head.load(folder)
    posts = learnable()
    rows = np.arange(5)
    groups = {group: values[rows] for group, values in posts.groups.items()}
    np.testing.assert_array_equal(head.predict_groups(groups), made.head.predict_groups(groups))
    reference = Reference.load(folder)
    assert reference is not None
    assert len(reference.scores) == 400
    text = (folder / "report.md").read_text("utf-8")
    assert "95% interval" in text
    assert made.verdict.reason in text
    assert "Nothing: scheduled runs leave it out" in text
    assert made.verdict.evidence["comparisons"] == "none"
    # What people can read off the pictures is noise here, and the head does without it.
    assert "## What attributes would add" in text
    assert "| faces and expressions | " in text
    assert {each["kind"] for each in made.verdict.evidence["attributes"]} == {*KINDS, ALL}
    assert "| adds skill |" not in text


def test_shuffled_labels_teach_nothing() -> None:
    posts = learnable(600)
    posts.score = np.random.default_rng(9).permutation(posts.score)
    made = run(posts, joins=True)
    figures = made.evaluation.figures
    # What is left is chance: an interval of about ±0.03 on 120 judged posts.
    assert figures["rps_skill"] < 0.03
    assert figures["log_loss_skill"] < 0.03
    # Beside others it may speak unless it is plainly worse than the base rate: they outweigh it.
    is_worse = made.verdict.evidence["probability_of_skill"] < 0.05
    assert made.verdict.reason.startswith("It has no say" if is_worse else "It has a say")
    assert made.verdict.promote != is_worse or "not robust" in made.verdict.reason


def test_real_labels_teach_something() -> None:
    made = run(learnable(600))
    assert made.evaluation.figures["rps_skill"] > 0.1
    assert made.verdict.promote


@pytest.mark.parametrize(
    ("posts", "sentence"),
    [
        (learnable(20), "Only 20 labels; at least 60 are needed"),
        (
            assemble((example(i, 3.0) for i in range(100)), now=NOW),
            "All 100 labels have the same score",
        ),
        (
            assemble((example(i, float(i), phash="a" * 16) for i in range(100)), now=NOW),
            "No independent posts to judge by",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_with_a_sentence(
    posts: LabelledPosts, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        run(posts)


def test_nothing_new_since_the_champion_is_refused(tmp_path: Path) -> None:
    posts = learnable(100)
    champion = Champion("v1", tmp_path, datetime.fromtimestamp(posts.matured_at.max(), UTC))
    with pytest.raises(Refused, match="Nothing has matured since v1"):
        run(posts, champion)


def test_by_hand_a_version_is_made_of_labels_that_the_champion_knows(tmp_path: Path) -> None:
    posts = learnable(200)
    champion = Champion("v1", tmp_path, datetime.fromtimestamp(posts.matured_at.max(), UTC))
    made = run(posts, champion, by_hand=True)
    assert not made.verdict.promote
    assert "v1 was fitted on, too" in made.verdict.reason
    assert len(np.concatenate([fold.judge for fold in made.folds])) == 200


def test_the_champion_is_judged_only_on_what_matured_after_it(tmp_path: Path) -> None:
    Head.uniform().save(tmp_path)
    posts = learnable(300)
    cut_off = START + timedelta(hours=270)
    made = run(posts, Champion("v1", tmp_path, cut_off))
    judged = np.concatenate([fold.judge for fold in made.folds])
    assert posts.matured_at[judged].min() > cut_off.timestamp()
    assert made.verdict.evidence["posts"] == len(judged) == 53
    # All that the champion knew is fitted on, and most of what is new.
    assert all(len(fold.fit) >= 300 - 53 + 42 for fold in made.folds)


def test_bad_rows_are_counted_by_reason() -> None:
    good = [example(i, float(i)) for i in range(5)]
    late = replace(good[0], facts=_posted(good[0].facts, NOW + timedelta(days=2)))
    bad = [
        replace(good[0], score=float("nan")),
        replace(good[0], score=float("inf")),
        replace(good[0], embedding=None),
        replace(good[0], embedding=np.full(1280, np.nan, np.float16)),
        late,
    ]
    odd = [
        example(6, -50.0, title=""),
        example(7, 0.0, title="🐸" * 10_000),
        example(8, 1.0, text_in_image=""),
    ]
    posts = assemble([*good, *bad, *odd], now=NOW)
    assert len(posts) == 8
    assert posts.dropped == {
        "score not a number": 2,
        "no embedding from this backbone": 1,
        "embedding not finite": 1,
        "posted in the future": 1,
    }


def _posted(facts: PostFacts, moment: datetime) -> PostFacts:
    return replace(facts, posted_at=moment)
