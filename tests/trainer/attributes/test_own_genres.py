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


def community(*, like: float, others: int, rare: int = 20, posts: int = 300) -> Labelled:
    """Forty pictures that were called the genre, ``others`` that were called another; and of
    ``posts`` that nobody spoke of ``rare`` are of the genre."""
    random = np.random.default_rng(3)
    own = np.repeat([True, False, True, False], [40, others, rare, posts - rare])
    embeddings = random.normal(size=(len(own), 60)).astype(np.float32)
    embeddings[:, 0] += own * like
    corrected = np.arange(len(own)) < 40 + others
    genre = np.where(own & corrected, 0, 1)
    return Labelled(embeddings, genre, np.arange(len(own)), corrected)


def test_what_is_right_among_corrected_posts_and_mostly_wrong_elsewhere_is_kept_out() -> None:
    """Half of what was corrected is of the genre, and one in fifteen of all posts is."""
    vague = judge(community(like=2.5, others=60), ("own",))
    assert vague.right is not None
    assert vague.right >= 0.7, vague
    assert not vague.promoted, vague
    assert "elsewhere" in vague.reason

    clear = judge(community(like=8, others=60), ("own",))
    assert clear.promoted, clear
    # The same head, where nobody said what is not of the genre: it may be wrong often.
    unknown = judge(community(like=8, others=3), ("own",))
    assert not unknown.promoted, unknown
    assert "told of 3 posts" in unknown.reason


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
