"""A graph around each of the ten nodes: clean nodes before it and after it."""

from typing import Any

import numpy as np

from engine.candles import Candles, make_candles
from engine.document import Graph
from engine.sim.synthetic import Market, synthetic_candles
from tests.engine.executor import graph
from tests.engine.leaks.nodes import LEAKY

ORDER = {"order": "order.place", "size": ("size.quantity", {"quantity": 1.0}), "entry": "signal.flags"}
PLACED = ["size.out > order.size", "c.close > entry.price"]
BEFORE = {"c": "source.candles", "before": ("indicator.sma", {"length": 5})}
NUMBERS = ["c.close > before.source"]
SLOW = ("time.resample", {"timeframe": "4h", "if_shorter": "refuse"})

# The wires and nodes between candles and the order, by the name of the leak; "culprit" is the node under test.
INNER: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "number": (
        {"after": "compare.greater"},
        [*NUMBERS, "before.out > culprit.a", "culprit.out > after.a", "before.out > after.b"],
        "after.out",
    ),
    "repainting_pivot": (
        {"after": "logic.and", "calm": ("compare.above_level", {"level": 0.0})},
        [*NUMBERS, "c.candles > culprit.candles", "before.out > calm.a", "culprit.out > after.a", "calm.out > after.b"],
        "after.out",
    ),
    "forming_hour": (
        {"after": "compare.greater"},
        [*NUMBERS, "c.candles > culprit.candles", "before.out > after.a", "culprit.out > after.b"],
        "after.out",
    ),
    "resample_label": (
        {"after": "compare.greater", "aligned": "time.align"},
        [
            *NUMBERS, "c.candles > culprit.candles", "culprit.close > aligned.source", "c.candles > aligned.candles",
            "before.out > after.a", "aligned.out > after.b",
        ],
        "after.out",
    ),
    "back_fill": (
        {"after": "compare.greater", "holes": "clean.holes"},
        [
            *NUMBERS, "before.out > holes.a", "holes.out > culprit.a", "culprit.out > after.a", "before.out > after.b",
        ],
        "after.out",
    ),
    "wrong_align": (
        {"after": "compare.greater", "slow": SLOW},
        [
            *NUMBERS, "c.candles > slow.candles", "slow.close > culprit.source", "c.candles > culprit.candles",
            "before.out > after.a", "culprit.out > after.b",
        ],
        "after.out",
    ),
}  # fmt: skip
INNER["split_adjust"] = INNER["forming_hour"]
INNER["close_of_bar"] = (
    {"after": ("gate.confidence", {"minimum": 0.1}), "up": "compare.cross_above"},
    [*NUMBERS, "c.close > up.a", "before.out > up.b", "entry.out > culprit.signal", "culprit.out > after.signal"],
    "up.out",
)


def graph_around(kind: str, name: str) -> Graph:
    """The graph with `leak.<name>` or `clean.<name>` in it."""
    nodes, edges, flag = INNER.get(name, INNER["number"])
    last = "after.out" if name == "close_of_bar" else "entry.out"
    wires = [*edges, *PLACED, f"{flag} > entry.enter_long", f"{last} > order.signal"]
    return graph({**BEFORE, "culprit": f"{kind}.{name}", **nodes, **ORDER}, wires, LEAKY)


def market(bars: int = 3000) -> Candles:
    """A market of 15 minute bars with a split of 1 to 2 after three quarters of them."""
    whole = synthetic_candles(5, bars, Market(symbol="TEST", timeframe="15m"))
    price = np.where(np.arange(bars) < 3 * bars // 4, 2.0, 1.0)
    columns = {n: getattr(whole, n) * price for n in ("open", "high", "low", "close")}
    return make_candles("TEST", "15m", time=whole.time, volume=whole.volume, **columns)
