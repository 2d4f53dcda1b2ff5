"""What fails for one item ends nothing for the others."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.runtime.one_by_one import one_by_one


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fails=st.lists(st.booleans(), max_size=20))
async def test_all_others_have_their_turn(
    fails: list[bool], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    tried: list[int] = []

    async def work(number: int) -> int:
        tried.append(number)
        if fails[number]:
            raise KeyError(number)
        return number

    done = await one_by_one(range(len(fails)), work, "a thing")
    assert tried == [*range(len(fails))]
    assert done == [number for number in tried if not fails[number]]
    assert caplog.text.count("a thing. The others go on.") == sum(fails)
