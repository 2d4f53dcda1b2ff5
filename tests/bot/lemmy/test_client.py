"""What becomes of answers of an instance that are not Lemmy's, and of a clock that is set."""

from collections.abc import AsyncIterator

import pytest

from bot.lemmy.client import Credentials, LemmyClient
from bot.networks.errors import CredentialsRefused, NetworkRefusal
from bot.platform import PlatformUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.lemmy import FakeLemmy, serving
from tests.fakes.lemmy.server import ME, PASSWORD

BODIES = ["null", "[]", "7", '"x"', "{", "<html>Ow!</html>", "[" * 3000, "9" * 5000, "NaN",
          '{"my_user": 7}', '{"posts": {"a": 1}}', '{"posts": [null, 7]}', '{"comment_view": []}',
          '{"error": 7}', '{"jwt": null}']  # fmt: skip


@pytest.fixture
async def lemmy(clock: FakeClock) -> AsyncIterator[FakeLemmy]:
    fake = FakeLemmy(clock)
    async with serving(fake):
        yield fake


@pytest.fixture
async def client(lemmy: FakeLemmy, clock: FakeClock) -> AsyncIterator[LemmyClient]:
    who = Credentials(lemmy.origin, ME, PASSWORD)
    client = LemmyClient(who, agent="peoria test", clock=clock, jitter=lambda: 1.0)
    yield client
    await client.close()


@pytest.mark.parametrize("path", ["/user/login", "/site", "/post/list", "/comment"])
async def test_an_answer_of_another_shape_has_a_name_for_every_call(
    lemmy: FakeLemmy, client: LemmyClient, clock: FakeClock, path: str
) -> None:
    for body in BODIES:
        for status in (200, 400):
            lemmy.faults = []
            lemmy.fail(path, times=9, status=status, body=body)
            if path == "/user/login":
                client.sign_in_anew(Credentials(lemmy.origin, ME, PASSWORD))
            for ask in (client.me(), client.posts("memes@lemmy.world"), client.comment(1, "x")):
                try:
                    await ask
                except CredentialsRefused:
                    assert status == 400, f"taken for a refusal: {body[:40]}"
                except (PlatformUnavailable, NetworkRefusal):
                    pass
                clock.forward(3 * 3600)


async def test_a_clock_that_is_put_back_does_not_lengthen_a_wait(
    lemmy: FakeLemmy, client: LemmyClient, clock: FakeClock
) -> None:
    lemmy.fail("/site", status=503)
    with pytest.raises(PlatformUnavailable):
        await client.me()
    with pytest.raises(PlatformUnavailable):
        await client.me()
    clock.forward(-24 * 3600)
    assert (await client.me())["name"] == ME
