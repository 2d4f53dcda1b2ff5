"""Requests that are refused: one sentence with an HTTP status."""


class Refusal(Exception):
    """A request that is not granted; the message is a sentence for the person.

    Args:
        status: the HTTP status, 400 to 599.
        sentence: what is wrong and what to do.
        retry_after: seconds after which the same request may be granted.
    """

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after
