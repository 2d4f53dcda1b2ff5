"""Which texts are one emoji of Unicode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.ui.emoji import is_unicode_emoji


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    assert is_unicode_emoji(text) in (True, False)


@pytest.mark.parametrize("emoji", ["⬆", "⬆️", "👍", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_what_is_an_emoji(emoji: str) -> None:
    assert is_unicode_emoji(emoji)


@pytest.mark.parametrize(
    "text", ["", "a", "1", "👍👍", "👍 ", "up", "\u200d", "🇩", "<:x:1>", "️", "👍a", "▲"]
)
def test_what_is_none(text: str) -> None:
    assert not is_unicode_emoji(text)
