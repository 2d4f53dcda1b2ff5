"""Peoria as a library: how popular an image will be.

    >>> from peoria import Peoria
    >>> Peoria.load().predict("picture.jpg", title="When the code works at last").beats
    0.57

The name stands for two things. In the repository this folder holds only the library's interface; in
the built wheel all of Peoria lies under it (setup.py), so that no package called ``bot`` or
``models`` is left loose in other people's installations.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.attributes.read import Attributes as Attributes
    from models.decoding import ImageRefused as ImageRefused
    from peoria.library import Peoria as Peoria
    from peoria.library import Prediction as Prediction

__version__ = "0.2.0"
__all__ = ["Attributes", "ImageRefused", "Peoria", "Prediction", "__version__"]


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: the command line and its child processes need none of it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from peoria import library

    return getattr(library, name)
