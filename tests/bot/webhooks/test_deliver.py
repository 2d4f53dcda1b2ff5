"""Messages: signed, sent once, tried again, given up."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

from sqlalchemy import select

from bot.app import App
from bot.webhooks.deliver import PAUSES, WebhookDelivery
from bot.webhooks.events import Event, write_event
from bot.webhooks.send import Sender
from storage.tables import Notice, Webhook, WebhookMessage
from tests.bot.webhooks.conftest import Receiver
from tests.fakes.clock import FakeClock


async def _happen(app: App, number: int = 1) -> None:
    async with app.core.database.write() as session:
        await session.run_sync(
            write_event, Event.PROMOTION, {"number": number}, now=app.core.clock()
        )


async def _webhook(app: App) -> Webhook:
    async with app.core.database.read() as session:
        return (await session.scalars(select(Webhook))).one()


async def test_a_message_is_signed_as_standard_webhooks_says(
    app: App, receiver: Receiver, secret: str
) -> None:
    await _happen(app)
    assert await app.jobs.deliver_webhooks() == 1
    ((headers, body),) = receiver.taken
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert int(headers["webhook-timestamp"]) == int(app.core.clock().timestamp())
    message = json.loads(body)
    assert message["type"] == "promotion"
    assert message["data"] == {"number": 1}
    assert await app.jobs.deliver_webhooks() == 0
    row = await _webhook(app)
    assert (row.answered_at, row.fault) == (app.core.clock(), None)
    assert secret.removeprefix("whsec_") not in f"{row.salt} {row.url}"


async def test_what_was_not_taken_is_tried_again_with_growing_pauses_and_given_up(
    app: App, receiver: Receiver, secret: str, clock: FakeClock
) -> None:
    await _happen(app)
    receiver.status = 500
    for tries, pause in enumerate(PAUSES, start=1):
        assert await app.jobs.deliver_webhooks() == 1
        assert len(receiver.taken) == tries
        clock.forward(pause.total_seconds() - 1)
        assert await app.jobs.deliver_webhooks() == 0
        clock.forward(1)
    assert (await _webhook(app)).ended_at is None
    await app.jobs.deliver_webhooks()
    row = await _webhook(app)
    assert row.ended_at == clock()
    async with app.core.database.read() as session:
        notice = (await session.scalars(select(Notice))).one()
    assert "told nothing more: 10 tries failed. It answered 500." in notice.text
    assert "/hook" not in notice.text
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
    await _happen(app)
    assert await app.jobs.deliver_webhooks() == 0


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    app: App, receiver: Receiver, secret: str
) -> None:
    await _happen(app, 1)
    await _happen(app, 2)
    receiver.status = 410
    await app.jobs.deliver_webhooks()
    assert await app.jobs.deliver_webhooks() == 0
    assert (await _webhook(app)).ended_at is not None


async def test_two_processes_send_a_message_once(
    app: App, receiver: Receiver, secret: str, clock: FakeClock
) -> None:
    for number in range(5):
        await _happen(app, number)
    others = [
        WebhookDelivery(
            app.core.database, Sender(("localhost",)), key=app.core.people_key, clock=clock
        )
        for _ in range(3)
    ]
    await asyncio.gather(*(each.deliver() for each in others))
    await asyncio.gather(*(each.stop() for each in others))
    numbers = [json.loads(body)["data"]["number"] for _, body in receiver.taken]
    assert sorted(numbers) == list(range(5))


async def test_a_process_that_was_killed_while_it_sent_is_followed_by_another(
    app: App, receiver: Receiver, secret: str, clock: FakeClock
) -> None:
    await _happen(app)
    async with app.core.database.write() as session:
        message = (await session.scalars(select(WebhookMessage))).one()
        message.due_at, message.tries = clock() + timedelta(minutes=2), 1
    assert await app.jobs.deliver_webhooks() == 0
    clock.forward(120)
    assert await app.jobs.deliver_webhooks() == 1
    assert len(receiver.taken) == 1


async def test_no_redirect_is_followed_and_no_private_address_called(
    app: App, receiver: Receiver, secret: str, clock: FakeClock
) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    await _happen(app)
    await app.jobs.deliver_webhooks()
    assert len(receiver.taken) == 1
    assert (await _webhook(app)).fault == "It answered 307."
    careful = WebhookDelivery(app.core.database, Sender(()), key=app.core.people_key, clock=clock)
    async with app.core.database.write() as session:
        row = (await session.scalars(select(Webhook))).one()
        row.url = receiver.url.replace("http:", "https:")
    clock.forward(10)
    await careful.deliver()
    await careful.stop()
    assert len(receiver.taken) == 1
    assert (await _webhook(app)).fault == "It could not be reached (ClientConnectorDNSError)."


async def test_messages_that_are_done_are_forgotten_after_a_week(
    app: App, receiver: Receiver, secret: str, clock: FakeClock
) -> None:
    await _happen(app)
    await app.jobs.deliver_webhooks()
    await app.jobs.clean_up()
    async with app.core.database.read() as session:
        assert len((await session.scalars(select(WebhookMessage))).all()) == 1
    clock.forward(8 * 24 * 3600)
    await app.jobs.clean_up()
    async with app.core.database.read() as session:
        assert not (await session.scalars(select(WebhookMessage))).all()
