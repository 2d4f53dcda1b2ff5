"""What can go wrong between us and a network."""

from datetime import timedelta
from enum import StrEnum

from bot.platform import PlatformUnavailable
from storage.files.post_values import storable

#: For how long credentials that were refused are not tried again.
REFUSED_FOR = timedelta(hours=1)


class CredentialsRefused(PlatformUnavailable):
    """The network does not accept who we are: nothing works until a person changes something."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=REFUSED_FOR)


class Refused(StrEnum):
    """Why a network refuses one thing."""

    ABSENT = "absent"
    BANNED = "banned"
    LOCKED = "locked"
    OTHER = "other"


class NetworkRefusal(Exception):
    """A network knows us and refuses this one thing.

    Attributes:
        code: its word for the reason, such as ``couldnt_find_post``.
        status: of the answer.
        why: what that means.
    """

    def __init__(self, code: str, status: int, why: Refused = Refused.OTHER) -> None:
        # A server's words: they are stored as a reason.
        code = storable(code)
        super().__init__(f"{code} (HTTP {status})")
        self.code = code
        self.status = status
        self.why = why
