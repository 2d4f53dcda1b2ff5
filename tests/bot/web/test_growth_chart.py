from datetime import timedelta

from bot.web.growth_chart import HEIGHT, WIDTH, Look, Point, draw_growth

HOUR = timedelta(hours=1)


def test_nothing_to_draw() -> None:
    assert draw_growth([], [], None, HOUR) is None
    # The card tells the final score in words.
    assert draw_growth([Point(HOUR, 7.0)], [], 7.0, HOUR) is None


def test_scores_looks_and_the_end() -> None:
    chart = draw_growth(
        [Point(HOUR / 4, 0.0), Point(HOUR, 10.0)], [Look(HOUR / 4, -10.0, 5.0, 30.0)], 10.0, HOUR
    )
    assert chart is not None
    assert [mark.x for mark in chart.scores] == [WIDTH / 2, WIDTH]
    (look,) = chart.looks
    assert (look.top, look.bottom) == (0.0, HEIGHT)
    assert chart.final == chart.scores[1].y
    assert "10 after 1" in chart.description
    assert "5 (−10 to 30) expected" in chart.description
    assert "The final score was 10" in chart.description


def test_a_reading_that_came_late_stays_in_the_chart() -> None:
    chart = draw_growth([Point(3 * HOUR, 0.0)], [], None, HOUR)
    assert chart is not None
    assert chart.scores[0].x == WIDTH
