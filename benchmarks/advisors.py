"""What the built-in advisors cost on 100,000 bars of 15m: vector pass, whole back-test, slowest nodes.

The market is the engine's own synthetic one, since structure and patterns need candles that look like candles.
"""

import json
import time

from engine.backtest import MarketData, Request, backtest
from engine.columns import Supply, run_columns
from engine.matching.policy import POLICIES
from engine.plan import compile_graph
from engine.registry import Registry
from engine.sim.synthetic import Market, synthetic_candles
from server.graphs import load_graph

BARS = 100_000
GRAPHS = ("ema_cross", "hh_ll", "market_regime", "hh_ll_in_regime")
ROUNDS = 3


def measured(name: str, registry: Registry) -> dict[str, object]:
    """Best CPU ms of the vector pass and of the back-test of a graph, and its three slowest nodes."""
    graph, candles = load_graph(name), synthetic_candles(7, BARS, Market(timeframe="15m"))
    plan = compile_graph(graph, registry, "15m")
    request = Request(graph=graph, markets=(MarketData(candles=candles),), policy=POLICIES["bybit_linear"], capital=1e5)
    passes = runs = 1e12
    nanoseconds: dict[str, int] = {}
    trades = 0
    for _ in range(ROUNDS):
        began = time.process_time()
        (one,) = run_columns(plan, (Supply(candles),))
        if time.process_time() - began < passes:
            passes, nanoseconds = time.process_time() - began, one.nanoseconds
        began = time.process_time()
        trades = len(backtest(request, registry).trades)
        runs = min(runs, time.process_time() - began)
    slowest = sorted(nanoseconds.items(), key=lambda item: -item[1])[:3]
    return {
        "graph": name,
        "nodes": len(nanoseconds),
        "trades": trades,
        "pass_ms": passes * 1e3,
        "backtest_ms": runs * 1e3,
        "slowest": [f"{node} {ns / 1e6:.1f}" for node, ns in slowest],
    }


def main() -> None:
    """Print the figures as JSON."""
    registry = Registry()
    print(json.dumps([measured(name, registry) for name in GRAPHS]))


if __name__ == "__main__":
    main()
