"""What is said where an extra is set and not installed."""

from storage.errors import ExpectedError


class ExtraMissing(ExpectedError):
    """A setting needs an extra that is not installed; the message says which."""

    def __init__(self, setting: str, extra: str) -> None:
        super().__init__(
            f'{setting} needs the extra {extra}: run make install EXTRAS="train {extra}", or unset'
            " it."
        )
