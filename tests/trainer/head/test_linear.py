import numpy as np

from models.head import GROUPS, softmax
from models.metrics import log_losses
from trainer.head.linear import STATISTICS, fit_linear

RNG = np.random.default_rng(5)


def posts(n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    encoded = {group: RNG.normal(size=(n, 3)).astype(np.float32) for group in GROUPS}
    place = 2 * encoded["embedding"][:, 0] - encoded["metadata"][:, 1]
    bins = softmax(place[:, None] * STATISTICS[0])
    drawn = (bins.cumsum(axis=1) < RNG.random((n, 1))).sum(axis=1).clip(0, 9)
    return encoded, np.eye(10)[drawn]


def test_at_the_minimum_the_gradient_is_the_priors() -> None:
    # What every class's probability misses of its targets is what the penalty on the slopes is.
    encoded, targets = posts(500)
    member = fit_linear(encoded, targets, penalty=3.0)
    missed = softmax(member.logits(encoded)) - targets
    np.testing.assert_allclose(missed.sum(axis=0), 0, atol=2e-3)
    for group, (kernel, _) in zip(GROUPS, member.hidden, strict=True):
        slopes = kernel[:, :2]
        pull = encoded[group].T @ (missed @ STATISTICS.T)
        np.testing.assert_allclose(pull, -3.0 * slopes, atol=2e-3)


def test_it_finds_what_moves_a_post_up_and_what_does_not() -> None:
    encoded, targets = posts(4000)
    member = fit_linear(encoded, targets, penalty=1.0)
    slopes = {group: kernel[:, 0] for group, (kernel, _) in zip(GROUPS, member.hidden, strict=True)}
    np.testing.assert_allclose(slopes["embedding"], [2, 0, 0], atol=0.2)
    np.testing.assert_allclose(slopes["metadata"], [0, -1, 0], atol=0.15)
    np.testing.assert_allclose(slopes["title"], 0, atol=0.1)


def test_its_logits_are_linear_in_the_groups() -> None:
    encoded, targets = posts(300)
    member = fit_linear(encoded, targets, penalty=1.0)
    at_zero = member.logits({group: np.zeros((1, 3), np.float32) for group in GROUPS})
    once = member.logits(encoded) - at_zero
    twice = member.logits({group: 2 * values for group, values in encoded.items()}) - at_zero
    np.testing.assert_allclose(twice, 2 * once, atol=1e-4)


def test_a_stronger_prior_says_less() -> None:
    encoded, targets = posts(200)
    weak, strong = (
        fit_linear(encoded, targets, penalty=penalty).logits(encoded).std()
        for penalty in (1.0, 1000.0)
    )
    assert strong < weak


def test_strangers_are_learned_from_posts_of_known_authors_too() -> None:
    # Real strangers (no record: zeros) do worse; with the records of the others hidden the forecast
    # must be right for all of them, and nearly as before where records are seen.
    encoded, targets = posts(2000)
    stranger = {"metadata": np.array([0, 0, np.nan], np.float32)}
    real = np.arange(2000) % 3 == 0
    encoded["metadata"][real, :2] = 0
    targets[real] = np.eye(10)[np.minimum(RNG.integers(0, 10, real.sum()), 4)]
    hidden = dict(encoded) | {"metadata": encoded["metadata"] * np.float32([0, 0, 1])}

    def losses(**how: object) -> list[float]:
        member = fit_linear(encoded, targets, penalty=3.0, **how)
        return [
            float(log_losses(softmax(member.logits(each)), targets).mean())
            for each in (encoded, hidden)
        ]

    before, after = losses(), losses(stranger=stranger)
    assert after[1] < before[1]
    assert after[0] < before[0] + 0.02
    assert losses(stranger=stranger, share=0.0) == before
