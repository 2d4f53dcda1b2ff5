"""A head as one ONNX file: encoding, trust, members and temperature, from groups to ten chances.

Node by node what `models.head.Head.predict_groups` computes.
"""

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from models.encoding import Encoding, Projection
from models.features import FEATURES_VERSION, TEXT_BUCKETS
from models.head import GROUPS, Head, Member
from models.onnx_file import OnnxGraph
from models.support import METADATA_OWNERS, OWNERS, PROJECTED, SOURCES, Support

#: What the file gives out.
OUTPUT = "bins"


def widths(head: Head) -> dict[str, int]:
    """How many columns each input of the file has, by its name.

    Raises:
        ValueError: the head is untrained.
    """
    encoding = _encoding(head)
    return {
        "embedding": encoding.embedding.mean.size,
        "title": TEXT_BUCKETS,
        "text": TEXT_BUCKETS,
        "metadata": len(METADATA_OWNERS),
    }


def head_as_onnx(head: Head, notes: str) -> bytes:
    """The ONNX file of a trained head.

    Inputs are the groups of `models.features.Features` and the embedding, float32 [n, width]; the
    output `OUTPUT` is float32 [n, 10], the probabilities of the ten equal-frequency bins, lowest
    first.

    Raises:
        ValueError: the head is untrained.
    """
    encoding = _encoding(head)
    graph = OnnxGraph("peoria_head")
    groups = {name: graph.input(name, width) for name, width in widths(head).items()}
    encoded: dict[str, str] = {}
    numbers = [groups["metadata"]]
    for group in PROJECTED:
        projection: Projection = getattr(encoding, group)
        directions = _directions(graph, projection, groups[group])
        clipped = graph.node("Min", directions, graph.constant(projection.high))
        clipped = graph.node("Max", clipped, graph.constant(projection.low))
        encoded[group] = graph.node("Mul", clipped, graph.constant(projection.gain))
        numbers.append(_unlikeness(graph, projection, groups[group], directions))
    trust = _trust(graph, encoding.support, graph.node("Concat", *numbers, axis=1))
    for group, source in PROJECTED.items():
        share = _column(graph, trust, np.array([SOURCES.index(source)]))
        encoded[group] = graph.node("Mul", encoded[group], share)
    steps = encoding.metadata.edges.shape[1] - 1
    by_column = _column(graph, trust, np.repeat(METADATA_OWNERS, steps))
    encoded["metadata"] = graph.node("Mul", _steps(graph, encoding, groups["metadata"]), by_column)
    logits = [_logits(graph, member, encoded) for member in head.members]
    total = logits[0]
    for each in logits[1:]:
        total = graph.node("Add", total, each)
    scaled = graph.node("Div", total, graph.constant(len(logits) * float(head.temperature)))
    graph.output(OUTPUT, graph.node("Softmax", scaled, axis=1), BINS)
    return graph.file("peoria", f"features {FEATURES_VERSION}. {notes}")


def head_arrays(head: Head) -> dict[str, NDArray[np.float32]]:
    """Everything that a trained head learned, by name.

    Raises:
        ValueError: the head is untrained.
    """
    arrays: dict[str, NDArray[np.float32]] = dict(_encoding(head).arrays())
    arrays["temperature"] = np.array([head.temperature], np.float32)
    for number, member in enumerate(head.members):
        layers = zip((*GROUPS, "out"), (*member.hidden, member.out), strict=True)
        for name, (kernel, bias) in layers:
            arrays[f"{number}/{name}/kernel"] = kernel
            arrays[f"{number}/{name}/bias"] = bias
    return arrays


def _encoding(head: Head) -> Encoding:
    if head.encoding is None or not head.members:
        raise ValueError("an untrained head has nothing to export")
    return head.encoding


def _directions(graph: OnnxGraph, projection: Projection, values: str) -> str:
    centred = graph.node("Sub", values, graph.constant(projection.mean))
    return graph.node("MatMul", centred, graph.constant(projection.basis))


def _unlikeness(graph: OnnxGraph, projection: Projection, values: str, directions: str) -> str:
    varied = projection.deviation > 0
    deviations = np.where(varied, projection.deviation, 1).astype(np.float32)
    along = graph.node("Div", directions, graph.constant(deviations))
    along = graph.node("Mul", along, along)
    along = graph.node("Mul", along, graph.constant(varied.astype(np.float32)))
    along = graph.node("ReduceMean", along, axes=[1], keepdims=1)
    scaled = graph.node("Sub", values, graph.constant(projection.mean))
    scaled = graph.node("Mul", scaled, graph.constant(projection.scale))
    beside = graph.node("Sub", _square_sum(graph, scaled), _square_sum(graph, directions))
    beside = graph.node("Relu", beside)
    least = graph.constant(1e-3)
    logs = [graph.node("Log", graph.node("Add", each, least)) for each in (along, beside)]
    strength = graph.node("Mul", values, values)
    strength = graph.node("ReduceMean", strength, axes=[1], keepdims=1)
    strength = graph.node("Add", strength, graph.constant(0.02))
    return graph.node("Concat", *logs, graph.node("Reciprocal", strength), axis=1)


def _square_sum(graph: OnnxGraph, values: str) -> str:
    squares = graph.node("Mul", values, values)
    return graph.node("ReduceSum", squares, graph.constant(np.array([1])), keepdims=1)


def _trust(graph: OnnxGraph, support: Support, numbers: str) -> str:
    centre = graph.constant(support.centre)
    above = graph.node("Sub", numbers, centre)
    above = graph.node("Div", above, graph.constant(support.high - support.centre))
    below = graph.node("Sub", centre, numbers)
    below = graph.node("Div", below, graph.constant(support.centre - support.low))
    distance = graph.node("Max", above, below)
    farthest = [
        graph.node(
            "ReduceMax",
            _column(graph, distance, np.flatnonzero(number == OWNERS)),
            axes=[1],
            keepdims=1,
        )
        for number in range(len(SOURCES))
    ]
    left = graph.node("Sub", graph.constant(2.0), graph.node("Concat", *farthest, axis=1))
    return graph.node("Min", graph.node("Relu", left), graph.constant(1.0))


def _column(graph: OnnxGraph, values: str, columns: NDArray[np.integer]) -> str:
    return graph.node("Gather", values, graph.constant(columns.astype(np.int64)), axis=1)


def _steps(graph: OnnxGraph, encoding: Encoding, values: str) -> str:
    edges = encoding.metadata.edges
    lower, upper = edges[:, :-1], edges[:, 1:]
    wide = upper > lower
    columns, steps = lower.shape
    shape = graph.constant(np.array([-1, columns, 1]))
    progress = graph.node("Sub", graph.node("Reshape", values, shape), graph.constant(lower))
    width = np.where(wide, upper - lower, 1).astype(np.float32)
    progress = graph.node("Div", progress, graph.constant(width))
    progress = graph.node("Min", graph.node("Relu", progress), graph.constant(1.0))
    progress = graph.node("Mul", progress, graph.constant(wide.astype(np.float32)))
    flat = graph.node("Reshape", progress, graph.constant(np.array([-1, columns * steps])))
    centred = graph.node("Sub", flat, graph.constant(encoding.metadata.mean))
    return graph.node("Mul", centred, graph.constant(encoding.metadata.scale))


def _logits(graph: OnnxGraph, member: Member, encoded: dict[str, str]) -> str:
    layers = [
        graph.node("Relu", _dense(graph, encoded[group], kernel, bias))
        for group, (kernel, bias) in zip(GROUPS, member.hidden, strict=True)
    ]
    return _dense(graph, graph.node("Concat", *layers, axis=1), *member.out)


def _dense(
    graph: OnnxGraph, values: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> str:
    product = graph.node("MatMul", values, graph.constant(kernel))
    return graph.node("Add", product, graph.constant(bias))
