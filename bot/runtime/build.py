"""Which Peoria this is."""

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def peoria_version() -> str:
    """The version that runs, such as ``0.2.0``; of a checkout that was not installed, its own."""
    try:
        return version("peoria")
    except PackageNotFoundError:
        file = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(file.read_text("utf-8"))["project"]["version"])
