"""Telling a community's own genres from everything else, and the gate."""

import numpy as np

from models.attributes.own_genres import OwnGenreHead
from trainer.attributes.own_genres import Labelled, judge, learn


def made(*, like: float, count: int = 40) -> Labelled:
    """Pictures of one genre, ``like`` as strongly alike, and twice as many others."""
    random = np.random.default_rng(2)
    embeddings = random.normal(size=(3 * count, 60)).astype(np.float32)
    embeddings[:count, 0] += like
    genre = np.repeat([0, 1], [count, 2 * count])
    rows = np.arange(3 * count)
    return Labelled(embeddings, genre, rows, rows < 2 * count)


def test_what_can_be_told_is_promoted_and_noise_is_not() -> None:
    good = judge(made(like=6), ("own",))
    assert good.promoted, good
    assert good.right is not None
    assert good.right > 0.9
    noise = judge(made(like=0), ("own",))
    assert not noise.promoted, noise


def test_pictures_that_are_alike_are_never_learned_from_and_judged_by() -> None:
    """Of one picture posted again and again nothing is learned that others could show."""
    data = made(like=0)
    embeddings = data.embeddings.copy()
    embeddings[:40] = embeddings[0]
    group = data.group.copy()
    group[:40] = 0
    found = judge(Labelled(embeddings, data.genre, group, data.corrected), ("own",))
    assert not found.promoted, found


def test_a_head_is_the_same_after_saving(tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = made(like=6)
    head = learn(data, ("own",), "b" * 64)
    head.save(tmp_path / "head.npz")
    again = OwnGenreHead.load(tmp_path / "head.npz")
    assert again.names == ("own",)
    assert again.tell(data.embeddings) == head.tell(data.embeddings)
    assert np.allclose(head.with_none(data.embeddings).sum(axis=1), 1)
