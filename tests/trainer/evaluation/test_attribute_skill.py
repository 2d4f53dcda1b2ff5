"""What attributes add to a head that does not see them."""

import numpy as np

from trainer.data.attribute_columns import WIDTH, columns_of
from trainer.evaluation.attribute_skill import ALL, LEAST, added_skill


def made(n: int = 800, *, effect: float = 0.0) -> dict[str, np.ndarray]:
    """Posts whose percentile follows the forecast and, if wanted, how bright the picture is."""
    random = np.random.default_rng(4)
    attributes = random.uniform(size=(n, WIDTH)).astype(np.float32)
    forecast = random.uniform(0.3, 0.7, n)
    bright = attributes[:, columns_of("look")][:, 2] - 0.5
    percentile = np.clip(forecast + effect * bright + random.normal(0, 0.15, n), 0, 1)
    return {
        "forecast": forecast, "percentile": percentile, "attributes": attributes,
        "group": np.arange(n),
    }  # fmt: skip


def test_what_plays_a_part_adds_skill_and_the_rest_does_not() -> None:
    found = {each.kind: each for each in added_skill(**made(effect=0.3), seed=1)}
    assert found["look"].verdict == "adds skill"
    assert found["look"].low > 0.05
    assert found["genre"].verdict != "adds skill"
    assert found[ALL].low > 0.05


def test_noise_adds_nothing() -> None:
    found = added_skill(**made(), seed=1)
    assert [each.verdict for each in found if each.verdict == "adds skill"] == []
    # Columns of noise cost little, as little is believed of a column.
    assert min(each.adds for each in found) > -0.03


def test_a_head_that_is_off_gives_attributes_no_credit() -> None:
    posts = made()
    posts["forecast"] = 1 - posts["forecast"] / 2
    assert all(each.verdict != "adds skill" for each in added_skill(**posts, seed=1))


def test_what_was_not_read_is_left_out() -> None:
    posts = made()
    posts["attributes"][:, columns_of("text")] = np.nan
    posts["attributes"][LEAST:, columns_of("genre")] = np.nan
    found = {each.kind: each.n for each in added_skill(**posts, seed=1)}
    assert found == {"genre": LEAST, "faces and expressions": 800, "look": 800, ALL: LEAST}
    assert added_skill(**made(LEAST - 1), seed=1) == []
    posts["attributes"] = np.zeros((800, 0), np.float32)
    assert added_skill(**posts, seed=1) == []
