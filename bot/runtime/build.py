"""Which Peoria this is."""

from importlib import import_module


def peoria_version() -> str:
    """The version that runs, such as ``0.2.0``."""
    # By name: the package is what all of Peoria lies in once it is installed, and its version is
    # the one thing of it that is known from inside.
    return str(import_module("peoria").__version__)
