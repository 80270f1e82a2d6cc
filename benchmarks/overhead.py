"""What the graph costs: a chain of 100 trivial nodes on one row, through the plan and by a plain Python loop."""

import json
import time
from collections.abc import Callable

from benchmarks.market import columns
from engine.candles import Candles, make_candles
from engine.columns import Supply, run_columns
from engine.document import Edge, Graph, NodeSpec
from engine.plan import Plan, compile_graph
from engine.registry import Registry
from engine.trace import Trace

NODES = 100
ROUNDS, REPEATS = 200, 20


def chain() -> Graph:
    """Candles, then 100 times the absolute value of what came before."""
    nodes = [NodeSpec(id="candles", type="source.candles", params={"symbol": "", "timeframe": ""})]
    edges = []
    before = "candles.close"
    for i in range(NODES):
        nodes.append(NodeSpec(id=f"n{i}", type="math.absolute", params={}))
        edges.append(Edge(source=before, target=f"n{i}.a"))
        before = f"n{i}.out"
    nodes.append(NodeSpec(id="top", type="compare.above_level", params={"level": 0.0}))
    edges.append(Edge(source=before, target="top.a"))
    return Graph(id="chain", name="chain", nodes=tuple(nodes), edges=tuple(edges))


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
        value = candles.close
        for compute, name in steps:
            value = compute(**{name: value})
        return value

    return run


def main() -> None:
    """Print µs per node as JSON."""
    registry, found = Registry(), {}
    for rows in (1, 1000):
        candles = make_candles("SYNTH", "1m", **columns(rows))
        plan = compile_graph(chain(), registry, "1m")
        supply = Supply(candles)

        def traced(plan: Plan = plan, supply: Supply = supply, candles: Candles = candles) -> object:
            (one,) = run_columns(plan, (supply,))
            return Trace(plan, candles.symbol, one, ())

        ours, plain = best(traced), best(by_hand(plan, candles))
        found[f"run_columns with trace, {rows} rows"] = ours / NODES * 1e6
        found[f"plain Python loop, {rows} rows"] = plain / NODES * 1e6
        found[f"overhead, {rows} rows"] = (ours - plain) / NODES * 1e6
    print(json.dumps(found))


if __name__ == "__main__":
    main()
