"""A Lemmy instance on this machine, in the shapes of version 3 of its API."""

from tests.fakes.lemmy.server import FakeLemmy, serving

__all__ = ["FakeLemmy", "serving"]
