"""The experts asked for several posts at once, where several wait at the same moment.

Most of what asking costs is the way there: a thread, and some forty small products. For eight posts
together it is a third of what it is for each by itself. What a post is told differs by less than a
millionth by who is asked for beside it: the same sums, in another order.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.serving.champion import Champion
from bot.serving.embed import UndescribedImage
from bot.serving.experts import Said, ask_experts
from models.features import PostFacts
from storage.engine.gathered import Gathered


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
    """Asks experts on a thread, for all who wait at the same moment together."""

    def __init__(self) -> None:
        self._asked: Gathered[Question, Said] = Gathered(_on_thread)

    async def ask(self, question: Question) -> Said:
        """What each expert says of the images of a post."""
        return await self._asked.ask(question)


async def _on_thread(questions: Sequence[Question]) -> Mapping[Question, Said]:
    # Not on one of those that run networks: pictures wait there.
    return await asyncio.to_thread(_answer, questions)


def _answer(questions: Sequence[Question]) -> dict[Question, Said]:
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
