"""The base class of the errors that people are told in one sentence."""


class ExpectedError(Exception):
    """Something outside the program went wrong, and its message is for a person.

    The message is one or more full sentences: what is wrong, and what to do. `main.py` prints it
    and exits with status 1; any other exception is a fault of ours and keeps its traceback.
    """
