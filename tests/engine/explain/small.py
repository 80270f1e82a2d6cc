"""Small graphs that trade on a flag, run on hand-made closes and explained."""

from typing import Any

from engine.explain import Explainer, Explanation
from engine.result import Result
from tests.engine.executor import candles, graph, run

TAIL = {"candles": "source.candles", "entry": "signal.flags", "size": ("size.quantity", {"quantity": 1.0}),
        "order": "order.place"}  # fmt: skip
WIRES = ["candles.close > entry.price", "entry.out > order.signal", "size.out > order.size"]


def ran(nodes: dict[str, Any], wires: list[str], closes: Any, **request: Any) -> Result:
    """A graph with a source, a flag entry and an order around some nodes, back-tested on closes."""
    document = graph({**TAIL, **nodes}, [*WIRES, *wires])
    return run(document, candles(closes, spread=0.0), **request)


def explained(nodes: dict[str, Any], wires: list[str], closes: Any, row: int = -1, **request: Any) -> Explanation:
    """The explanation of one bar, by default the last."""
    explainer = Explainer(ran(nodes, wires, closes, **request))
    return explainer.at(row % len(explainer.base))


def told(explanation: Explanation, side: str = "long") -> list[str]:
    """The sentences of what a side lacked."""
    return [c.sentence for answer in explanation.sides if answer.side == side for c in answer.conditions]


def because(explanation: Explanation) -> list[str]:
    """The sentences of what decided."""
    assert explanation.decided is not None
    return [c.sentence for c in explanation.decided.conditions]
