import pytest

from models.captions.subjects import is_political, left_to_people


@pytest.mark.parametrize(
    "text",
    [
        "AM I THE ONLY ONE AROUND HERE who still waiting for liberals to get out of the office?",
        "Trump's wall", "vote for pedro", "obama care", "Putin rides a bear", "the Prime Minister",
        "all muslims", "how jews do it", "black people be like", "thats racist", "hitler did it",
        "going to kill myself", "the flash of fetish", "send nudes",
        "school shooter", "Left-Wing media", "mexicans", "merkel",
        "Kim Jong\u2011un", "ＴＲＵＭＰ",
    ],
)  # fmt: skip
def test_what_a_program_does_not_joke_about(text: str) -> None:
    assert left_to_people(text)


@pytest.mark.parametrize(
    "text",
    ["when the cat is hungry", "one does not simply walk into mordor", "devoted to my couch",
     "trumpet lessons", "i will bury the bone", "the biblical flood of emails", "laundry day",
     "may the force be with you", "racing to the fridge", "middlesex county",
     "a cocktail and dickens",
     "title", "that escalated quickly"],
)  # fmt: skip
def test_ordinary_captions_are_left_to_it(text: str) -> None:
    assert not left_to_people(text)
    assert not is_political(text)
