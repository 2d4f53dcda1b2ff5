from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from models.captions.tokenizer import BOX, END, Tokenizer, normal
from trainer.captions.fit_tokenizer import fit_tokenizer

TEXTS = ["when you see it", "when it sees you", "you see, it's not what it seems"] * 20
TOKENIZER = fit_tokenizer(TEXTS, merges=40)


def test_frequent_words_become_one_token() -> None:
    assert len(TOKENIZER.encode(["you"])) == 1
    assert TOKENIZER.encode(["You"]) == TOKENIZER.encode(["you"])
    assert len(TOKENIZER.encode(["xyzzy"])) >= 5


def test_boxes_are_parted_and_what_follows_the_end_is_not_read() -> None:
    tokens = TOKENIZER.encode(["see", "it"])
    assert tokens.count(BOX) == 1
    assert TOKENIZER.decode([*tokens, END, *tokens]) == ["see", "it"]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_any_text_comes_back(boxes: list[str]) -> None:
    wanted = [normal(box.encode("utf-8", "replace").decode()) for box in boxes]
    assert TOKENIZER.decode(TOKENIZER.encode(wanted)) == wanted


def test_a_tokenizer_is_the_same_after_saving(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    assert again.encode(["you see 日本!"]) == TOKENIZER.encode(["you see 日本!"])
    assert again.size == TOKENIZER.size
