from typing import Any


def test_without_images_the_command_says_what_to_give(peoria: Any) -> None:
    answer = peoria("distill")
    assert answer.status == 2
    assert "--data" in answer.err
