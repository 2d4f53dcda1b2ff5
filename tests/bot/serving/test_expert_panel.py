"""Experts that are asked for several posts together say what they say of each by itself."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from bot.serving.champion import Champion
from bot.serving.embed import UndescribedImage
from bot.serving.expert_panel import ENOUGH, ExpertPanel, Question
from bot.serving.experts import Said, ask_experts
from models.author_record import AuthorRecord
from models.features import PostFacts, Record
from models.head import Head

STARTER = Path(__file__).parents[3] / "models" / "starter" / "champion"
MOMENT = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


@pytest.fixture
def thread() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def question(champion: Champion, number: int, count: int = 1) -> Question:
    random = np.random.default_rng(number)
    images = [
        UndescribedImage(
            cast("Any", None), "0" * 16, np.abs(random.normal(size=1280)).astype(np.float32),
            blank=(number + each) % 5 == 0,
        )
        for each in range(count)
    ]  # fmt: skip
    facts = PostFacts(f"Post {number}", MOMENT, None, AuthorRecord.empty(), Record.empty(), 1.5)
    return Question(champion, images, [facts] * count)


def alone(asked: Question) -> Said:
    return ask_experts(
        asked.champion.head, np.stack([each.embedding for each in asked.images]), asked.facts,
        own=asked.champion.own, blank=[each.blank for each in asked.images],
    )  # fmt: skip


async def test_many_are_asked_for_together_and_each_is_told_its_own(
    monkeypatch: pytest.MonkeyPatch, thread: Executor
) -> None:
    champion = Champion(1, Head.load(STARTER), cast("Any", None), cast("Any", None))
    # A server's own head is asked as well, and for no other server.
    with_own = replace(champion, own=champion.head.at_temperature(2.0))
    questions = [question(champion, number, 1 + number % 3) for number in range(7)]
    questions += [question(with_own, number) for number in range(7, 10)]
    expected = [alone(each) for each in questions]
    asked: list[int] = []

    def counted(*what: Any, **named: Any) -> Said:
        asked.append(len(what[2]))
        return ask_experts(*what, **named)

    monkeypatch.setattr("bot.serving.expert_panel.ask_experts", counted)
    panel = ExpertPanel(thread, patience=600)

    async def ask(each: Question) -> Said:
        with panel.coming():
            await asyncio.sleep(0)
        return await panel.ask(each)

    found = await asyncio.gather(*map(ask, questions))
    # One work of each champion.
    assert asked == [sum(len(each.images) for each in questions[:7]), 3]
    for said, by_itself in zip(found, expected, strict=True):
        np.testing.assert_allclose(said.bins, by_itself.bins, atol=1e-6)
        assert [*said.set_aside] == [*by_itself.set_aside]


async def test_who_is_alone_or_has_company_enough_waits_for_nobody(thread: Executor) -> None:
    champion = Champion(1, Head.load(STARTER), cast("Any", None), cast("Any", None))
    panel = ExpertPanel(thread, patience=600)
    assert isinstance(await panel.ask(question(champion, 1)), Said)
    with panel.coming():
        early = asyncio.create_task(panel.ask(question(champion, 2)))
        await asyncio.sleep(0)
        many = [panel.ask(question(champion, 3 + number)) for number in range(ENOUGH - 1)]
        assert len(await asyncio.gather(early, *many)) == ENOUGH
        last = asyncio.create_task(panel.ask(question(champion, 1)))
        await asyncio.sleep(0)
    # Who was on the way had nothing to ask after all.
    assert isinstance(await last, Said)


async def test_who_takes_long_to_come_is_not_waited_for(thread: Executor) -> None:
    champion = Champion(1, Head.load(STARTER), cast("Any", None), cast("Any", None))
    panel = ExpertPanel(thread, patience=0)
    with panel.coming():
        assert isinstance(await panel.ask(question(champion, 1)), Said)


async def test_names_of_hosts_that_do_not_answer_hold_up_nobody(thread: Executor) -> None:
    champion = Champion(1, Head.load(STARTER), cast("Any", None), cast("Any", None))
    loop, answered = asyncio.get_running_loop(), threading.Event()
    # As where hosts are looked up: on the threads that the event loop has for all.
    loop.set_default_executor(ThreadPoolExecutor(1))
    looking_up = loop.run_in_executor(None, answered.wait)
    try:
        async with asyncio.timeout(60):
            assert isinstance(await ExpertPanel(thread).ask(question(champion, 1)), Said)
    finally:
        answered.set()
        await looking_up


async def test_what_cannot_be_asked_about_one_post_takes_no_other_along(thread: Executor) -> None:
    champion = Champion(1, Head.load(STARTER), cast("Any", None), cast("Any", None))
    broken = question(champion, 2)
    broken.images[0].embedding.resize(12, refcheck=False)
    panel = ExpertPanel(thread)
    first, second, third = await asyncio.gather(
        *(panel.ask(each) for each in (question(champion, 1), broken, question(champion, 3))),
        return_exceptions=True,
    )
    assert isinstance(second, ValueError)
    assert isinstance(first, Said)
    assert isinstance(third, Said)
