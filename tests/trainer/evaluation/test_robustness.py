import json

import numpy as np
import pytest

from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.features import Features, PostFacts, Record
from models.head import Head
from tests.fixtures import images
from tests.trainer.evaluation.test_figures import forecasts
from tests.trainer.example_posts import START, learnable
from trainer.evaluation.hidden_sources import lacking
from trainer.evaluation.reencoded import WAYS, Reencoded, reencoded
from trainer.evaluation.robustness import MAX_MOVED, Robustness, broken_bound, without

RNG = np.random.default_rng(8)


def test_the_studys_demo_is_the_same_in_either_container() -> None:
    # The study took 47 upvotes as PNG for high and 5,500 as JPEG for low, and the other way round
    # with the containers exchanged.
    drawn = [images.photo(seed, 120) for seed in (31, 32)]
    facts = [PostFacts("", START, None, AuthorRecord.empty(), Record.empty()) for _ in drawn]
    groups = Features().of(facts)
    head, backbone = Head.load(STARTER / "champion"), Backbone.load(STARTER)
    found = reencoded(head, backbone, [images.encode(each, "PNG") for each in drawn], groups)
    by_way = {each.way: each for each in found}
    assert set(by_way) == set(WAYS)
    assert by_way["PNG, stripped"].mean == by_way["PNG, stripped"].changed == 0
    assert by_way["JPEG 95"].mean < MAX_MOVED
    assert by_way["JPEG 95"].changed == 0


def test_a_bound_that_is_broken_is_named() -> None:
    found = Robustness(reencoded=[Reencoded("GIF", 30, 0.3, 0.6, 0.9)])
    assert "saved as GIF" in (broken_bound(found) or "")
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(("share", "refused"), [(0.0, False), (0.9, True)])
def test_a_source_that_is_missed_too_much_is_named(share: float, refused: bool) -> None:
    score = RNG.random(200) * 1000
    wrong = np.eye(10)[9 - (score / 100).astype(int)]
    bins = share * wrong + (1 - share) * 0.1
    row = without("without title", forecasts(bins / bins.sum(axis=1, keepdims=True), score))
    sentence = broken_bound(Robustness([row]))
    assert (sentence is not None) == refused
    assert not refused or "without title" in (sentence or "")


def test_where_scores_cannot_be_compared_nothing_is_refused() -> None:
    score = RNG.random(5) * 1000
    row = without("without title", forecasts(np.eye(10)[np.zeros(5, int)], score))
    assert row.skill is None
    assert broken_bound(Robustness([row])) is None


def test_posts_that_really_have_no_title_are_found() -> None:
    posts = learnable(70)
    rows = np.arange(10, 60)
    # Every seventh post has an empty title.
    assert np.flatnonzero(lacking(posts.groups, rows, "title")).tolist() == [
        i for i, row in enumerate(rows) if row % 7 == 0
    ]
    assert lacking(posts.groups, rows, "text").all()
