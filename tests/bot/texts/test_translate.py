import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts.language import language, speaking
from bot.texts.translate import gettext, ngettext, pgettext, retell
from storage.types import Bucket


def test_english_is_spoken_where_nothing_else_is_said() -> None:
    assert language() == "en"
    assert gettext("Score") == "Score"
    assert ngettext("{n} post", "{n} posts", 1) == "{n} post"
    assert ngettext("{n} post", "{n} posts", 0) == "{n} posts"


def test_a_language_is_spoken_within() -> None:
    with speaking("de"):
        assert gettext("Score") == "Punktzahl"
        assert pgettext("button", "Search") == "Suchen"
        assert gettext("Search") == "Suche"
        with speaking("en"):
            assert gettext("Score") == "Score"
        faces = [ngettext("{count} face", "{count} faces", count) for count in (0, 1, 2)]
    assert faces == ["{count} Gesichter", "{count} Gesicht", "{count} Gesichter"]
    assert language() == "en"


def test_what_no_catalogue_has_stays() -> None:
    with speaking("de"):
        assert gettext("No such text.") == "No such text."
        assert retell("No such text.") == "No such text."


def test_a_sentence_with_values_is_retold() -> None:
    sentence = "This file is larger than 4.5 MB; make the image smaller and try again."
    assert retell(sentence) == sentence
    with speaking("de"):
        assert retell(sentence) == (
            "Diese Datei ist größer als 4.5 MB; mach das Bild kleiner und versuche es noch einmal."
        )


@given(st.text(max_size=40))
def test_whatever_was_written_is_retold_without_an_error(text: str) -> None:
    with speaking("de"):
        retell(text)
        told = retell(f"The image could not be downloaded: {text}.")
    assert text in told


@pytest.mark.parametrize("bucket", Bucket)
def test_each_bucket_has_a_name(bucket: Bucket) -> None:
    from bot.serving.phrases import bucket_name, bucket_word

    with speaking("de"):
        assert bucket_name(bucket).lower() == bucket_word(bucket) != bucket.value or (
            bucket is Bucket.MEDIUM
        )
