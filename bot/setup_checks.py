"""Whether a platform is set up right, for a page that knows no platform."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from bot.settings import Settings
from bot.texts.translate import mark

#: What is said where nothing is watched; ``setting`` with what can be.
NOTHING_CHOSEN = mark("Nothing is chosen yet: do it on the page /admin/setup, or set {setting}.")


class Finding(Protocol):
    """One thing that was looked at; ``ok`` is None where it is neither right nor wrong."""

    @property
    def what(self) -> str:
        """Its name."""

    @property
    def ok(self) -> bool | None:
        """Whether it is right."""

    @property
    def text(self) -> str:
        """What is to be known of it."""


#: Asks a platform how it is set up by some settings; changes nothing there.
SetupCheck: TypeAlias = Callable[[Settings], Awaitable[Sequence[Finding]]]
