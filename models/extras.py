"""What is installed beside the base: the extras `train` and `ray`, which serving does not need."""

from importlib.util import find_spec

from storage.errors import ExpectedError

#: Import names of what the extra brings.
_TRAIN = ("tensorflow", "keras", "sklearn", "matplotlib")

#: How to get it, the end of a sentence.
INSTALL_TRAIN = "`make install EXTRAS=train` installs it."


class TrainMissing(ExpectedError):
    """The extra `train` is not installed; the message says how to install it."""


def train_is_installed() -> bool:
    """Whether the extra `train` is installed."""
    return all(find_spec(name) for name in _TRAIN)


def require_train(what: str) -> None:
    """Make sure that the extra `train` is installed.

    Args:
        what: needs it; the beginning of a sentence.

    Raises:
        TrainMissing: it is not installed.
    """
    if not train_is_installed():
        raise TrainMissing(
            f"{what} needs the extra `train` (TensorFlow, Keras, matplotlib): {INSTALL_TRAIN}"
        )


class RayMissing(ExpectedError):
    """The extra `ray` is not installed; the message says how to install it."""


def require_ray(what: str) -> None:
    """Make sure that the extra `ray` is installed.

    Args:
        what: needs it; the beginning of a sentence.

    Raises:
        RayMissing: it is not installed.
    """
    if find_spec("ray") is None:
        raise RayMissing(f"{what} needs the extra `ray`: `make install EXTRAS=ray` installs it.")
