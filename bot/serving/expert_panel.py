"""The experts asked for several posts at once, where several are on their way.

Most of what asking costs is the way there: a thread, and some forty small products. For eight posts
together it is a third of what it is for each by itself; and what is asked together can be written
together. What a post is told differs by less than a millionth by who is asked for beside it: the
same sums, in another order.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.serving.champion import Champion
from bot.serving.embed import UndescribedImage
from bot.serving.experts import Said, ask_experts
from models.features import PostFacts

#: Posts that wait for no other any more.
ENOUGH: Final = 8
#: So long a post waits for others at most, seconds.
PATIENCE: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """The images of one post, and what is known of each.

    Attributes:
        champion: whose experts are asked.
        images: at least one.
        facts: of the same images.
    """

    champion: Champion
    images: Sequence[UndescribedImage]
    facts: Sequence[PostFacts]


class ExpertPanel:
    """Asks experts on a thread, for all who come at about the same time together.

    A post that is alone waits for nobody.

    Args:
        thread: where they are asked.
        patience: how long a post waits for those that are on their way, seconds.
    """

    def __init__(self, thread: Executor, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._thread = thread
        #: Who is about to ask, and who asked and waits for them.
        self._coming = 0
        self._waiting: list[tuple[Question, asyncio.Future[Said]]] = []
        self._until: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Somebody is about to ask, until the block ends."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            # Not before who comes in here has asked.
            asyncio.get_running_loop().call_soon(self._begin_if_complete)

    async def ask(self, question: Question) -> Said:
        """What each expert says of the images of a post.

        Raises:
            Exception: what asking for this post alone raises.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Said] = loop.create_future()
        self._waiting.append((question, answer))
        if self._until is None:
            self._until = loop.call_later(self._patience, self._begin)
        loop.call_soon(self._begin_if_complete)
        return await answer

    def _begin_if_complete(self) -> None:
        if not self._coming or len(self._waiting) >= ENOUGH:
            self._begin()

    def _begin(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None
        asked, self._waiting = self._waiting, []
        if asked:
            # In a task of its own: it matters to all of them that it ends.
            task = asyncio.get_running_loop().create_task(self._answer(asked))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _answer(self, asked: Sequence[tuple[Question, asyncio.Future[Said]]]) -> None:
        waiting = [(question, answer) for question, answer in asked if not answer.done()]
        questions = [question for question, _ in waiting]
        try:
            said = await asyncio.get_running_loop().run_in_executor(
                self._thread, _ask_all, questions
            )
        except Exception as error:  # noqa: BLE001 - raised where it was asked for
            if len(waiting) > 1:
                # One of them may be to blame, and is alone.
                for each in waiting:
                    await self._answer([each])
            elif waiting and not waiting[0][1].done():
                waiting[0][1].set_exception(error)
            return
        for question, answer in waiting:
            if not answer.done():
                answer.set_result(said[question])


def _ask_all(questions: Sequence[Question]) -> Mapping[Question, Said]:
    by_heads: dict[tuple[int, int], list[Question]] = {}
    for each in questions:
        heads = id(each.champion.head), id(each.champion.own)
        by_heads.setdefault(heads, []).append(each)
    return {
        question: said
        for together in by_heads.values()
        for question, said in zip(together, _ask(together), strict=True)
    }


def _ask(questions: Sequence[Question]) -> list[Said]:
    """What the experts say of posts of the same champion, post by post."""
    champion = questions[0].champion
    images = [image for each in questions for image in each.images]
    said = ask_experts(
        champion.head,
        np.stack([image.embedding for image in images]),
        [facts for each in questions for facts in each.facts],
        own=champion.own,
        blank=[image.blank for image in images],
    )
    ends = np.cumsum([len(each.images) for each in questions]).tolist()
    begins = [0, *ends[:-1]]
    return [
        Said(said.bins[begin:end], said.set_aside[begin:end])
        for begin, end in zip(begins, ends, strict=True)
    ]
