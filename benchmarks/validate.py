"""Milliseconds to decode and validate graphs of 10, 1,000 and 10,000 nodes: `python -m benchmarks.validate`."""

import sys
from time import perf_counter

from engine.document import Edge, Graph, NodeSpec, decode, encode
from engine.validate import validate
from tests.engine.tiny_nodes import REGISTRY

EMA = {"length": 20, "weight": 0.5, "basis": "close"}


def large(size: int) -> Graph:
    """A valid graph of about `size` nodes with two wires per node: averages, sums and comparisons in layers."""
    nodes = [NodeSpec("candles", "source.candles", 1, {"symbol": "", "timeframe": ""})]
    edges: list[Edge] = []
    last = "candles.close"
    for number in range(max((size - 6) // 3, 1)):
        ema, other, total = f"ema{number}", f"other{number}", f"sum{number}"
        nodes += [NodeSpec(ema, "indicator.ema", 3, EMA), NodeSpec(other, "math.add", 1, {})]
        nodes.append(NodeSpec(total, "math.add", 1, {}))
        edges += [Edge(last, f"{ema}.source"), Edge("candles.close", f"{other}.a"), Edge(last, f"{other}.b")]
        edges += [Edge(f"{ema}.out", f"{total}.a"), Edge(f"{other}.out", f"{total}.b")]
        last = f"{total}.out"
    nodes += [
        NodeSpec("cross", "compare.cross_above", 1, {}),
        NodeSpec("entry", "signal.flags", 1, {}),
        NodeSpec("stop", "stop.percent", 1, {"percent": 2.0}),
        NodeSpec("size", "size.risk", 1, {"percent": 1.0}),
        NodeSpec("order", "order.place", 1, {"order": "market"}),
    ]
    edges += [Edge("candles.close", "cross.a"), Edge(last, "cross.b"), Edge("cross.out", "entry.enter_long")]
    edges += [Edge("candles.close", "entry.price"), Edge("entry.out", "stop.signal")]
    edges += [Edge("stop.out", "order.signal"), Edge("size.out", "order.size")]
    return Graph(1, "large", "", "advisor", "", tuple(nodes), tuple(edges))


def milliseconds(size: int, rounds: int) -> tuple[float, float]:
    """Best time to decode and to validate."""
    text = encode(large(size))
    decoding, validating = [], []
    for _ in range(rounds):
        start = perf_counter()
        graph = decode(text)
        middle = perf_counter()
        report = validate(graph, REGISTRY, timeframe="1h")
        validating.append(perf_counter() - middle)
        decoding.append(middle - start)
        assert report.ok
    return min(decoding) * 1e3, min(validating) * 1e3


def main() -> None:
    """Prints one line per size."""
    for size, rounds in ((10, 300), (1_000, 20), (10_000, 3)):
        graph = large(size)
        decoding, validating = milliseconds(size, rounds)
        size_text = f"{len(graph.nodes):>6} nodes {len(graph.edges):>6} edges"
        sys.stdout.write(f"{size_text}  decode {decoding:8.3f} ms  validate {validating:8.3f} ms\n")


if __name__ == "__main__":
    main()
