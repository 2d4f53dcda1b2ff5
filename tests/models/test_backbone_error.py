import pytest

from models.backbone_error import said_by


@pytest.mark.parametrize(
    ("said", "shown"),
    [("one\ntwo", "one"), ("", "ValueError"), ("\n", "ValueError"), ("x" * 300, "x" * 200)],
)
def test_what_a_library_says_is_one_short_line(said: str, shown: str) -> None:
    assert said_by(ValueError(said)) == shown
