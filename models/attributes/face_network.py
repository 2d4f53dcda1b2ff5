"""A small network that reads grey faces, served by LiteRT."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import standardise


class FaceNetwork:
    """Grey squares in, probabilities of classes out.

    Safe to call from several threads: each gets an interpreter of its own.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()

    @property
    def side(self) -> int:
        """Side of the square that it reads, pixels."""
        return int(self._interpreter().get_input_details()[0]["shape"][1])

    def tell(self, squares: NDArray[np.uint8], *, sure: float = 1.0) -> NDArray[np.float32]:
        """What the network says of each square, looked at as it is and mirrored.

        Args:
            squares: uint8[n, side, side].
            sure: where it is surer than this at first it does not look again.

        Returns:
            float32[n, classes]; each row adds up to 1.
        """
        interpreter = self._interpreter()
        entry = interpreter.get_input_details()[0]["index"]
        end = interpreter.get_output_details()[0]
        told = np.zeros((len(squares), end["shape"][-1]), np.float32)
        for row, square in enumerate(standardise(squares)):
            views = []
            for view in (square, square[:, ::-1]):
                interpreter.set_tensor(entry, np.ascontiguousarray(view[np.newaxis]))
                interpreter.invoke()
                views.append(interpreter.get_tensor(end["index"])[0])
                if views[0].max() > sure:
                    break
            told[row] = np.mean(views, axis=0)
        return told

    def _interpreter(self) -> Any:
        ready = getattr(self._local, "ready", None)
        if ready is None:
            from ai_edge_litert.interpreter import Interpreter

            ready = Interpreter(model_content=self._content, num_threads=1)
            ready.allocate_tensors()
            self._local.ready = ready
        return ready
