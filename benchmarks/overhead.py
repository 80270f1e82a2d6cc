"""What the graph costs: a chain of 100 trivial nodes on one row, through the plan and by a plain Python loop."""

import json
import time
from collections.abc import Callable

from benchmarks.market import columns
from benchmarks.ours import GRAPHS
from engine.candles import Candles, make_candles
from engine.columns import Supply, run_columns
from engine.document import Edge, Graph, NodeSpec, decode
from engine.plan import Plan, compile_graph
from engine.registry import Registry
from engine.trace import Trace

NODES = 100
ROUNDS, REPEATS = 200, 20


def chain(length: int) -> Graph:
    """Candles, then so many times the absolute value of what came before, then what makes an order of it."""
    nodes = [NodeSpec("candles", "source.candles", 1, {"symbol": "", "timeframe": ""})]
    edges = []
    before = "candles.close"
    for i in range(length):
        nodes.append(NodeSpec(f"n{i}", "math.absolute", 1, {}))
        edges.append(Edge(before, f"n{i}.a"))
        before = f"n{i}.out"
    nodes += [
        NodeSpec("top", "compare.above_level", 1, {"level": 0.0}),
        NodeSpec("entry", "signal.flags", 1, {"confidence": 1.0}),
        NodeSpec("size", "size.quantity", 1, {"quantity": 1.0}),
        NodeSpec("order", "order.place", 1, decode((GRAPHS / "s1.json").read_bytes()).nodes[-1].params),
    ]
    wires = {"top.a": before, "entry.enter_long": "top.out", "entry.price": before}
    wires |= {"order.signal": "entry.out", "order.size": "size.out"}
    edges += [Edge(source, target) for target, source in wires.items()]
    return Graph(1, "chain", "Chain", "cycle", "", tuple(nodes), tuple(edges))


def best(run: Callable[[], object]) -> float:
    """Least CPU seconds of one call."""
    found = 1e9
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(ROUNDS):
            run()
        found = min(found, (time.process_time() - began) / ROUNDS)
    return found


def by_hand(plan: Plan, candles: Candles) -> Callable[[], object]:
    """The same compute methods in a plain loop over names."""
    steps = [(s.node.compute, s.args[0][0]) for g in plan.columns for s in g if s.tag == "math.absolute"]

    def run() -> object:
        values = [candles.close]  # all are kept, as in the graph: a buffer used again would flatter the loop
        for compute, name in steps:
            values.append(compute(**{name: values[-1]}))
        return values

    return run


def per_node(registry: Registry, candles: Candles) -> tuple[float, float]:
    """Seconds per node of the graph and of the plain loop; what candles, signal and size cost is left out."""
    plans = [compile_graph(chain(n), registry, "1m") for n in (2 * NODES, NODES)]
    supply = Supply(candles)

    def traced(plan: Plan) -> Trace:
        (one,) = run_columns(plan, (supply,))
        return Trace(plan, candles.symbol, one, ())

    ours = [best(lambda plan=plan: traced(plan)) for plan in plans]
    plain = [best(by_hand(plan, candles)) for plan in plans]
    return (ours[0] - ours[1]) / NODES, (plain[0] - plain[1]) / NODES


def main() -> None:
    """Print µs per node as JSON."""
    registry, found = Registry(), {}
    for rows in (1, 1000):
        graph, plain = per_node(registry, make_candles("SYNTH", "1m", **columns(rows)))
        found[f"graph with trace, {rows} rows"] = graph * 1e6
        found[f"plain Python loop, {rows} rows"] = plain * 1e6
        found[f"overhead, {rows} rows"] = (graph - plain) * 1e6
    print(json.dumps(found))


if __name__ == "__main__":
    main()
