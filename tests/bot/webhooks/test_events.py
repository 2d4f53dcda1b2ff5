"""What is told when: in the event's own transaction, and nothing that is kept back."""

import json
from typing import Any

from sqlalchemy import select, update

from bot.app import App
from bot.platform import CommunityRef, IncomingPost
from storage.tables import Community, WebhookMessage
from storage.types import PlatformName, ReplyMode
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.visitor import PICTURE


async def _told(app: App) -> list[dict[str, Any]]:
    async with app.core.database.read() as session:
        rows = await session.scalars(select(WebhookMessage).order_by(WebhookMessage.id))
        return [json.loads(each.body) for each in rows]


async def _post(app: App, source_id: str) -> int:
    incoming = IncomingPost(
        community=CommunityRef("test", "r/test", horizon_seconds=60), source_id=source_id,
        author="somebody", title="A title", posted_at=app.core.clock(), images=[PICTURE],
    )  # fmt: skip
    post_id = await app.pipeline.accept(PlatformName.REDDIT, incoming)
    assert post_id is not None
    await app.pipeline.advance(post_id)
    return post_id


async def test_a_prediction_and_its_outcome_are_told(
    app: App, secret: str, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await _post(app, "one")
    (told,) = await _told(app)
    assert told["type"] == "prediction"
    assert (told["data"]["post"], told["data"]["community"]) == (post_id, "r/test")
    assert sum(told["data"]["prediction"]["probabilities"].values()) > 0.99
    assert "somebody" not in json.dumps(told)
    platform.scores["one"] = 7
    clock.forward(61)
    await app.jobs.run_due()
    told = (await _told(app))[-1]
    assert (told["type"], told["data"]["score"], told["data"]["post"]) == ("outcome", 7, post_id)
    assert told["data"]["prediction"]["model_version"] == "starter"


async def test_what_is_kept_back_is_not_told(app: App, secret: str) -> None:
    await _post(app, "one")
    for number, values in enumerate(
        (
            {"blind": True},
            {"blind": False, "reply_mode": ReplyMode.SILENT},
            {"reply_mode": ReplyMode.REPLY, "paused_at": app.core.clock(), "paused_reason": "x"},
        )
    ):
        async with app.core.database.write() as session:
            await session.execute(update(Community).values(**values))
        await _post(app, f"kept-{number}")
    assert len(await _told(app)) == 1
