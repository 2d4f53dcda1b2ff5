"""What can go wrong between us and a Lemmy instance."""

from datetime import timedelta

from bot.platform import PlatformUnavailable

#: For how long credentials that were refused are not tried again.
REFUSED_FOR = timedelta(hours=1)


class CredentialsRefused(PlatformUnavailable):
    """The instance does not accept who we are: nothing works until a person changes something."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=REFUSED_FOR)


class LemmyRefusal(Exception):
    """The instance refuses this one thing.

    Attributes:
        code: its word for the reason, such as ``couldnt_find_post``.
        status: of the answer.
    """

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{code} (HTTP {status})")
        self.code = code
        self.status = status

    @property
    def is_absent(self) -> bool:
        """Whether it says that there is no such thing."""
        return self.status == 404 or self.code.startswith(("couldnt_find", "not_found"))

    @property
    def is_ban(self) -> bool:
        """Whether it says that we are banned there."""
        return "ban" in self.code
