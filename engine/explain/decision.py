"""The decision slice: every node that took part in an entry with its values, and the rules of the trade."""

import math
from typing import Any

import msgspec
import numpy as np

from engine.candles import TimeColumn
from engine.columns import ColumnPass
from engine.explain.conditions import Condition
from engine.explain.names import Names
from engine.explain.wording import plain
from engine.rows import row_value, value_words
from engine.values import UNKNOWN, ExitPolicy, Signal, Size

_SPEAKING = ("flag", "direction", "signal")
_MOST_ZONES = 6  # areas told per port, those nearest the entry price
_MOST_TEXT = 300  # characters of a text


class NodeValues(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the slice: its outputs at the bar as plain values (`values`) and as words, by port."""

    node: str
    title: str
    type: str
    group: str
    timeframe: str
    values: dict[str, Any]
    words: dict[str, str]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Why an entry was wanted: deciding conditions, nodes in running order, and what the order was to be.

    `entry`, `stop` and `target` in quote currency (of a pair in the unit of its spread), None = none.
    """

    side: str
    conditions: tuple[Condition, ...]
    nodes: tuple[NodeValues, ...]
    entry: float | None
    stop: float | None
    target: float | None
    confidence: float | None
    order: str
    size: str
    exits: tuple[str, ...]


class Slicer:
    """Reads the values of nodes at a closing instant."""

    def __init__(self, one: ColumnPass, names: Names) -> None:
        self.one, self.names = one, names
        self._closes: dict[str, TimeColumn] = {}
        self._order = {node: number for number, node in enumerate(names.steps)}

    def decided(self, side: str, instant: int, conditions: tuple[Condition, ...], on_the_way: set[str]) -> Decided:
        """The slice of one bar; `on_the_way` are the nodes between conditions and decision."""
        signal = self._signal(instant)
        nodes = self._closure(on_the_way | {c.node for c in conditions})
        rules = self._rules()
        return Decided(
            side=side, conditions=conditions,
            nodes=tuple(self._node(n, instant, signal) for n in sorted(nodes, key=self._order.__getitem__)),
            **self._levels(instant, signal), order=self._order_words(),
            size="; ".join(size_words(r) for r in rules if isinstance(r, Size)) or self._sized_by(),
            exits=tuple(w for r in rules if isinstance(r, ExitPolicy) for w in exit_words(r)),
        )  # fmt: skip

    def _closure(self, nodes: set[str]) -> set[str]:
        """The nodes with those whose numbers, areas and rules they read; flags that spoke are on the way already."""
        out = set(nodes)
        for node in nodes:
            owners = (self.names.owner[slot] for _, slot in self.names.steps[node].args)
            out |= {step.id for step, _, kind in owners if kind not in _SPEAKING}
        return out

    def _rules(self) -> list[Any]:
        """Size and exit rules the decisions read."""
        slots = [slot for step in self.one.plan.rows for _, slot in step.args]
        return [self.one.values[s] for s in slots if isinstance(self.one.values[s], Size | ExitPolicy)]

    def _signal(self, instant: int) -> Any:
        """The signal a decision acts on at the instant, None if none has one."""
        for step in self.one.plan.rows:
            for _, slot in step.args:
                value = self.one.values[slot]
                if isinstance(value, Signal):
                    row = self._row(self.names.clock(slot), instant)
                    found = row_value(value, row) if row >= 0 else None
                    if found is not None and abs(found.direction) == 1:
                        return found
        return None

    def _levels(self, instant: int, signal: Any) -> dict[str, float | None]:
        """Levels of the signal; of a decision without one those it reads as numbers."""
        names = ("entry", "stop", "target", "confidence")
        if signal is not None:
            return {name: _number(signal, name) for name in names}
        out: dict[str, float | None] = dict.fromkeys(names)
        for name, slot in (arg for step in self.one.plan.rows for arg in step.args if arg[0] in names):
            column, row = self.one.values[slot], self._row(self.names.clock(slot), instant)
            if isinstance(column, np.ndarray) and 0 <= row < len(column) and column[row] == column[row]:
                out[name] = float(column[row])
        return out

    def _sized_by(self) -> str:
        """The decisions that size their orders themselves."""
        return "; ".join(f"worked out by {self.names.node(s.id)} ({s.tag})" for s in self.one.plan.rows if not s.asks)

    def _row(self, clock: str, instant: int) -> int:
        if clock not in self._closes:
            self._closes[clock] = self.one.supply.clock(clock).close_time
        return int(np.searchsorted(self._closes[clock], instant, side="right")) - 1

    def _node(self, node: str, instant: int, signal: Any) -> NodeValues:
        step = self.names.steps[node]
        near = _number(signal, "entry")
        values: dict[str, Any] = {}
        words: dict[str, str] = {}
        for port, slot, kind in zip(step.ports, step.slots, step.kinds, strict=True):
            value, row = self.one.values[slot], self._row(self.names.clock(slot), instant)
            if kind == "candles" or value is None or (row < 0 and not isinstance(value, Size | ExitPolicy)):
                continue
            values[port], words[port] = _told(kind, row_value(value, row) if row >= 0 else value, near)
        return NodeValues(
            node=node, title=self.names.node(node), type=step.tag, group=self.names.group(node),
            timeframe=self.names.clock(step.slots[0]) if step.slots else step.clock, values=values, words=words,
        )  # fmt: skip

    def _order_words(self) -> str:
        out: list[str] = []
        for step in self.one.plan.rows:
            node = step.node
            kind = getattr(node, "order", None)
            rules = [f"{n} position: {getattr(node, n)}" for n in ("same", "opposite") if hasattr(node, n)]
            what = f"{kind} order" if kind else step.tag
            name = f"{self.names.node(step.id)}: " if len(self.one.plan.rows) > 1 else ""
            out.append(name + ", ".join([what, *rules]))
        return "; ".join(out)


def _number(row: Any, name: str) -> float | None:
    value = getattr(row, name, None)
    return None if value is None or math.isnan(value) else float(value)


def _told(kind: str, value: Any, near: float | None) -> tuple[Any, str]:
    """A value as plain data and in words."""
    if isinstance(value, float):
        return (None, "not yet known") if math.isnan(value) else (value, plain(value))
    if value is None or value == UNKNOWN:
        return None, "not yet known"
    if isinstance(value, int):
        word = {1: "true", 0: "false"} if kind == "flag" else {1: "up", 0: "flat", -1: "down"}
        return (bool(value) if kind == "flag" else value), word.get(value, str(value))
    if kind == "zones":
        return _areas(value, near)
    return _told_rule(value)


def _told_rule(value: Any) -> tuple[Any, str]:
    """The same for labels, texts, rules and signals."""
    if isinstance(value, Size):
        return msgspec.to_builtins(value), size_words(value)
    if isinstance(value, ExitPolicy):
        words = exit_words(value)
        return list(words), "; ".join(words) or "none"
    if isinstance(value, str):
        text = value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]} …"
        return text, text
    direction = None if value.direction == UNKNOWN else value.direction
    levels = {n: _number(value, n) for n in value.__struct_fields__ if n != "direction"}
    return {"direction": direction} | levels, value_words(value)


def _areas(zones: tuple[Any, ...], near: float | None) -> tuple[Any, str]:
    ranked = sorted(zones, key=lambda z: 0.0 if near is None else max(z.low - near, near - z.high, 0.0))[:_MOST_ZONES]
    words = "; ".join(f"{plain(z.low)} to {plain(z.high)} ({z.touches} touches)" for z in ranked)
    rest = len(zones) - len(ranked)
    return [msgspec.to_builtins(z) for z in ranked], (words or "none") + (f"; {rest} more" if rest else "")


def size_words(size: Size) -> str:
    """A size rule in words."""
    match size.rule:
        case "risk":
            cap = f", at most {plain(size.max_loss)} in quote currency" if size.max_loss else ""
            return f"{plain(100 * size.value)} % of the equity is lost if the stop is hit{cap}"
        case "notional":
            return f"{plain(size.value)} in quote currency"
        case "equity":
            return f"{plain(100 * size.value)} % of the equity as notional"
        case _:
            return f"{plain(size.value)} in base currency"


_EXITS = {
    "stop_shift_long": "the stop of a long is moved away by {} % of {basis} before the order goes out",
    "stop_shift_short": "the stop of a short is moved away by {} % of {basis} before the order goes out",
    "proximity_percent": "with {} % left to the target the stop is pulled to {trail} % from the close",
    "trail_percent": "the stop trails {} % behind the best price",
    "atr_multiple": "the stop trails {} ATRs behind the close",
    "age_bars": "after {} bars with less than {age_min} R the stop moves by {age_by} % of R",
    "max_bars_pending": "an order not filled after {} bars is cancelled",
    "max_bars_open": "a position is closed after {} bars",
}


def exit_words(policy: ExitPolicy) -> tuple[str, ...]:
    """The exit rules that are on, in words."""
    more = {
        "basis": "the risk" if policy.stop_shift_basis == "risk" else "the price",
        "trail": plain(policy.proximity_trail),
        "age_min": plain(policy.age_min_r), "age_by": plain(policy.age_percent),
    }  # fmt: skip
    out = [text.format(plain(getattr(policy, name)), **more) for name, text in _EXITS.items() if getattr(policy, name)]
    out += [f"at {plain(reached)} R the stop moves to {plain(stop)} R" for reached, stop in policy.rr_steps]
    sides = [s for s, flag in (("long", policy.exit_long), ("short", policy.exit_short)) if flag is not None]
    if sides:
        out.append(f"a {' or '.join(sides)} is closed at market when its exit flag is true")
    return tuple(out)
