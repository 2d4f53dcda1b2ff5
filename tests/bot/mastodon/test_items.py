"""What of a status is read."""

from bot.mastodon.items import plain, plain_lines


def test_what_a_status_says_is_read_without_markup() -> None:
    assert plain_lines("<p>A <b>cat</b> &lt;3<br />and</p><p>more</p>") == "A cat <3\nand\nmore\n"
    assert plain("<p>A\n cat</p><p>more</p>") == "A cat more"
    assert plain(["<p>"]) == ""


def test_a_status_without_end_is_cut() -> None:
    assert len(plain_lines("<" * 2_000_000)) == 20_000
    assert len(plain_lines("x" * 2_000_000)) == 20_000
