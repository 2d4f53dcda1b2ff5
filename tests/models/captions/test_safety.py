import codecs

import pytest

from models.captions.safety import SafetyList

SHIPPED = SafetyList.shipped(["Voldemort", "blorb*"])


@pytest.mark.parametrize(
    "text",
    [
        "hello VOLDEMORT",
        "v0ld3mort was here",
        "v o l d e m o r t",
        "Völdemört",
        "blorbing around",
        "ask @somebody",
        "as u/person said",
        "call 555-123-4567",
        "mail me@example.org",
        "see www.example.org",
        "<@1234567890>",
        codecs.decode("whfg n snttbg", "rot13"),
    ],
)
def test_what_may_not_be_shown_is_refused(text: str) -> None:
    assert SHIPPED.refuses(text)


@pytest.mark.parametrize(
    "text",
    ["when the cat is hungry", "scunthorpe and raccoons", "2 + 2 = 5 in 1984", "grapes, not drapes",
     "i have 100,000 points", "50% off!"],
)  # fmt: skip
def test_ordinary_captions_may_be_shown(text: str) -> None:
    assert not SHIPPED.refuses(text)


def test_an_empty_list_refuses_only_what_points_at_people() -> None:
    assert not SafetyList([]).refuses("anything goes")
    assert SafetyList([]).refuses("@somebody")
