"""What captions are ranked by, learned from those that people chose."""

import numpy as np

from models.captions.ranking import SHIPPED_RANKING, Ranking
from trainer.captions.refit_ranking import LEAST, Choice, judge, learn


def choices(
    count: int, *, merit: float, labelled: bool = True, first: bool = False
) -> list[Choice]:
    """Five captions each; the best by forecast and ``merit`` is chosen, or always the first."""
    random = np.random.default_rng(7)
    found = []
    for _ in range(count):
        columns = np.column_stack(
            [random.uniform(0.3, 0.7, 5), random.uniform(-0.5, 0.5, 5), np.zeros(5)]
        )
        worth = columns[:, 0] + merit * columns[:, 1]
        chosen = 0 if first else int(worth.argmax())
        came_to = float(np.clip(worth[chosen] + random.normal(0, 0.15), 0, 1))
        found.append(Choice(columns, chosen, came_to if labelled else None))
    return found


def test_what_people_choose_and_what_it_came_to_are_learned() -> None:
    posted = choices(120, merit=0.4)
    learned = learn(posted)
    assert learned.merit > 0.2
    # Of the emotion nothing was told.
    assert abs(learned.fits - SHIPPED_RANKING.fits) < 0.02
    verdict = judge(posted, SHIPPED_RANKING)
    assert verdict.promoted, verdict
    assert verdict.first_challenger > verdict.first
    assert (verdict.choices, verdict.labelled) == (120, 120)


def test_choices_without_an_outcome_teach_as_well() -> None:
    assert learn(choices(120, merit=0.4, labelled=False)).merit > 0.2


def test_that_the_first_is_chosen_for_being_the_first_teaches_nothing() -> None:
    posted = choices(120, merit=0.1, labelled=False, first=True)
    assert abs(learn(posted).merit - SHIPPED_RANKING.merit) < 0.08
    assert not judge(posted, SHIPPED_RANKING).promoted


def test_few_choices_change_little_and_are_kept_out() -> None:
    few = choices(LEAST - 1, merit=0.5)
    assert not judge(few, SHIPPED_RANKING).promoted
    one = learn(choices(1, merit=0.5))
    assert abs(one.merit - SHIPPED_RANKING.merit) < 0.05
    assert judge([], SHIPPED_RANKING).reason.startswith("Kept out: 0 captions")


def test_a_ranking_that_is_as_good_already_stays() -> None:
    posted = choices(120, merit=0.4)
    assert not judge(posted, learn(posted)).promoted


def test_a_ranking_is_the_same_after_saving(tmp_path) -> None:  # type: ignore[no-untyped-def]
    Ranking(0.2, -0.1).save(tmp_path / "ranking.json")
    assert Ranking.load(tmp_path / "ranking.json") == Ranking(0.2, -0.1)
