"""Every problem the validator knows, each as one change to a sound graph."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.validate import Supply
from tests.engine.documents import Doc, document, node, sound


@dataclass(frozen=True)
class Case:
    """A change, the codes that come of it (the first is looked at closely) and the place of the first."""

    name: str
    codes: tuple[str, ...]
    change: Callable[[Doc], Any]
    node: str | None = None
    port: str | None = None
    param: str | None = None
    path: str = ""
    severity: str = "error"
    fixes: tuple[str, ...] = ()
    blocks: tuple[str, ...] | None = None
    says: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def doc(self) -> Doc:
        doc = sound()
        replaced = self.change(doc)
        return replaced if isinstance(replaced, dict) and "nodes" in replaced else doc


def params(number: int, **values: Any) -> Callable[[Doc], None]:
    return lambda doc: doc["nodes"][number]["params"].update(values)


def drop(number: int, name: str) -> Callable[[Doc], Any]:
    return lambda doc: doc["nodes"][number]["params"].pop(name)


def add(*nodes: Doc, wires: tuple[str, ...] = ()) -> Callable[[Doc], None]:
    def change(doc: Doc) -> None:
        doc["nodes"] += nodes
        doc["edges"] += [dict(zip(("from", "to"), wire.split(" > "), strict=True)) for wire in wires]

    return change


def wire(number: int, **ends: str) -> Callable[[Doc], None]:
    return lambda doc: doc["edges"][number].update({k.rstrip("_"): v for k, v in ends.items()})


def unwire(number: int) -> Callable[[Doc], Any]:
    return lambda doc: doc["edges"].pop(number)


def spec(number: int, **values: Any) -> Callable[[Doc], None]:
    return lambda doc: doc["nodes"][number].update(values)


def both(*changes: Callable[[Doc], Any]) -> Callable[[Doc], None]:
    def change(doc: Doc) -> None:
        for one in changes:
            one(doc)

    return change


def loop_of(*tags: str) -> Callable[[Doc], None]:
    """Nodes l0, l1, ... in a ring, the first also fed by ema, the last feeding a second input of the cross."""
    nodes = [node("l0", "math.add"), *(node(f"l{i}", tag) for i, tag in enumerate(tags, 1))]
    inputs = {"math.add": "a", "indicator.ema": "source", "memory.delay": "a", "memory.counter": "a"}
    ring = [f"l{i}.out > l{i + 1}.{inputs[tag]}" for i, tag in enumerate(tags)]
    last = f"l{len(tags)}"
    return both(add(*nodes, wires=("ema.out > l0.a", *ring, f"{last}.out > l0.b")), wire(2, from_=f"{last}.out"))


def two_clocks(doc: Doc) -> None:
    add(node("slow", "source.candles", timeframe="4h"))(doc)
    wire(0, from_="slow.close")(doc)


AFTER_EMA = ("cross", "entry", "stop", "order")
KEY = "sk-" + "x9Y8z7" * 5
H1 = {"timeframe": "1h", "symbol": "BTCUSDT"}

STRUCTURE = (
    Case("no nodes at all", ("empty_graph",), lambda doc: document([], []), says="no nodes"),
    Case(
        "capital letters in an id",
        ("bad_id",),
        both(spec(1, id="My Ema"), wire(0, to="My Ema.source"), wire(2, from_="My Ema.out")),
        node="My Ema", path="/nodes/1", fixes=("rename",), blocks=AFTER_EMA,
    ),
    Case(
        "an id with a dot that is drawn somewhere",
        ("bad_id",),
        both(
            spec(1, id="a.b"), wire(0, to="a.b.source"), wire(2, from_="a.b.out"),
            lambda doc: doc.update(layout={"nodes": {"a.b": [1, 2]}, "frames": [], "notes": []}),
        ),
        node="a.b", path="/nodes/1", fixes=("rename",),
    ),
    Case(
        "an id twice", ("duplicate_id",), add(node("ema", "indicator.ema")),
        node="ema", path="/nodes/7", fixes=("rename",),
    ),
    Case(
        "a misspelt type", ("unknown_node_type",), spec(1, type="indicator.emma"),
        node="ema", path="/nodes/1", fixes=("set_type",), blocks=AFTER_EMA, says="'indicator.ema'",
    ),
    Case(
        "a type of a pack that is not there", ("unknown_node_type",), spec(1, type="zz.qq"),
        node="ema", path="/nodes/1", blocks=AFTER_EMA,
    ),
    Case(
        "a newer version", ("unknown_node_version",), spec(1, version=9),
        node="ema", path="/nodes/1", blocks=AFTER_EMA, says="no version 9",
    ),
    Case(
        "a version from two upgrades ago", ("outdated_version",), spec(1, version=1, params={"period": 9}),
        node="ema", path="/nodes/1", fixes=("upgrade",), blocks=AFTER_EMA, says="now version 3",
    ),
    Case(
        "a version that cannot be upgraded", ("outdated_version",), spec(1, version=1, params={"perod": 9}),
        node="ema", path="/nodes/1",
    ),
    Case(
        "a wire from nowhere", ("dangling_edge",), wire(2, from_="emo.out"),
        node="cross", port="b", path="/edges/2", fixes=("rewire", "remove_wire"),
        blocks=("entry", "stop", "order"), says="no node 'emo'",
    ),
    Case(
        "a wire to nowhere", ("dangling_edge",), add(wires=("ema.out > zzzzz.in",)),
        path="/edges/8", fixes=("remove_wire",),
    ),
    Case(
        "a wire without a port", ("dangling_edge",), add(wires=("ema > cross",)),
        path="/edges/8", fixes=("remove_wire",), says="not written node.port",
    ),
    Case(
        "an interface of a node that is not there", ("bad_interface",),
        lambda d: d.update(interface={"version": 1, "outputs": [{"name": "x", "kind": "flag", "from": "gone.out"}]}),
        port="x", path="/interface", says="there is no node 'gone'",
    ),
    Case(
        "a parameter of a param that is not there", ("bad_parameter",),
        lambda doc: doc.update(parameters=[{"name": "speed", "to": ["ema.speed"]}]),
        param="speed", path="/parameters/0", says="no param 'ema.speed'",
    ),
    Case(
        "a wire twice", ("duplicate_edge",), add(wires=("ema.out > cross.b",)),
        node="cross", path="/edges/8", fixes=("remove_wire",),
    ),
    Case(
        "two wires into one input", ("duplicate_input",), add(wires=("candles.close > cross.b",)),
        node="cross", port="b", path="/edges/8", fixes=("remove_wire",), says="ema.out",
    ),
    Case(
        "a misspelt output", ("unknown_port",), wire(0, from_="candles.cloes"),
        node="candles", port="cloes", path="/edges/0", fixes=("rewire", "remove_wire"), says="candles, close",
    ),
    Case(
        "a misspelt input", ("unknown_port", "missing_input"), wire(6, to="order.signl"),
        node="order", port="signl", path="/edges/6", fixes=("rewire", "remove_wire"),
    ),
    Case(
        "an output of an order", ("unknown_port",), add(node("sum", "math.add"), wires=("order.out > sum.a",)),
        node="order", port="out", path="/edges/8", fixes=("remove_wire",), says="it has no outputs",
    ),
    Case(
        "an input without a wire", ("missing_input",), unwire(7),
        node="order", port="size", path="/nodes/6", fixes=("connect",), blocks=(),
    ),
    Case(
        "an input without a wire and several that could feed it", ("missing_input",), unwire(2),
        node="cross", port="b", path="/nodes/2", blocks=("entry", "stop", "order"),
    ),
    Case(
        "a loop", ("cycle", "cycle"), loop_of("math.add"),
        node="l0", path="/nodes/7", fixes=("insert_memory_delay",), says="l0 -> l1 -> l0",
    ),
    Case(
        "a node that feeds itself", ("cycle",), both(loop_of(), wire(2, from_="ema.out"), wire(2, from_="l0.out")),
        node="l0", path="/nodes/7", fixes=("insert_memory_delay",), says="l0 -> l0",
    ),
    Case(
        "a loop with an indicator", ("cycle", "cycle"), loop_of("indicator.ema"),
        node="l0", path="/nodes/7", says="one-bar delay",
    ),
    Case(
        "a bypassed delay in a loop", ("cycle", "cycle"), both(loop_of("memory.delay"), spec(8, mode="bypass")),
        node="l0", path="/nodes/7", fixes=("insert_memory_delay",),
    ),
    Case(
        "an indicator in a loop with a delay", ("loop_needs_history",), loop_of("indicator.ema", "memory.delay"),
        node="l1", path="/nodes/8", says="20 bars",
    ),
    Case(
        "muting what an order needs", ("muted_needed",), spec(1, mode="mute"),
        node="ema", path="/nodes/1", fixes=("mode_on",), blocks=AFTER_EMA, says="order",
    ),
    Case(
        "bypassing a node that changes the kind", ("cannot_bypass",), spec(2, mode="bypass"),
        node="cross", port="out", path="/nodes/2", fixes=("mode_on",),
    ),
    Case(
        "bypassing an order", ("cannot_bypass", "no_order_output"), spec(6, mode="bypass"),
        node="order", path="/nodes/6", fixes=("mode_on",),
    ),
    Case("no order", ("no_order_output",), lambda doc: document([node("c", "source.candles")], []), says="no order"),
    Case(
        "a node nothing needs", ("unreachable_node",),
        add(node("extra", "indicator.ema"), wires=("candles.close > extra.source",)),
        node="extra", path="/nodes/7", severity="warning", fixes=("mode_mute",), blocks=(),
    ),
)  # fmt: skip

REST = (
    Case(
        "a number where a flag is needed", ("type_mismatch",), wire(3, from_="ema.out"),
        node="entry", port="enter_long", path="/edges/3", fixes=("insert_compare_above_level",),
        says="takes a flag",
    ),
    Case(
        "candles where a number is needed", ("type_mismatch",), wire(0, from_="candles.candles"),
        node="ema", port="source", path="/edges/0", fixes=("rewire",),
    ),
    Case(
        "a size where a signal is needed", ("type_mismatch",), wire(6, from_="size.out"),
        node="order", port="signal", path="/edges/6",
    ),
    Case(
        "a misspelt param", ("unknown_param", "missing_param"),
        both(drop(1, "length"), params(1, lenght=9)),
        node="ema", param="lenght", path="/nodes/1/params/lenght", fixes=("rename_param", "remove_param"),
    ),
    Case(
        "a param too many", ("unknown_param",), params(1, **{"a/b~c": 1}),
        node="ema", param="a/b~c", path="/nodes/1/params/a~1b~0c", fixes=("remove_param",),
    ),
    Case(
        "a missing param", ("missing_param",), drop(1, "length"),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param",), blocks=AFTER_EMA,
        says="a whole number from 1 to 500",
    ),
    Case(
        "a missing param without a preset", ("missing_param",),
        add(node("ask", "text.prompt"), wires=("ema.out > ask.a",)),
        node="ask", param="text", path="/nodes/7/params/text",
    ),
    Case(
        "20.0 for a whole number", ("bad_param_type",), params(1, length=20.0),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param",), says="is 20.0",
    ),
    Case(
        "a text for a number", ("bad_param_type",), params(1, length="50"),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param", "set_param"),
    ),
    Case(
        "true for a number", ("bad_param_type",), params(1, weight=True),
        node="ema", param="weight", path="/nodes/1/params/weight", fixes=("set_param",),
    ),
    Case(
        "null for a number", ("bad_param_type",), params(1, length=None),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param",),
    ),
    Case(
        "too small", ("param_out_of_range",), params(1, length=0),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param", "set_param"),
    ),
    Case(
        "at an open bound", ("param_out_of_range",), params(1, weight=1),
        node="ema", param="weight", path="/nodes/1/params/weight", fixes=("set_param",),
        says="above 0 and below 1",
    ),
    Case(
        "far too large", ("param_out_of_range",), params(1, length=10**30),
        node="ema", param="length", path="/nodes/1/params/length", fixes=("set_param", "set_param"),
    ),
    Case(
        "a pair of three", ("param_out_of_range",),
        add(node("ask", "text.prompt", text="ok", steps=[[1, 2], [1, 2, 3]]), wires=("ema.out > ask.a",)),
        node="ask", param="steps", path="/nodes/7/params/steps", fixes=("set_param",), says="steps[1]",
    ),
    Case(
        "not in the list", ("param_not_in_list",), params(1, basis="medium"),
        node="ema", param="basis", path="/nodes/1/params/basis", fixes=("set_param", "set_param"),
        says="one of 'close', 'median'",
    ),
    Case(
        "params that do not go together", ("bad_param",), params(1, length=13, weight=0.13),
        node="ema", path="/nodes/1", says="bad luck",
    ),
    Case(
        "a timeframe that does not exist", ("bad_param",), params(0, timeframe="15min"),
        node="candles", param="timeframe", path="/nodes/0/params/timeframe", fixes=("set_param",),
    ),
    Case(
        "a 4h average against 1h closes", ("time_mismatch",), two_clocks,
        node="cross", port="b", path="/edges/2", fixes=("insert_time_align",), says="gets 4h",
        options={"timeframe": "1h"},
    ),
    Case(
        "a 4h average against closes of any run", ("time_mismatch",), two_clocks,
        node="cross", port="b", path="/edges/2", fixes=("insert_time_align",),
    ),
    Case(
        "no candles of a market", ("data_missing",), params(0, symbol="ETHUSDT"),
        node="candles", path="/nodes/0", options=H1 | {"supply": [Supply("BTCUSDT", "1h", 999)]},
    ),
    Case(
        "longer candles only", ("data_missing",), lambda doc: None,
        node="candles", path="/nodes/0", options=H1 | {"supply": [Supply("BTCUSDT", "4h", 999)]},
    ),
    Case(
        "too few candles", ("warmup_too_long",), lambda doc: None,
        node="candles", path="/nodes/0", options=H1 | {"supply": [Supply("BTCUSDT", "1h", 20)]}, says="21 bars",
    ),
    Case(
        "too few candles to make longer ones of", ("warmup_too_long",), lambda doc: None,
        node="candles", path="/nodes/0", options=H1 | {"supply": [Supply("BTCUSDT", "15m", 83)]},
    ),
    Case(
        "two orders", ("several_order_writers",),
        add(node("order2", "order.place"), wires=("stop.out > order2.signal", "size.out > order2.size")),
        node="order2", path="/nodes/7", fixes=("mode_mute",), says="'order'",
    ),
    Case(
        "sizing by risk without a stop", ("missing_stop", "unreachable_node"), wire(6, from_="entry.out"),
        node="order", port="signal", path="/nodes/6", fixes=("insert_stop_percent",), says="equity at risk",
    ),
    Case(
        "a quantity without a stop", ("missing_stop",),
        lambda doc: document(
            [n for n in doc["nodes"] if n["id"] not in ("stop", "size")] + [node("size", "size.quantity")],
            ["candles.close > ema.source", "candles.close > cross.a", "ema.out > cross.b",
             "cross.out > entry.enter_long", "candles.close > entry.price", "entry.out > order.signal",
             "size.out > order.size"],
        ),
        node="order", port="signal", path="/nodes/4", severity="warning", fixes=("insert_stop_percent",),
    ),
    Case(
        "a bypassed stop", ("risk_node_off", "missing_stop"), spec(4, mode="bypass"),
        node="stop", path="/nodes/4", fixes=("mode_on",),
    ),
    Case(
        "a muted stop", ("risk_node_off", "muted_needed"), spec(4, mode="mute"),
        node="stop", path="/nodes/4", fixes=("mode_on",),
    ),
    Case(
        "a key in a prompt", ("secret_in_params",),
        add(node("ask", "text.prompt", text=f"use {KEY}"), wires=("ema.out > ask.a",)),
        node="ask", param="text", path="/nodes/7/params/text", says="a key",
    ),
    Case(
        "a path in a list of an unknown node", ("secret_in_params", "unknown_node_type"),
        add({"id": "ask", "type": "zz.qq", "version": 1, "params": {"files": [{"at": "/home/me/x.csv"}]}},
            wires=("ema.out > ask.a",)),
        node="ask", param="files", path="/nodes/7/params/files", says="path",
    ),
    Case(
        "a live node in a back-test", ("mode_not_supported",),
        both(add(node("gate", "gate.live"), wires=("stop.out > gate.signal",)), wire(6, from_="gate.out")),
        node="gate", path="/nodes/7", says="backtest",
    ),
)  # fmt: skip

CASES = STRUCTURE + REST
