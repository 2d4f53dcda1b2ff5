import numpy as np
import pytest

from models.features import Features
from models.head import GROUPS, Head
from models.metrics import ranked_probability_scores
from tests.trainer.example_posts import learnable
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.targets import soft_bins
from trainer.evaluation.forecasting import intervals_of, ranking_of
from trainer.head.fit import Fitted, LossNotFinite, fit
from trainer.head.fit_encoding import encode
from trainer.head.recipe import Recipe

RECIPE = Recipe(members=2, max_epochs=6, embedding_directions=8, text_directions=8)
POSTS = learnable(240)
TRAIN, STOP = np.arange(180), np.arange(180, 210)


def targets_of(posts: LabelledPosts) -> np.ndarray:
    return soft_bins(intervals_of(posts, ranking_of(posts, TRAIN)))


def fitted(seed: int = 1, recipe: Recipe = RECIPE) -> Fitted:
    return fit(
        POSTS.groups, targets_of(POSTS), TRAIN, STOP,
        recipe=recipe, seed=seed, blanks=Features().blanks(),
    )  # fmt: skip


def arrays_of(head: Head) -> list[np.ndarray]:
    layers = [layer for member in head.members for layer in (*member.hidden, member.out)]
    return [array for layer in layers for array in layer]


def test_the_same_seed_gives_the_same_head_bit_for_bit_and_another_does_not() -> None:
    first, again, other = fitted(1), fitted(1), fitted(2)
    assert first.losses == again.losses
    for a, b in zip(arrays_of(first.head), arrays_of(again.head), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.losses != other.losses


def test_what_serves_is_what_was_trained() -> None:
    # The network in Keras and the head in NumPy give equal logits for the same posts.
    import tensorflow as tf

    from trainer.head.network import build, members_of

    head = fitted().head
    assert head.encoding is not None
    encoded = encode(head.encoding, POSTS.groups, TRAIN[:20])
    model = build({group: encoded[group].shape[1] for group in GROUPS}, RECIPE, 3)
    served = Head(head.encoding, members_of(model, RECIPE)).encoded_logits(encoded)
    trained = model({group: tf.constant(encoded[group]) for group in GROUPS}).numpy()
    np.testing.assert_allclose(served, trained.mean(axis=1), atol=1e-5)


def test_it_learns_what_can_be_learned() -> None:
    recipe = Recipe(members=2, max_epochs=60, embedding_directions=8, text_directions=8)
    head, judged = fitted(recipe=recipe).head, np.arange(210, 240)
    bins = head.predict_groups({name: g[judged] for name, g in POSTS.groups.items()})
    wanted = targets_of(POSTS)[judged]
    ours = ranked_probability_scores(bins, wanted).mean()
    base = ranked_probability_scores(np.full_like(bins, 0.1), wanted).mean()
    assert ours < 0.7 * base


def test_a_linear_part_without_a_say_is_left_out_and_a_given_encoding_is_kept() -> None:
    encoding = fitted().head.encoding
    posts = learnable(200)
    targets = soft_bins(intervals_of(posts, ranking_of(posts, np.arange(200))))
    found = fit(
        posts.groups, targets, np.arange(200), np.arange(0),
        recipe=RECIPE, seed=1, epochs=2, linear_share=0.0, encoding=encoding,
    )  # fmt: skip
    assert found.head.encoding is encoding
    assert len(found.head.members) == RECIPE.members
    assert found.linear_share == 0


def test_a_trusting_recipe_is_for_communities_with_enough_labels_of_their_own() -> None:
    assert Recipe().trusting(999) is None
    assert Recipe().trusting(10_001) is None
    other = Recipe().trusting(1_000)
    assert other is not None
    assert other.title_strength > Recipe().title_strength


def test_a_loss_that_is_not_finite_is_refused_with_a_sentence() -> None:
    broken = targets_of(POSTS)
    broken[5] = np.inf
    with pytest.raises(LossNotFinite, match="not finite in epoch 1"):
        fit(POSTS.groups, broken, TRAIN, STOP, recipe=RECIPE, seed=1)
