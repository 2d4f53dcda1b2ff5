"""Writing ONNX files: the few messages of its format that a head needs, and no package for it.

The format is Protocol Buffers; numbers of fields and types are those of
https://github.com/onnx/onnx/blob/v1.16.0/onnx/onnx.proto. What is written is read by any ONNX
runtime (operator set 13).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET, IR_VERSION = 13, 7
_FLOAT, _INT64 = 1, 7
_VARINT, _BYTES = 0, 2
_INT_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 7


class OnnxGraph:
    """A graph that grows node by node; each method returns the name of what it gives.

    Values are float32 throughout.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._initializers: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, width: int) -> str:
        """An input float32 [n, width]."""
        self._inputs.append(_value_info(name, ("n", width)))
        return name

    def output(self, name: str, value: str, width: int) -> None:
        """Give a value out as float32 [n, width]."""
        self._add("Identity", [value], name, {})
        self._outputs.append(_value_info(name, ("n", width)))

    def constant(self, array: NDArray[Any] | float) -> str:
        """A constant: float32, or int64 where the array holds whole numbers."""
        found = np.asarray(array)
        name = self._new("c")
        self._initializers.append(_tensor(name, found))
        return name

    def node(self, operator: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        """A node of the operator set."""
        return self._add(operator, inputs, self._new("v"), attributes)

    def file(self, producer: str, notes: str) -> bytes:
        """The whole as a file."""
        graph = b"".join(
            [
                *(_message(1, each) for each in self._nodes),
                _message(2, self._name.encode()),
                *(_message(5, each) for each in self._initializers),
                *(_message(11, each) for each in self._inputs),
                *(_message(12, each) for each in self._outputs),
            ]
        )
        return b"".join(
            [
                _number(1, IR_VERSION),
                _message(2, producer.encode()),
                _message(6, notes.encode()),
                _message(7, graph),
                _message(8, _number(2, OPSET)),
            ]
        )

    def _add(
        self,
        operator: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, int | Sequence[int]],
    ) -> str:
        self._nodes.append(
            b"".join(
                [
                    *(_message(1, each.encode()) for each in inputs),
                    _message(2, name.encode()),
                    _message(3, f"n{len(self._nodes)}".encode()),
                    _message(4, operator.encode()),
                    *(_message(5, _attribute(key, value)) for key, value in attributes.items()),
                ]
            )
        )
        return name

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _message(1, name.encode()) + _number(3, value) + _number(20, _INT_ATTRIBUTE)
    many = b"".join(_number(8, each) for each in value)
    return _message(1, name.encode()) + many + _number(20, _INTS_ATTRIBUTE)


def _tensor(name: str, array: NDArray[Any]) -> bytes:
    whole = np.issubdtype(array.dtype, np.integer)
    raw = array.astype("<i8" if whole else "<f4").tobytes()
    return b"".join(
        [
            *(_number(1, size) for size in array.shape),
            _number(2, _INT64 if whole else _FLOAT),
            _message(8, name.encode()),
            _message(9, raw),
        ]
    )


def _value_info(name: str, shape: tuple[str, int]) -> bytes:
    first = _message(1, _message(2, shape[0].encode()))
    second = _message(1, _number(1, shape[1]))
    tensor = _number(1, _FLOAT) + _message(2, first + second)
    return _message(1, name.encode()) + _message(2, _message(1, tensor))
