"""Who we are on a network: credentials as they are written now, and when they are taken up."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from bot.platform import PlatformRefused


class Credentials(Protocol):
    """What we sign in with."""

    @property
    def home(self) -> str:
        """Address of the server that they are for."""


C = TypeVar("C", bound=Credentials)
C_contra = TypeVar("C_contra", bound=Credentials, contravariant=True)


class Client(Protocol[C_contra]):
    """What signs in, and writes."""

    #: Called right before each request that changes something there.
    before_writing: Callable[[], None]

    def sign_in_anew(self, credentials: C_contra) -> None:
        """Use these credentials from the next request on."""


class Account(Generic[C]):
    """One account on one server; that of another server wants a new start.

    Args:
        read: gives the credentials as they are written now.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    #: Whoever derives from this makes it.
    client: Client[C]

    def __init__(self, read: Callable[[], C]) -> None:
        self._read_credentials = read
        self._credentials = read()

    @property
    def before_writing(self) -> Callable[[], None]:
        """Called right before each request that changes something there."""
        return self.client.before_writing

    @before_writing.setter
    def before_writing(self, check: Callable[[], None]) -> None:
        self.client.before_writing = check

    def credentials(self) -> C | None:
        """What we would sign in with now; None: what is set is not whole."""
        try:
            return self._read_credentials()
        except PlatformRefused:
            return None

    @property
    def credentials_used(self) -> C:
        """Those of the latest try to sign in."""
        return self._credentials

    def sign_in_anew(self) -> None:
        """Take the credentials of now, unless they are for another server.

        What is stored is known by ids of this one, and what is typed in for one server is not to be
        sent to another.
        """
        found = self.credentials()
        if found is not None and found.home == self._credentials.home:
            self._credentials = found
        self.client.sign_in_anew(self._credentials)
