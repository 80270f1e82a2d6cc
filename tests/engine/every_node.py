"""A graph around any node type: its inputs are fed from candles, its outputs read by a decision."""

from typing import Any, ClassVar

import msgspec

from engine.candles import Candles
from engine.document import Graph
from engine.node import Contract, Decision, Fold, Intent, Node, Query
from engine.signature import signature_of
from engine.sim.synthetic import Market, synthetic_candles
from engine.values import Value
from tests.engine.executor import REAL, Catalogue, graph


class Nothing(msgspec.Struct, frozen=True):
    """Nothing is remembered."""


class Reads(Decision, frozen=True, tag="test.reads"):
    """Reads values of any kind and decides nothing."""

    State: ClassVar[type[msgspec.Struct]] = Nothing
    lowers: ClassVar[bool] = True  # without a signal there is nothing to lower, and no bar is gone through

    def step(
        self,
        state: Nothing,
        a: Value,
        b: Value | None = None,
        c: Value | None = None,
        d: Value | None = None,
        e: Value | None = None,
        f: Value | None = None,
        g: Value | None = None,
        h: Value | None = None,
    ) -> tuple[Nothing, tuple[Intent, ...]]:
        return state, ()


class ReadingCatalogue(Catalogue):
    """The real nodes and the one that reads anything."""

    def __init__(self) -> None:
        super().__init__()
        self["test.reads"] = Reads


CATALOGUE = ReadingCatalogue()
READS = "abcdefgh"
RULES = ("size", "exit_policy")  # kinds that have no value per bar

# What feeds a port of a kind: nodes on the clock of the candles `{c}` and the wire; two of each, so that no node is
# given the same thing twice.
Feed = tuple[dict[str, Any], list[str], str]
FEEDS: dict[str, tuple[Feed, ...]] = {
    "candles": (({}, [], "{c}.candles"),),
    "number": (
        ({}, [], "{c}.close"),
        ({"{c}_mean": ("indicator.sma", {"length": 5})}, ["{c}.close > {c}_mean.source"], "{c}_mean.out"),
        ({}, [], "{c}.high"),
        ({}, [], "{c}.volume"),
    ),
    "flag": (
        (
            {"{c}_mean": ("indicator.sma", {"length": 5}), "{c}_up": "compare.cross_above"},
            ["{c}.close > {c}_mean.source", "{c}.close > {c}_up.a", "{c}_mean.out > {c}_up.b"],
            "{c}_up.out",
        ),
        (
            {"{c}_mean": ("indicator.sma", {"length": 5}), "{c}_down": "compare.less"},
            ["{c}.close > {c}_mean.source", "{c}.close > {c}_down.a", "{c}_mean.out > {c}_down.b"],
            "{c}_down.out",
        ),
    ),
    "direction": (
        ({"{c}_side": "pattern.engulfing"}, ["{c}.candles > {c}_side.candles"], "{c}_side.out"),
        ({"{c}_star": "pattern.three_bar"}, ["{c}.candles > {c}_star.candles"], "{c}_star.out"),
    ),
    "signal": (
        (
            {
                "{c}_mean": ("indicator.sma", {"length": 5}), "{c}_over": "compare.cross_above",
                "{c}_under": "compare.cross_below", "{c}_flags": "signal.flags", "{c}_stop": "stop.percent",
            },
            [
                "{c}.close > {c}_mean.source", "{c}.close > {c}_over.a", "{c}_mean.out > {c}_over.b",
                "{c}.close > {c}_under.a", "{c}_mean.out > {c}_under.b", "{c}_over.out > {c}_flags.enter_long",
                "{c}_under.out > {c}_flags.enter_short", "{c}.close > {c}_flags.price",
                "{c}_flags.out > {c}_stop.signal",
            ],
            "{c}_stop.out",
        ),
    ),
    "size": (({"units": ("size.quantity", {"quantity": 1.0})}, [], "units.out"),),
    "exit_policy": (({"expiry": "exit.max_bars"}, [], "expiry.out"),),
}  # fmt: skip


class CannotWire(Exception):
    """Why no graph can be built around a node type."""


def feed_of(kind: str, clock: str, number: int) -> Feed:
    """What feeds the n-th port of a kind on a clock."""
    kind = "number" if kind == "any" else kind
    if kind in FEEDS:
        nodes, edges, wire = FEEDS[kind][number % len(FEEDS[kind])]
    else:
        nodes, edges, wire = _made_by_a_node(kind)
    name = {"c": clock}
    return (
        {k.format(**name): v for k, v in nodes.items()},
        [e.format(**name) for e in edges],
        wire.format(**name),
    )


ELSEWHERE = {"order.pair": "a pair needs the nodes around it that the built-in graph `spread` has, which is proved"}
MAKERS = {"label": "regime.label", "zones": "liquidity.swings", "text": "text.context"}


def _made_by_a_node(kind: str) -> Feed:
    """A node of the catalogue that gives a kind, fed by what there is."""
    tag = MAKERS[kind]
    if tag not in REAL:
        raise CannotWire(f"no node of the catalogue gives {kind}")
    signature = signature_of(REAL[tag])
    port = next((n for n, p in signature.outputs.items() if p.kind == kind), None)
    if port is None:
        raise CannotWire(f"{tag} does not give {kind}")
    nodes: dict[str, Any] = {f"{{c}}_{kind}": tag}
    edges: list[str] = []
    counts: dict[str, int] = {}
    for name, wanted in signature.inputs.items():
        if not wanted.optional:
            kind_in = "number" if wanted.kind == "any" else wanted.kind
            feeds = FEEDS[kind_in]
            more, wires, wire = feeds[counts.get(kind_in, 0) % len(feeds)]
            counts[kind_in] = counts.get(kind_in, 0) + 1
            nodes |= more
            edges += [*wires, f"{wire} > {{c}}_{kind}.{name}"]
    return nodes, edges, f"{{c}}_{kind}.{port}"


def graph_of(tag: str) -> Graph:
    """A graph with one node of a type, presets for its params, all inputs connected and all outputs read."""
    cls = REAL[tag]
    if tag in ELSEWHERE:
        raise CannotWire(ELSEWHERE[tag])
    if issubclass(cls, Query):
        raise CannotWire("a query asks the world outside")
    nodes: dict[str, Any] = {"c": "source.candles", "it": _preset(cls, tag)}
    edges: list[str] = []
    signature = signature_of(cls)
    if any(port.clock == "other" for port in signature.inputs.values()):
        nodes["slow"] = ("time.resample", {"timeframe": "4h"})
        edges.append("c.candles > slow.candles")
    counts: dict[tuple[str, str], int] = {}
    for name, port in signature.inputs.items():
        clock = "slow" if port.clock == "other" else "c"
        number = counts.get((port.kind, clock), 0)
        counts[port.kind, clock] = number + 1
        more, wires, wire = feed_of(port.kind, clock, number)
        nodes |= {k: v for k, v in more.items() if k not in nodes}
        edges += [*wires, f"{wire} > it.{name}"]
    if not issubclass(cls, Decision):
        _read(cls, nodes, edges)
    return graph(nodes, list(dict.fromkeys(edges)), CATALOGUE)


def _preset(cls: type[Contract], tag: str) -> Any:
    """Presets, but for what they leave open: another timeframe than that of the run, a label that there is."""
    return (tag, PARAMS[tag]) if tag in PARAMS else tag


PARAMS = {
    "time.resample": {"timeframe": "4h"},
    "source.candles": {"timeframe": "4h"},
    "label.is": {"name": "trending"},
    "label.in": {"names": ["trending", "volatile"]},
}


def _read(cls: type[Contract], nodes: dict[str, Any], edges: list[str]) -> None:
    """Decisions that read every output: one for each eight of them, and one order for rules."""
    assert issubclass(cls, Node | Fold)
    outputs = signature_of(cls).outputs
    plain = [name for name, port in outputs.items() if port.kind not in RULES]
    for i in range(0, len(plain), len(READS)):
        nodes[f"reads{i}"] = "test.reads"
        edges += [f"it.{name} > reads{i}.{port}" for port, name in zip(READS, plain[i:], strict=False)]
    rules = {port.kind: name for name, port in outputs.items() if port.kind in RULES}
    if rules:
        more, wires, signal = feed_of("signal", "c", 0)
        size_nodes, _, size = feed_of("size", "c", 0)
        nodes |= {k: v for k, v in more.items() if k not in nodes} | {"order": "order.place"}
        edges += [*wires, f"{signal} > order.signal"]
        if "size" in rules:
            size = f"it.{rules['size']}"
        else:
            nodes |= size_nodes
        edges.append(f"{size} > order.size")
        if "exit_policy" in rules:
            edges.append(f"it.{rules['exit_policy']} > order.exits")


def markets(bars: int, count: int = 1) -> tuple[Candles, ...]:
    """Hourly markets, the first of them the run's."""
    return tuple(
        synthetic_candles(7 + i, bars, Market(symbol=f"{name}USDT", price=100.0, tick=0.01, volatility=0.05))
        for i, name in enumerate(("AAA", "BBB", "CCC")[:count])
    )
