"""Made-up labelled posts whose score depends on the title and the image."""

from datetime import UTC, datetime, timedelta

import numpy as np

from models.author_record import AuthorRecord
from models.features import PostFacts, Record
from trainer.data.assemble import assemble
from trainer.data.labelled_posts import Example, LabelledPosts

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=4000)


def example(number: int, score: float, **changes: object) -> Example:
    """The post of one hour: a longer title and a brighter first column score more."""
    values: dict[str, object] = {
        "title": "word " * (number % 7),
        "posted_at": START + timedelta(hours=number),
        "text_in_image": None,
        "author": AuthorRecord.empty(),
        "community": Record.empty(),
    }
    own = {name: changes.pop(name) for name in list(changes) if name in values}
    facts = PostFacts(**(values | own))
    rng = np.random.default_rng(number)
    rest: dict[str, object] = {
        "embedding": rng.normal(size=1280).astype(np.float16),
        "score": score,
        "community": 1,
        "platform": "web",
        "matured_at": facts.posted_at + timedelta(hours=24),
        "phash": f"{int(rng.integers(0, 2**63)):016x}",
    }
    return Example(facts=facts, **(rest | changes))


def learnable(n: int = 400, seed: int = 1) -> LabelledPosts:
    """Posts whose score can be told from the title, with some noise."""
    noise = np.random.default_rng(seed).normal(size=n)
    return assemble((example(i, float(10 * (i % 7) + 4 * noise[i])) for i in range(n)), now=NOW)
