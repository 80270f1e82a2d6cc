"""A graph of a hundred nodes for measuring: many averages of the close, compared in a ring, voted on, traded."""

from typing import Any

import msgspec

from engine.document import Edge, Graph, decode, encode
from server.graphs import load_graph

AVERAGES = 34


def large_graph() -> Graph:
    """The bundled crossing, its long entries confirmed by any of many comparisons."""
    base = load_graph("ema_cross")
    nodes: list[dict[str, Any]] = []
    edges: list[Edge] = []
    for n in range(AVERAGES):
        nodes.append({"id": f"average_{n}", "type": "indicator.ema", "version": 1, "params": {"length": 5 + 3 * n}})
        edges.append(Edge("candles.close", f"average_{n}.source"))
    for n in range(AVERAGES - 1):
        nodes.append({"id": f"above_{n}", "type": "compare.greater", "version": 1, "params": {}})
        edges += [Edge(f"average_{n}.out", f"above_{n}.a"), Edge(f"average_{n + 1}.out", f"above_{n}.b")]
    last = "above_0.out"
    for n in range(1, AVERAGES - 1):
        nodes.append({"id": f"any_{n}", "type": "logic.or", "version": 1, "params": {}})
        edges += [Edge(last, f"any_{n}.a"), Edge(f"above_{n}.out", f"any_{n}.b")]
        last = f"any_{n}.out"
    return _joined(base, nodes, edges, last)


def _joined(base: Graph, nodes: list[dict[str, Any]], edges: list[Edge], last: str) -> Graph:
    """The base graph with these nodes, whose last flag has to be true for a long entry."""
    document: dict[str, Any] = msgspec.json.decode(encode(base))
    confirmed = {"id": "confirmed", "type": "logic.and", "version": 1, "params": {}}
    document["nodes"] += [*nodes, confirmed]
    kept = [edge for edge in document["edges"] if edge["to"] != "entry.enter_long"]
    more = [
        *edges,
        Edge("cross_up.out", "confirmed.a"),
        Edge(last, "confirmed.b"),
        Edge("confirmed.out", "entry.enter_long"),
    ]
    document["edges"] = [*kept, *({"from": edge.source, "to": edge.target} for edge in more)]
    document.update(id="large", name="A hundred nodes", tests=[], layout={"nodes": {}, "frames": [], "notes": []})
    return decode(msgspec.json.encode(document), "large")
