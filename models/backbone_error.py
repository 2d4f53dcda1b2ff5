"""The error of every part of a backbone."""

from storage.errors import ExpectedError


class BackboneUnusable(ExpectedError):
    """The backbone's files are missing, damaged or of the wrong kind; the message says which."""
