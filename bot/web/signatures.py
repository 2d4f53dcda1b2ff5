"""Texts that the board signs, so that it knows them again: cookies and links."""

import hashlib
import hmac

_LENGTH = 32


class Signer:
    """Signs texts for one purpose; what was signed for another one is not taken.

    Args:
        key: the people key, which nobody but this installation has.
        purpose: what is signed, such as "visitor".
    """

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = hmac.new(key, f"signatures of {purpose}".encode(), hashlib.sha256).digest()

    def sign(self, text: str) -> str:
        """``text`` with its signature, parted by a full stop."""
        return f"{text}.{self._signature(text)}"

    def read(self, signed: str) -> str | None:
        """The text that was signed; None: it was not signed here, or for something else."""
        text, _, signature = signed.rpartition(".")
        # As bytes: what came in a cookie may hold any character.
        given, right = signature.encode("utf-8", "replace"), self._signature(text).encode()
        return text if hmac.compare_digest(given, right) else None

    def _signature(self, text: str) -> str:
        message = text.encode("utf-8", "replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_LENGTH]
