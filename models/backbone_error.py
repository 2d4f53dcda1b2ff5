"""The error of every part of a backbone."""

from storage.errors import ExpectedError


class BackboneUnusable(ExpectedError):
    """The backbone's files are missing, damaged or of the wrong kind; the message says which."""


def said_by(error: Exception) -> str:
    """The first line of what a library says of an error; its kind where it says nothing."""
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
