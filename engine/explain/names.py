"""What nodes and their outputs are called in sentences."""

from collections.abc import Mapping
from typing import Any

from engine.document import Graph
from engine.plan import RESAMPLE, SOURCE, Plan, Step
from engine.validate.expand import expand

_CANDLES = (SOURCE, RESAMPLE)


class Names:
    """Names by node id and by slot: the label of a node if it has one, else its id; bars of other lengths are told."""

    def __init__(self, plan: Plan, graph: Any, timeframe: str) -> None:
        nodes = expand(graph).graph.nodes if isinstance(graph, Graph) else ()
        self._labels: Mapping[str, str] = {n.id: n.id[: n.id.rfind("/") + 1] + n.label for n in nodes if n.label}
        self._timeframe, self._clocks = timeframe, plan.slot_clocks
        steps = [s for group in plan.columns for s in group] + list(plan.rows)
        self.steps: dict[str, Step] = {s.id: s for s in steps}
        self.owner: dict[int, tuple[Step, str, str]] = {
            slot: (s, port, kind) for s in steps for port, kind, slot in zip(s.ports, s.kinds, s.slots, strict=True)
        }

    def node(self, node: str) -> str:
        """Label or id."""
        return self._labels.get(node, node)

    def clock(self, slot: int) -> str:
        """Timeframe of a value."""
        return self._clocks[slot]

    def of_slot(self, slot: int) -> str:
        """A value: "ema_fast", "donchian upper", "close", "close (1d)"; one brought from another clock has its name."""
        step, port, _ = self.owner[slot]
        aligned = dict(step.args).get("source") if step.tag.startswith("time.align") else None
        if aligned is not None:
            return self.of_slot(aligned)
        name = self.node(step.id)
        if step.tag in _CANDLES:
            own = step.tag == SOURCE and not step.node.symbol
            name = port if own or step.tag == RESAMPLE else f"{name} {port}"
        elif port != "out":
            name = f"{name} {port.replace('_', ' ')}"
        clock = self.clock(slot)
        return name if clock == self._timeframe else f"{name} ({clock})"

    @staticmethod
    def group(node: str) -> str:
        """The sub-graph a node stands in, "" = the graph itself."""
        return node.rpartition("/")[0]
