import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.web.upload import clean_title


@given(st.text())
def test_a_clean_title_is_one_line_and_stays_as_it_is(raw: str) -> None:
    title = clean_title(raw)
    assert title == title.strip()
    assert "  " not in title
    assert not any(unicodedata.category(each) == "Cc" for each in title)
    assert len(title.splitlines()) <= 1
    assert clean_title(title) == title


@given(st.lists(st.sampled_from(["a", "👩‍👩‍👧", "é", "日本", "x-y"]), min_size=1))
def test_words_are_kept(words: list[str]) -> None:
    assert clean_title(" ".join(words)) == " ".join(words)
