"""Builds small graphs and runs them, for tests of the executor."""

from typing import Any

import msgspec
import numpy as np

import tests.engine.run_nodes as extra
from engine.backtest import MarketData, Request, backtest
from engine.candles import Candles, make_candles
from engine.columns import ColumnCache, ColumnPass, Supply, run_columns
from engine.document import Edge, Graph, NodeSpec
from engine.matching.policy import FRICTIONLESS, Policy
from engine.node import Contract
from engine.plan import Plan, compile_graph
from engine.registry import Registry
from engine.result import Instrument, Result

HOUR = 3_600_000
REAL = Registry()


class Catalogue(dict[str, Any]):
    """The real nodes and those of `run_nodes`."""

    def __init__(self) -> None:
        own = [c for c in vars(extra).values() if isinstance(c, type) and issubclass(c, Contract)]
        super().__init__({str(c.__struct_config__.tag): c for c in own if c.__module__ == extra.__name__})

    def __missing__(self, tag: str) -> Any:
        return REAL[tag]

    def __contains__(self, tag: object) -> bool:
        return super().__contains__(tag) or tag in REAL

    def get(self, tag: str, default: Any = None) -> Any:
        return self[tag] if tag in self else default  # noqa: SIM401  `get` is what is defined here


CATALOGUE = Catalogue()


def graph(nodes: dict[str, Any], edges: list[str], registry: Any = CATALOGUE, **on_error: str) -> Graph:
    """A graph from {"id": "type"} or {"id": ("type", params)} and "a.out > b.in" wires; presets fill the rest."""
    specs: list[NodeSpec] = []
    for node_id, given in nodes.items():
        tag, params = given if isinstance(given, tuple) else (given, {})
        fields = msgspec.structs.fields(registry[tag])
        presets = {
            f.name: msgspec.to_builtins(f.default if f.default is not msgspec.NODEFAULT else f.default_factory())
            for f in fields
        }
        version = registry[tag].version
        mode: Any = on_error.get(node_id, "hold")
        specs.append(NodeSpec(id=node_id, type=tag, version=version, params=presets | params, on_error=mode))
    wires = tuple(Edge(*wire.split(" > ")) for wire in edges)
    return Graph(schema_version=1, id="g", name="G", kind="advisor", description="", nodes=tuple(specs), edges=wires)


def candles(
    close: Any, *, symbol: str = "BTCUSDT", timeframe: str = "1h", start: int = 0, spread: float = 1.0
) -> Candles:
    """Candles around closes; each opens at the close before."""
    last = np.asarray(close, float)
    first = np.concatenate([last[:1], last[:-1]])
    return make_candles(
        symbol, timeframe, time=start + HOUR * np.arange(len(last)), open=first,
        high=np.maximum(first, last) + spread, low=np.minimum(first, last) - spread, close=last,
        volume=np.full(len(last), 1e6),
    )  # fmt: skip


def walk(length: int, seed: int, start: float = 100.0) -> Any:
    """A seeded random walk of prices."""
    return start * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, length)))


def columns(
    document: Graph, *supplies: Supply, cache: ColumnCache | None = None
) -> tuple[Plan, tuple[ColumnPass, ...]]:
    """Plan and vector pass of a graph."""
    plan = compile_graph(document, CATALOGUE, supplies[0].base.timeframe)
    return plan, run_columns(plan, supplies, cache)


def value(plan: Plan, one: ColumnPass, port: str) -> Any:
    """The column of a port."""
    return one.values[plan.names.index(port)]


def run(document: Graph, *given: Candles | MarketData, policy: Policy = FRICTIONLESS, **request: Any) -> Result:
    """A back-test with 10,000 of capital, without trading rules."""
    markets = tuple(
        m if isinstance(m, MarketData) else MarketData(candles=m, instrument=Instrument(source="test")) for m in given
    )
    return backtest(Request(graph=document, markets=markets, policy=policy, capital=10_000.0, **request), CATALOGUE)


def assert_same_records(a: Any, b: Any) -> None:
    """Two logs are equal to the last bit; NaN equals NaN."""
    assert len(a) == len(b)
    for name in a.dtype.names:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
