"""What computes an image encoder: ONNX Runtime or LiteRT, one interpreter a thread."""

import threading
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.backbone_error import BackboneUnusable, said_by
from models.encoder_description import EncoderDescription

Floats = NDArray[np.float32]
_CHANNELS = 3


def require_onnx() -> None:
    """Make sure that the extra `onnx` is installed.

    Raises:
        BackboneUnusable: it is not.
    """
    if find_spec("onnxruntime") is None:
        raise BackboneUnusable(
            "An ONNX encoder needs the extra `onnx`: type `make install EXTRAS=onnx`."
        )


def onnx_session(content: bytes) -> Any:
    """An ONNX Runtime session with one thread.

    Raises:
        BackboneUnusable: the extra is missing, or the file is no ONNX model that can be run.
    """
    require_onnx()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            content, sess_options=options, providers=["CPUExecutionProvider"]
        )
    # Its exceptions have no base class of their own and no public module.
    except Exception as error:
        raise BackboneUnusable(f"ONNX Runtime cannot read the encoder: {said_by(error)}") from error


class OnnxSession:
    """An ONNX Runtime session that is made when it is first needed; from several threads, too.

    Where pictures are embedded in a process of their own, the bot has none.

    Raises:
        BackboneUnusable: the extra is missing.
    """

    def __init__(self, content: bytes) -> None:
        require_onnx()
        self._content = content
        self._making = threading.Lock()
        self._made: Any = None

    def made(self) -> Any:
        """The session; raises what `onnx_session` raises."""
        with self._making:
            if self._made is None:
                self._made = onnx_session(self._content)
            return self._made


class EncoderRuntime:
    """Runs an encoder on one picture. Safe to call from several threads."""

    def __init__(self, content: bytes, description: EncoderDescription) -> None:
        self._content = content
        self._description = description
        self._local = threading.local()
        self._mean = np.array(description.mean, np.float32)
        self._deviation = np.array(description.deviation, np.float32)
        self._is_onnx = description.format == "onnx"
        self._onnx = OnnxSession(content) if self._is_onnx else None

    def embed(self, image: Floats) -> Floats:
        """Embed one image.

        Args:
            image: float32[size, size, 3], RGB in [-1, 1].

        Returns:
            float32[d].

        Raises:
            BackboneUnusable: the model does not take such an image, or gives no vector.
        """
        pixels = ((image + 1) / 2 - self._mean) / self._deviation
        if self._description.colours == "BGR":
            pixels = pixels[..., ::-1]
        onnx = self._onnx
        ran = self._litert() if onnx is None else partial(self._run_onnx, onnx.made())
        return self._pooled(ran(np.ascontiguousarray(pixels, np.float32)[np.newaxis]))

    def _pooled(self, output: Floats) -> Floats:
        pooling, shape = self._description.pooling, output.shape
        if pooling == "none":
            # What some models pool to one place only.
            found = output.reshape(shape[0], -1) if max(shape[2:], default=1) == 1 else output
        elif output.ndim == 3:
            # Tokens by channels.
            found = output[:, 0] if pooling == "first" else output.mean(axis=1)
        elif output.ndim == 4 and pooling == "mean":
            # ONNX models have the channels first, LiteRT models last.
            channels = 1 if self._is_onnx else 3
            found = output.mean(axis=tuple({1, 2, 3} - {channels}))
        else:
            found = output
        if found.ndim != 2 or found.shape[0] != 1:
            raise BackboneUnusable(
                f"The encoder's output is {'×'.join(map(str, shape))}, from which pooling ="
                f' "{pooling}" makes no vector: choose another pooling or output in encoder.toml.'
            )
        vector: Floats = found[0].astype(np.float32)
        return vector

    def _run_onnx(self, session: Any, pixels: Floats) -> Floats:
        (entry, *others) = session.get_inputs()
        channels_first = len(entry.shape) == 4 and entry.shape[3] != _CHANNELS
        if channels_first:
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        if others or not _takes(entry.shape, pixels.shape):
            raise BackboneUnusable(_refused(entry.shape, pixels.shape, len(others)))
        names = [each.name for each in session.get_outputs()]
        output = self._description.output or names[0]
        if output not in names:
            raise BackboneUnusable(
                f"The encoder has no output called {output}; it has {', '.join(names)[:200]}."
            )
        (found,) = session.run([output], {entry.name: pixels})
        return np.asarray(found, np.float32)

    def _litert(self) -> Callable[[Floats], Floats]:
        ready: Callable[[Floats], Floats] | None = getattr(self._local, "ready", None)
        if ready is None:
            ready = self._local.ready = _litert(self._content, self._description)
        return ready


def _litert(content: bytes, description: EncoderDescription) -> Callable[[Floats], Floats]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter: Any = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BackboneUnusable(f"LiteRT cannot read the encoder: {error}") from error
    (entry, *others) = interpreter.get_input_details()
    size = description.input_size
    wanted = (1, size, size, _CHANNELS)
    if others or tuple(entry["shape"]) != wanted or entry["dtype"] is not np.float32:
        raise BackboneUnusable(_refused(entry["shape"], wanted, len(others)))
    outputs = {each["name"]: each for each in interpreter.get_output_details()}
    name = description.output or next(iter(outputs))
    if name not in outputs:
        raise BackboneUnusable(
            f"The encoder has no output called {name}; it has {', '.join(outputs)[:200]}."
        )

    def run(pixels: Floats) -> Floats:
        interpreter.set_tensor(entry["index"], pixels)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(outputs[name]["index"]), np.float32)

    return run


def _takes(wanted: Any, shape: tuple[int, ...]) -> bool:
    """Whether an ONNX input takes a shape; names and None stand for any length."""
    return len(wanted) == len(shape) and all(
        not isinstance(length, int) or length == ours
        for length, ours in zip(wanted, shape, strict=True)
    )


def _refused(wanted: Any, shape: tuple[int, ...], others: int) -> str:
    if others:
        return f"The encoder has {others + 1} inputs; it must have one, the image."
    takes, ours = ("×".join(map(str, each)) for each in (wanted, shape))
    return f"The encoder takes {takes}, and input_size makes {ours}: they must agree."
