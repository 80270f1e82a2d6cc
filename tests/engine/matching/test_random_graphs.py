"""Random small strategies of the real nodes: both ways of running them agree, and the future changes nothing."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from engine.backtest import MarketData, Request, backtest
from engine.candles import Candles, make_candles
from engine.document import Edge, Graph, NodeSpec
from engine.errors import InputError
from engine.matching.policy import policy_named
from engine.registry import Registry
from engine.result import Instrument, Result
from engine.signature import signature_of
from engine.timeframe import HOUR
from engine.validate import check

REGISTRY = Registry()
BARS = 260
NUMBERS = ("indicator.ema", "indicator.sma", "indicator.rsi", "indicator.atr", "rolling.mean", "rolling.max",
           "math.subtract", "math.maximum", "memory.delay")  # fmt: skip
FLAGS = ("compare.cross_above", "compare.cross_below", "compare.greater", "compare.less", "compare.rising",
         "compare.falling", "logic.and", "logic.or", "logic.xor", "logic.not", "memory.cooldown",
         "memory.delay_flag")  # fmt: skip
STOPS, TARGETS = ("stop.percent", "stop.atr", "stop.swing"), ("target.percent", "target.rr", "target.atr")
GATES = ("gate.confidence", "gate.flag", "gate.price_deviation", "gate.rr")
EXITS = ("exit.trail_percent", "exit.rr_steps", "exit.max_bars", "exit.age", "exit.proximity", "exit.flag",
         "exit.atr_trail", "exit.stop_shift")  # fmt: skip
SIZES = ("size.risk", "size.equity", "size.notional", "size.quantity")
runs = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**32 - 1)


class Sketch:
    """A graph that grows node by node; each input takes a random earlier output of its kind."""

    def __init__(self, rng: Generator) -> None:
        self.rng = rng
        self.specs = [NodeSpec(id="candles", type="source.candles", version=1, params={"symbol": "", "timeframe": ""})]
        self.edges: list[Edge] = []
        self.pool = {"candles": ["candles.candles"], "number": ["candles.close", "candles.high", "candles.low"],
                     "flag": []}  # fmt: skip

    def add(self, tag: str, wires: dict[str, str] | None = None, **params: Any) -> str:
        """A node with random wires where none are given; returns its first output."""
        cls, name = REGISTRY[tag], f"n{len(self.specs)}"
        node = cls()
        presets = {f: msgspec.to_builtins(getattr(node, f)) for f in node.__struct_fields__}
        self.specs.append(NodeSpec(id=name, type=tag, version=cls.version, params=presets | params))
        signature = signature_of(cls)
        for port, declared in signature.inputs.items():
            source = (wires or {}).get(port)
            if source is None and declared.kind in self.pool and (not declared.optional or self.rng.random() < 0.3):
                source = str(self.rng.choice(self.pool[declared.kind]))
            if source is not None:
                self.edges.append(Edge(source, f"{name}.{port}"))
        outputs = [(f"{name}.{p}", d.kind) for p, d in signature.outputs.items()]
        for place, kind in outputs:
            if kind in self.pool:
                self.pool[kind].append(place)
        return outputs[0][0] if outputs else ""

    def pick(self, tags: tuple[str, ...], chance: float = 1.0) -> str | None:
        return str(self.rng.choice(tags)) if self.rng.random() < chance else None

    def graph(self) -> Graph:
        return Graph(schema_version=1, id="random", name="Random", kind="advisor", description="",
                     nodes=tuple(self.specs), edges=tuple(self.edges))  # fmt: skip


def sketched(rng: Generator) -> Graph:
    """Numbers, flags, a signal from two of them, perhaps stop, target, gate and exits, a size and an order."""
    s = Sketch(rng)
    for _ in range(int(rng.integers(2, 5))):
        tag = str(rng.choice(NUMBERS))
        params: dict[str, Any] = {"length": int(rng.integers(2, 20))} if hasattr(REGISTRY[tag](), "length") else {}
        s.add(tag, **params)
    average = s.add("indicator.sma", {"source": "candles.close"}, length=int(rng.integers(5, 20)))
    for name in ("compare.cross_above", "compare.cross_below"):
        other = str(rng.choice(s.pool["number"])) if rng.random() < 0.3 else average
        s.add(name, {"a": "candles.close", "b": other})
    for _ in range(int(rng.integers(0, 4))):
        s.add(str(rng.choice(FLAGS)))
    long, short = (str(x) for x in rng.choice(s.pool["flag"], 2, replace=False))
    signal = s.add("signal.flags", {"enter_long": long, "enter_short": short, "price": "candles.close"})
    stop = s.pick(STOPS, 0.8)
    if stop:
        signal = s.add(stop, {"signal": signal})
    target = s.pick(TARGETS if stop else ("target.percent", "target.atr"), 0.6)
    if target:
        signal = s.add(target, {"signal": signal})
    gate = s.pick(GATES, 0.2)
    if gate:
        signal = s.add(gate, {"signal": signal})
    wires = {"signal": signal}
    policy: str | None = None
    for tag in rng.choice(EXITS, int(rng.integers(0, 4)), replace=False):
        more: dict[str, Any] = {"pending": 3, "open": 20} if tag == "exit.max_bars" else {}
        policy = s.add(str(tag), {} if policy is None else {"policy": policy}, **more)
    if policy:
        wires["exits"] = policy
    wires["size"] = s.add(str(rng.choice(SIZES if stop else SIZES[1:])))
    s.add("order.place", wires, order=str(rng.choice(["market", "market", "limit", "stop"])),
          opposite=str(rng.choice(["reverse", "close", "ignore"])), same=str(rng.choice(["ignore", "add"])),
          leverage=float(rng.choice([1, 3])))  # fmt: skip
    return s.graph()


def walk(rng: Generator, symbol: str, start: int, bars: int) -> Candles:
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.01, bars))), 2)
    open_ = np.r_[100.0, close[:-1]]
    spread = np.round(np.abs(rng.normal(0, 0.8, (2, bars))), 2)
    return make_candles(
        symbol, "1h", time=HOUR * (start + np.arange(bars)), open=open_, high=np.maximum(open_, close) + spread[0],
        low=np.minimum(open_, close) - spread[1], close=close, volume=rng.integers(1000, 9000, bars),
    )  # fmt: skip


def played(graph: Graph, candles: list[Candles], lowered: bool = True, policy: str = "bybit_linear") -> Result:
    rules = Instrument(tick=0.01, step=0.001, maintenance_margin=0.005, source="the test")
    data = tuple(MarketData(candles=c, instrument=rules) for c in candles)
    settings_ = policy_named(policy, at_end="keep")
    request = Request(graph=graph, markets=data, policy=settings_, capital=10_000.0, lowered=lowered)
    return backtest(request, REGISTRY)


def scene(seed: int, markets: int) -> tuple[Graph, list[Candles]]:
    """A valid graph and candles; the second market begins later and is shorter."""
    rng = default_rng(seed)
    graph = sketched(rng)
    report = check(graph, REGISTRY, mode="backtest", timeframe="1h").report
    assert report.ok, [i.message for i in report.issues if i.severity == "error"]
    candles = [walk(rng, "A", 0, BARS), walk(rng, "B", 40, BARS - 60)]
    return graph, candles[:markets]


def assert_equal(one: Result, other: Result) -> None:
    assert one.fills.tobytes() == other.fills.tobytes()
    assert one.trades.tobytes() == other.trades.tobytes()
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.rejected == other.rejected


@runs
@given(seeds, st.integers(1, 2))
def test_lowered_and_row_by_row_are_the_same_run(seed: int, markets: int) -> None:
    """All intents at once, or decided bar by bar: the same fills, trades and equity to the last bit."""
    graph, candles = scene(seed, markets)
    assert_equal(played(graph, candles), played(graph, candles, lowered=False))


@runs
@given(seeds, st.integers(150, BARS - 1), st.integers(1, 2))
def test_candles_cut_off_leave_the_trades_before_the_cut(seed: int, bars: int, markets: int) -> None:
    """A back-test on the first candles is the beginning of the back-test on all of them."""
    graph, candles = scene(seed, markets)
    full = played(graph, candles)
    part = played(graph, [c.part(0, int(np.searchsorted(c.time, bars * HOUR))) for c in candles])
    ended = len(part.time)
    assert part.fills.tobytes() == full.fills[full.fills["bar"] < ended].tobytes()
    assert part.trades.tobytes() == full.trades[full.trades["exit_bar"] < ended].tobytes()
    assert part.equity.tobytes() == full.equity[:ended].tobytes()


@runs
@given(seeds)
def test_a_run_of_two_markets_trades_each_on_its_own_candles(seed: int) -> None:
    """Each market's entries are decided where they are decided when it is alone, at prices of its own bars."""
    graph, candles = scene(seed, 2)
    both = played(graph, candles, policy="frictionless")
    assert [d.symbol for d in both.data] == ["A", "B"]
    for s, own in enumerate(candles):
        at = np.searchsorted(own.time, both.fills["time"][both.fills["symbol"] == s])
        assert (own.time[at] == both.fills["time"][both.fills["symbol"] == s]).all()
        reference = both.fills["reference"][both.fills["symbol"] == s]
        assert ((own.low[at] <= reference) & (reference <= own.high[at])).all()
    assert (both.fills["bar"] > both.fills["decision_bar"]).all()


def test_random_graphs_trade() -> None:
    """The strategies drawn here are not idle: most of them trade, and with many kinds of nodes."""
    tags: set[str] = set()
    traded = 0
    for seed in range(40):
        graph, candles = scene(seed, 1)
        tags |= {n.type for n in graph.nodes}
        traded += len(played(graph, candles).fills) > 0
    assert traded > 20
    assert len(tags) > 35


def test_markets_of_two_timeframes_are_refused() -> None:
    """Markets on one account need candles of one timeframe."""
    graph, (candles, _) = scene(1, 2)
    with pytest.raises(InputError, match="one timeframe"):
        played(graph, [candles, msgspec.structs.replace(candles, symbol="B", timeframe="4h")])
