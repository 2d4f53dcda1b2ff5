"""A prediction as an embed: whatever is predicted, it fits and says what is known."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.messages.render_card import card_message
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape, plain
from bot.serving.duplicates import Duplicate
from bot.serving.forecast import Card, read_card
from bot.texts.language import LANGUAGES
from models.percentiles import BucketRule, Quantiles
from storage.types import Bucket

POSTED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def card_of(bins: list[float], scores: list[float]) -> Card:
    shares = np.asarray(bins) / sum(bins)
    return read_card(shares, Quantiles.of(scores, ()), BucketRule(None, None), "head-7")


def test_a_card_says_what_is_known() -> None:
    card = card_of([0, 0, 0, 0, 1, 1, 1, 2, 2, 3], list(range(100)))
    seen = Duplicate(3, POSTED, "https://discord.com/channels/1/2/3", 148.0, Bucket.HIGH)
    message = card_message(Texts(), card, community="<#42>", seen=seen, heat_map=b"png")
    said = message.embed.description or ""
    assert "Would beat **" in said
    assert "<#42>" in said
    assert "Expected score" in said
    assert "https://discord.com/channels/1/2/3" in said
    assert "148" in said
    assert said.count("`") == 6
    assert "head-7" in (message.embed.footer.text or "")
    assert message.embed.image.url == "attachment://what-drove-it.png"
    (first,), (second,) = message.files(), message.files()
    assert first.fp.read() == b"png"
    assert second.fp.read() == b"png"


def test_a_card_without_history_says_so() -> None:
    card = card_of([1] * 10, [])
    message = card_message(Texts("de"), card, community=None)
    assert message.files() == []
    assert "Expected" not in (message.embed.description or "")
    assert "{" not in (message.embed.description or "")


def test_a_version_that_learned_from_nothing_claims_nothing() -> None:
    card = replace(card_of([1] * 10, list(range(100))), untrained=True)
    for community in (None, "<#42>"):
        said = card_message(Texts(), card, community=community).embed.description or ""
        assert "I have learned nothing yet" in said
        assert "Would beat" not in said


@given(
    st.lists(st.floats(0, 1), min_size=10, max_size=10).filter(lambda bins: sum(bins) > 0.01),
    st.lists(st.floats(-1e12, 1e12), max_size=40),
    st.sampled_from(LANGUAGES),
)
def test_whatever_is_predicted_fits(bins: list[float], scores: list[float], locale: str) -> None:
    seen = Duplicate(3, POSTED, None, None, None)
    message = card_message(
        Texts(locale), card_of(bins, scores), community=escape("m" * 1000, 100), seen=seen
    )
    assert len(message.embed.description or "") <= 4096
    assert len(message.embed) <= 6000


@given(st.text(max_size=300), st.integers(1, 100))
def test_escaped_text_is_short_and_without_markup(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit
    escaped = escape(text, limit)
    assert len(escaped) <= 2 * limit
    assert "\n" not in escaped
    assert re.search(r"(?<!\\)[@<\[]", escaped) is None
    assert "](" not in escaped
    assert "://" not in escaped


def test_a_long_title_is_cut_without_being_read_whole() -> None:
    assert plain("é" * 10_000, 20) == "é" * 19 + "…"
    assert escape("@everyone **hi** [x](https://y)", 60) == (
        r"\@everyone \*\*hi\*\* \[x\]\(https\://y\)"
    )
