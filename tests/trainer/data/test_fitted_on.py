from pathlib import Path

import numpy as np

from tests.trainer.example_posts import learnable
from trainer.data.fitted_on import FittedOn
from trainer.data.labelled_posts import source_hash


def test_posts_are_known_again_by_id_or_by_a_near_duplicate_of_the_image(tmp_path: Path) -> None:
    posts = learnable(40)
    posts.source = np.arange(1, 41).astype(np.uint64)
    old, new = posts.take(np.arange(30)), posts.take(np.arange(30, 40))
    # The id of an old one, another picture; the picture of an old one but for two bits.
    new.source[3] = old.source[7]
    new.phash[5] = old.phash[9] ^ np.uint64(0b101)
    FittedOn.of(old).save(tmp_path)
    found = FittedOn.load(tmp_path)
    assert found is not None
    assert np.flatnonzero(found.overlap(new)).tolist() == [3, 5]
    assert found.overlap(old).all()


def test_ids_that_are_not_known_are_not_the_same(tmp_path: Path) -> None:
    posts = learnable(20)
    assert not FittedOn.of(posts.take(np.arange(10))).overlap(posts.take(np.arange(10, 20))).any()
    assert FittedOn.load(tmp_path) is None


def test_a_full_name_of_reddit_is_its_short_id() -> None:
    assert source_hash("t3_2bvcu7") == source_hash("2bvcu7") != source_hash("2bvcu8")
    assert source_hash("") == 0
