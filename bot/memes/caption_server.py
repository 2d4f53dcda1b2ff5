"""Captions from a language model that somebody runs: any server with OpenAI's chat interface."""

import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.serving.attribute_phrases import expression_word

#: Bytes of an answer that are read, captions taken from it, and letters of each.
_MOST_BYTES, _MOST_CAPTIONS, _MOST_LETTERS = 64 * 1024, 20, 200
#: Seconds for an answer, and for a connection.
ANSWER_SECONDS, _CONNECT_SECONDS = 20.0, 5.0

#: What a line of a list begins with.
_NUMBER = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):])\s*")
#: Markup and code: such a line is no caption.
_MARKUP = re.compile(
    r"<[a-z/!@#]|```|\[[^\]]*\]\(|javascript:|https?:|&[a-z]+;|\{\{|[{}]", re.IGNORECASE
)

_ASK = (
    "Write {count} short, funny captions for an image macro. One caption a line, as TOP|BOTTOM,"
    " and nothing else: no numbers, no quotation marks, no explanations. Never name a private"
    " person, never insult a group."
)


class CaptionServerFailed(Exception):
    """The server gave no captions; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class CaptionServer:
    """Where captions are asked for.

    Attributes:
        url: up to the version, such as http://127.0.0.1:11434/v1.
        model: the model's name there.
        key: sent as a bearer token; None: none is.
        seconds: for a whole answer.
    """

    url: str
    model: str
    key: str | None = None
    seconds: float = ANSWER_SECONDS

    async def captions(
        self, *, title: str, community: str | None, expression: str | None, count: int
    ) -> list[tuple[str, ...]]:
        """Ask once.

        Raises:
            CaptionServerFailed: no answer in time, an error, or an answer without captions.
        """
        wishes = [
            f"The picture's title: {title[:200]}" if title else "",
            f"It will be posted in {community[:80]}." if community else "",
            f"The face on it looks {expression_word(expression)}." if expression else "",
        ]
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": _ASK.format(count=count)},
                {"role": "user", "content": " ".join(filter(None, wishes)) or "Any picture."},
            ],
            "max_tokens": 60 * count,
            "temperature": 0.9,
            "stream": False,
        }
        answer = await self._ask(body)
        try:
            text = json.loads(answer)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise CaptionServerFailed(
                "The caption server's answer is not that of a chat model; PEORIA_CAPTION_URL must"
                " end before /chat/completions, usually with /v1."
            ) from error
        found = read_captions(text) if isinstance(text, str) else []
        if not found:
            raise CaptionServerFailed("The caption server answered without a usable caption.")
        return found[:count]

    async def _ask(self, body: dict[str, Any]) -> bytes:
        limit = aiohttp.ClientTimeout(total=self.seconds, connect=_CONNECT_SECONDS)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=headers) as session,
                session.post(
                    f"{self.url.rstrip('/')}/chat/completions", json=body, allow_redirects=False
                ) as answer,
            ):
                if answer.status != 200:
                    raise CaptionServerFailed(
                        f"The caption server answered with status {answer.status}."
                    )
                content = await answer.content.read(_MOST_BYTES + 1)
                while len(content) <= _MOST_BYTES and not answer.content.at_eof():
                    content += await answer.content.read(_MOST_BYTES + 1 - len(content))
        except TimeoutError as error:
            raise CaptionServerFailed(
                f"The caption server did not answer within {self.seconds:g} s."
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise CaptionServerFailed("The caption server cannot be reached.") from error
        if len(content) > _MOST_BYTES:
            raise CaptionServerFailed("The caption server's answer is too long.")
        return content


def read_captions(text: str) -> list[tuple[str, ...]]:
    """The captions of an answer, one a line; lines with markup or of odd length are left out."""
    found: dict[tuple[str, ...], None] = {}
    for line in text.splitlines():
        words = _NUMBER.sub("", line).strip().strip("\"'“”*_`")
        # What follows "Here are five captions:" is wanted, not the sentence.
        if not 3 <= len(words) <= _MOST_LETTERS or _MARKUP.search(words) or words.endswith(":"):
            continue
        boxes = tuple(" ".join(box.split()) for box in words.split("|"))[:4]
        if any(boxes):
            found.setdefault(boxes, None)
    return list(found)[:_MOST_CAPTIONS]
