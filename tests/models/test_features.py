import dataclasses
import itertools
import re
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.author_record import AuthorRecord
from models.features import (
    FEATURES_VERSION,
    TEXT_BUCKETS,
    Features,
    PostFacts,
    Record,
    metadata_of,
)
from models.pace import Pace

MOMENT = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def facts(**changes: object) -> PostFacts:
    given_facts = PostFacts(
        title="When the CI is green on the first try",
        posted_at=MOMENT,
        text_in_image="one does not simply",
        author=AuthorRecord(3, 0.8, 0.7, 0.9, 0.95, 0.5, 5, 1, 30.0),
        community=Record(100, 0.5),
    )
    return dataclasses.replace(given_facts, **changes)


def test_facts_hold_nothing_that_is_known_only_after_the_post_appeared() -> None:
    # Adding a field fails here on purpose. Before adding it to the list, say since when it is
    # known: a count, score, vote or comment of the post itself must never be.
    known_when_the_post_appears = {
        "title", "posted_at", "text_in_image", "author", "community", "aspect",
    }  # fmt: skip
    assert {field.name for field in dataclasses.fields(PostFacts)} == known_when_the_post_appears
    assert {field.name for field in dataclasses.fields(Record)} == {
        "n", "mean_percentile", "pace",
    }  # fmt: skip
    # Of earlier posts of the author, as of that moment (tests/models/test_records.py).
    assert {field.name for field in dataclasses.fields(AuthorRecord)} == {
        "n", "mean", "recent", "last", "best", "worst", "posts", "waiting", "gap_hours",
    }  # fmt: skip
    # Of earlier posts of the community, whatever they got.
    assert {field.name for field in dataclasses.fields(Pace)} == {"hours"}


def test_the_columns_are_those_of_the_version() -> None:
    # A head fitted on one list of columns cannot serve another: whoever changes the list raises
    # FEATURES_VERSION.
    assert (FEATURES_VERSION, len(Features().metadata_names), Features().text_dim) == (3, 42, 256)


@given(
    title=st.text(max_size=200),
    text=st.none() | st.text(max_size=200),
    seconds=st.integers(0, 7 * 10**9),
    n=st.integers(0, 10**7),
)
def test_every_number_is_finite(title: str, text: str | None, seconds: int, n: int) -> None:
    groups = Features().of(
        [
            facts(
                title=title, text_in_image=text,
                posted_at=datetime.fromtimestamp(seconds, UTC), author=AuthorRecord(n, 0.7),
            )
        ]
    )  # fmt: skip
    for values in groups.values():
        assert np.isfinite(values).all()
        assert values.dtype == np.float32


@pytest.mark.parametrize("title", ["", "🅱️" * 5000, "\udcff broken", "a" * 10_240, "\x00\n\t"])
def test_odd_titles_are_features_too(title: str) -> None:
    assert np.isfinite(Features().of([facts(title=title)])["title"]).all()


@given(st.text(max_size=40) | st.text("aB '!.", max_size=40))
def test_a_title_is_hashed_by_its_words_pairs_of_words_and_threes_of_letters(title: str) -> None:
    words = re.findall(r"[\w']+|[^\w\s]", title.lower())
    pieces = [*words, *(" ".join(pair) for pair in itertools.pairwise(words))]
    for word in words:
        padded = f"<{word}>"
        pieces += [padded[start : start + 3] for start in range(len(padded) - 2)]
    expected = np.zeros(TEXT_BUCKETS)
    for piece in pieces:
        code = zlib.crc32(piece.encode("utf-8", "surrogatepass"))
        expected[code % TEXT_BUCKETS] += 1 if code & 0x8000_0000 else -1
    expected /= max(float(np.linalg.norm(expected)), 1e-9)
    found = Features().of([facts(title=title)])["title"][0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_post_alone_has_the_same_features_as_in_a_crowd() -> None:
    posts = [facts(title=f"post {number}") for number in range(5)]
    together = Features().of(posts)
    for number, post in enumerate(posts):
        alone = Features().of([post])
        for group, values in alone.items():
            np.testing.assert_array_equal(values[0], together[group][number])


def test_blanks_are_what_missing_sources_look_like() -> None:
    features = Features()
    missing = {
        "title": facts(title=""),
        "text": facts(text_in_image=None),
        "author": facts(author=AuthorRecord.empty()),
    }
    whole = features.of([facts()])
    for source, groups in features.blanks().items():
        expected = features.of([missing[source]])
        for group, blank in groups.items():
            hidden = np.where(np.isnan(blank), whole[group][0], blank)
            np.testing.assert_array_equal(hidden, expected[group][0])


def test_records_are_pulled_towards_the_community() -> None:
    assert Record(0, 0.9).shrunk(0.4) == pytest.approx(0.4)
    assert 0.4 < Record(1, 0.9).shrunk(0.4) < Record(20, 0.9).shrunk(0.4) < 0.9


def test_midnight_is_next_to_the_minute_before() -> None:
    before = metadata_of(facts(posted_at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC)))
    after = metadata_of(facts(posted_at=datetime(2026, 3, 2, 0, 0, tzinfo=UTC)))
    for name in ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos"):
        assert before[name] == pytest.approx(after[name], abs=0.01)
