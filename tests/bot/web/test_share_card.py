import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.web.share_card import HEIGHT, WIDTH, ShareCard, draw_share_card, plain

BARS = (("Low", 0.2), ("Medium", 1.0), ("High", -3.0))


@settings(max_examples=15)
@given(st.text(max_size=500), st.text(max_size=300), st.text(max_size=50))
def test_no_text_runs_over_the_edge(title: str, line: str, place: str) -> None:
    data = draw_share_card(ShareCard(place, title, line, BARS))
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert picture.size == (WIDTH, HEIGHT)
    paper = picture.getpixel((0, 0))
    edge = picture.crop((WIDTH - 20, 0, WIDTH, HEIGHT))
    assert edge.getcolors() == [(20 * HEIGHT, paper)]


def test_what_turns_or_piles_up_is_taken_out() -> None:
    assert plain("a\u202eb\nc") == "a b c"
    assert len(plain("e" + "\u0323" * 100)) <= 3
    assert len(plain("W" * 9000)) == 200
