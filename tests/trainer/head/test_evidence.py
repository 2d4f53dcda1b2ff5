"""Nothing is learned from nothing, and little from little: whichever source it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.author_record import AuthorRecord
from models.features import Features, Hidable, PostFacts, Record
from models.metrics import log_losses
from models.support import SOURCES
from tests.trainer.example_posts import NOW, START
from trainer.data.assemble import assemble
from trainer.data.labelled_posts import Example
from trainer.data.targets import soft_bins
from trainer.evaluation.forecasting import intervals_of, ranking_of
from trainer.head.fit import fit
from trainer.head.fit_encoding import DOUBT, evidence, fit_encoding, weight
from trainer.head.recipe import Recipe

WORDS = (
    *("cat", "dog", "when", "you", "me", "irl", "the", "a", "one", "does", "not", "simply"),
    *("Hello", "WORLD", "42", "!", "?", "émoji", "😂"),
)
N, JUDGED = 240, 120


def text(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, int(rng.integers(1, 25))))


def varied(facts: PostFacts, source: Hidable, rng: np.random.Generator) -> PostFacts:
    if source == "title":
        return replace(facts, title=text(rng))
    if source == "text":
        return replace(facts, text_in_image=text(rng))
    n = int(rng.integers(1, 40))
    middle, gap = rng.random(4).tolist(), float(rng.exponential(100))
    worst, best = min(middle), max(middle)
    record = AuthorRecord(n, middle[0], middle[1], middle[2], best, worst, n + 2, 1, gap)
    return replace(facts, author=record)


def posts_of(source: Hidable, k: int, seed: int) -> list[Example]:
    """``N`` posts of which ``k`` have the source, then ``JUDGED`` that all have it; their scores
    depend on the image, and on nothing of the source."""
    rng = np.random.default_rng(seed)
    having = set(rng.choice(N, k, replace=False).tolist())
    made = []
    for number in range(N + JUDGED):
        bright = float(rng.normal())
        embedding = np.zeros(1280, np.float16)
        embedding[:4] = bright, *rng.normal(size=3)
        facts = PostFacts("", START, None, AuthorRecord.empty(), Record.empty())
        if number in having or number >= N:
            facts = varied(facts, source, rng)
        score = bright + float(rng.normal())
        made.append(Example(facts, embedding, score, 1, "web", NOW, f"{number:016x}"))
    return made


def skills(source: Hidable, k: int, seed: int) -> tuple[float, float]:
    """Log-loss skill on posts that have the source: looking at it, and with it hidden."""
    examples = posts_of(source, k, seed)
    posts = assemble(iter(examples), now=NOW)
    train, judge = np.arange(N), np.arange(N, N + JUDGED)
    targets = soft_bins(intervals_of(posts, ranking_of(posts, train)))
    head = fit(
        posts.groups, targets, train, train[:0],
        recipe=Recipe(), seed=1, linear_share=1.0, blanks=Features().blanks(),
    ).head  # fmt: skip
    embedding = np.stack([each.embedding for each in examples[N:]]).astype(np.float32)
    facts = [each.facts for each in examples[N:]]
    shown, hidden = (
        float(log_losses(head.predict(embedding, facts, hide=hide), targets[judge]).mean())
        for hide in ((), (source,))
    )
    return 1 - shown / np.log(10), 1 - hidden / np.log(10)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    source=st.sampled_from(["title", "text", "author"]),
    k=st.sampled_from([0, 1, 5, 20, N]) | st.integers(0, N),
    seed=st.integers(0, 10_000),
)
def test_a_source_that_says_nothing_costs_next_to_nothing(
    source: Hidable, k: int, seed: int
) -> None:
    shown, hidden = skills(source, k, seed)
    assert shown > hidden - 0.02


@pytest.mark.parametrize("source", ["title", "text", "author"])
def test_a_source_that_never_varied_changes_nothing(source: Hidable) -> None:
    shown, hidden = skills(source, 0, 3)
    assert shown == pytest.approx(hidden, abs=1e-6)


@given(n=st.integers(2, 300), share=st.floats(0, 1), size=st.floats(1e-6, 1e6))
def test_evidence_counts_the_rows_that_differ(n: int, share: float, size: float) -> None:
    k = round(share * n)
    squares = np.zeros((n, 1))
    squares[:k] = size
    assert evidence(squares)[0] == pytest.approx(k)


def test_half_is_believed_where_the_evidence_is_as_large_as_the_doubt() -> None:
    assert weight(np.array([0.0, DOUBT, 1e9])) == pytest.approx([0, 0.5, 1])


def test_no_post_moves_an_encoded_column_further_than_training_posts_did() -> None:
    rng = np.random.default_rng(5)
    n, features = 200, Features()
    groups = {
        "embedding": rng.normal(size=(n, 1280)).astype(np.float16),
        "title": rng.normal(size=(n, features.text_dim)).astype(np.float16),
        "text": np.zeros((n, features.text_dim), np.float16),
        "metadata": rng.normal(size=(n, len(features.metadata_names))).astype(np.float32),
    }
    encoding = fit_encoding(groups, np.arange(n), Recipe())
    seen = encoding(groups)
    wild = {name: np.full((1, values.shape[1]), 1e4, np.float32) for name, values in groups.items()}
    met, trust = encoding.with_trust(wild)
    for group, values in met.items():
        assert np.abs(values).max() <= np.abs(seen[group]).max() + 1e-6
    assert not trust.any()
    assert trust.shape == (1, len(SOURCES))
    assert not met["text"].any()
