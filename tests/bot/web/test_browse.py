from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from bot.web.browse import Browse, Place, Sort, read_browse

NAMES = ("q", "sort", "open", "by", "version", "genre", "since", "until", "after")

browses = st.builds(
    Browse,
    words=st.sampled_from(["", "cat", '"two words" cat*', "ä 1"]),
    sort=st.sampled_from(Sort),
    open=st.booleans(),
    by=st.sampled_from(["", "me", "0123456789ab"]),
    version=st.none() | st.just("v1"),
    genre=st.none() | st.just("political"),
    since=st.none() | st.dates(),
    until=st.none() | st.dates(),
    after=st.none()
    | st.builds(
        Place,
        st.integers(-(10**17), 10**17).map(float) | st.floats(-1e6, 1e6),
        st.integers(0, 10**18 - 1),
    ),
)


@given(browses)
def test_an_address_says_what_is_looked_for(browse: Browse) -> None:
    read = read_browse(dict(parse_qsl(browse.query().removeprefix("?"))))
    assert read == browse
    assert read.notes == ()


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_any_address_is_read(query: dict[str, str]) -> None:
    browse = read_browse(query)
    again = read_browse(dict(parse_qsl(browse.query().removeprefix("?"))))
    assert again == browse
    begin, end = browse.span
    assert begin is None or begin.tzinfo
    assert end is None or end.tzinfo
