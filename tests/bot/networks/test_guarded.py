import pytest

from bot.leases import LeaseLost
from bot.networks.errors import NetworkRefusal
from bot.networks.guarded import one_odd
from bot.platform import PlatformUnavailable


async def test_one_odd_thing_stops_no_others(caplog: pytest.LogCaptureFixture) -> None:
    done = []
    for number in range(3):
        async with one_odd(f"Post {number}"):
            if number == 1:
                raise KeyError("odd")
            done.append(number)
    assert done == [0, 2]
    assert "Post 1 could not be dealt with" in caplog.text


@pytest.mark.parametrize(
    "error",
    [PlatformUnavailable("away"), NetworkRefusal("no", 403), LeaseLost("gone"), TimeoutError()],
)
async def test_what_concerns_all_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        async with one_odd("Post 1"):
            raise error
