"""From a valid graph to a list of steps over integer slots.

Only what a decision needs is planned.  Every output port has a slot, a step names the slots it reads, and its `key` is
a Merkle hash of type, version, params and everything upstream, so that results can be shared between runs.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.document import Graph
from engine.errors import GraphError
from engine.node import Contract, Decision, Fold, Node, Query
from engine.signature import Signature, signature_of
from engine.validate import Checked, check

SOURCE = "source.candles"
RESAMPLE = "time.resample"
SIZED = ("number", "flag", "direction", "candles", "label", "zones", "text")  # kinds with a length


class Step(msgspec.Struct, frozen=True, eq=False):
    """One node with its wiring.

    `args` are (argument, slot) pairs, `times` (argument, timeframe) pairs; `ports` names the outputs that lie in
    `slots`, in order.  `state` is the state before the first bar of a Fold or Decision.  `on_error` is the node's
    policy on failure.  `delays` marks a one-bar delay that closes a loop, `folds` a Fold, `asks` a Query,
    `across` a node of watchlist scope.  `sized` names the inputs whose length the outputs must have.  `told` are
    arguments that are known from the plan alone.
    """

    id: str
    tag: str
    node: Any
    args: tuple[tuple[str, int], ...]
    times: tuple[tuple[str, str], ...]
    ports: tuple[str, ...]
    kinds: tuple[str, ...]
    slots: tuple[int, ...]
    clock: str
    key: bytes
    on_error: str
    state: Any = None
    delays: bool = False
    folds: bool = False
    asks: bool = False
    across: bool = False
    sized: tuple[str, ...] = ()
    told: tuple[tuple[str, Any], ...] = ()
    symbols: str | None = None


class Plan(msgspec.Struct, frozen=True, eq=False):
    """Steps in the order they run; `columns` hold whole columns, `rows` run bar by bar after them.

    A group of `columns` with more than one step is a loop through a one-bar delay and runs bar by bar.  `warmup` are
    the bars of its own clock each node needs, `names` the "node.port" of each slot, `slot_clocks` its timeframe.
    """

    columns: tuple[tuple[Step, ...], ...]
    rows: tuple[Step, ...]
    names: tuple[str, ...]
    slot_clocks: tuple[str, ...]
    warmup: dict[str, int]
    clocks: dict[str, str]
    logic_hash: str


def compile_graph(graph: Graph, registry: Mapping[str, type[Contract]], timeframe: str, mode: str = "backtest") -> Plan:
    """Validate and plan a graph for candles of `timeframe`.  Raises GraphError with all issues if there is an error."""
    checked = check(graph, registry, mode=mode, timeframe=timeframe)
    if not checked.report.ok:
        raise GraphError(checked.report.issues)
    return _Planner(checked, timeframe).plan()


class _Planner:
    def __init__(self, checked: Checked, timeframe: str) -> None:
        self.nodes, self.derived, self.timeframe = checked.nodes, checked.report.derived, timeframe
        self.logic_hash = checked.report.logic_hash
        self.specs = {n.id: n for n in checked.graph.nodes}
        skipped = set(self.derived.unreachable)
        self.order = [i for i in self.derived.order if i not in skipped]
        self.slot: dict[str, int] = {}
        self.keys: dict[str, bytes] = {}

    def plan(self) -> Plan:
        for node_id in self.order:
            for port in signature_of(type(self.nodes[node_id])).outputs:
                self.slot[f"{node_id}.{port}"] = len(self.slot)
        steps = {node_id: self._step(node_id) for node_id in self.order}
        return Plan(
            columns=tuple(
                tuple(steps[i] for i in group)
                for group in self._groups()
                if not isinstance(self.nodes[group[0]], Decision | Query)
            ),
            rows=tuple(s for s in steps.values() if isinstance(s.node, Decision | Query)),
            names=tuple(self.slot),
            slot_clocks=tuple(self.derived.port_clocks.get(name) or self.timeframe for name in self.slot),
            warmup=self.derived.warmup_bars,
            clocks={i: self._clock(i) for i in self.order},
            logic_hash=self.logic_hash,
        )

    def _clock(self, node_id: str) -> str:
        return self.derived.clocks.get(node_id) or self.timeframe

    def _step(self, node_id: str) -> Step:
        node, spec = self.nodes[node_id], self.specs[node_id]
        signature = signature_of(type(node))
        wired = self.derived.bindings.get(node_id, {})
        looping = {port for port in wired if f"{node_id}.{port}" in self.derived.feedback}
        return Step(
            id=node_id,
            tag=spec.type,
            node=node,
            args=tuple((port, self.slot[wired[port]]) for port in signature.inputs if port in wired),
            times=tuple((name, self._times_clock(node_id, clock)) for name, clock in signature.times.items()),
            ports=tuple(signature.outputs),
            kinds=tuple(p.kind for p in signature.outputs.values()),
            slots=tuple(self.slot[f"{node_id}.{p}"] for p in signature.outputs),
            clock=self._clock(node_id),
            key=self._key(node_id, wired, looping),
            on_error=spec.on_error,
            state=type(node).State() if isinstance(node, Fold | Decision) else None,
            delays=bool(looping),
            folds=isinstance(node, Fold),
            asks=isinstance(node, Query),
            across=type(node).scope == "watchlist",
            sized=self._sized(signature, wired) if not signature.times and spec.type != RESAMPLE else (),
            symbols=signature.symbols,
            told=((signature.kinds, self._kinds_of(wired)),) if signature.kinds else (),
        )

    def _kinds_of(self, wired: dict[str, str]) -> dict[str, str]:
        """What kind of value each wired input gets."""
        ends = {port: source.partition(".") for port, source in wired.items()}
        return {p: signature_of(type(self.nodes[node])).outputs[out].kind for p, (node, _, out) in ends.items()}

    @staticmethod
    def _sized(signature: Signature, wired: dict[str, str]) -> tuple[str, ...]:
        """Wired inputs that are columns: all of one clock, so all of one length."""
        return tuple(p for p, i in signature.inputs.items() if p in wired and i.kind in SIZED)

    def _times_clock(self, node_id: str, clock: str) -> str:
        """Timeframe of a clock name of a node: that of the first wired input on it."""
        if clock == "":
            return self._clock(node_id)
        wired = self.derived.bindings.get(node_id, {})
        for port, declared in signature_of(type(self.nodes[node_id])).inputs.items():
            if declared.clock == clock and port in wired:
                return self.derived.port_clocks.get(wired[port]) or self.timeframe
        return self.timeframe

    def _key(self, node_id: str, wired: dict[str, str], looping: set[str]) -> bytes:
        spec = self.specs[node_id]
        digest = hashlib.blake2b(f"{spec.type}@{spec.version}".encode(), digest_size=16)
        digest.update(msgspec.json.encode(spec.params, order="deterministic"))
        for port in sorted(wired):
            source = wired[port]
            upstream = source.encode() if port in looping else self.keys[source.partition(".")[0]]
            digest.update(f"{port}<{source.partition('.')[2]}:".encode() + upstream)
        self.keys[node_id] = digest.digest()
        return self.keys[node_id]

    def _groups(self) -> list[list[str]]:
        """Nodes that must run together: single ones, and loops through a one-bar delay, in running order."""
        loops = self._loops()
        if not loops:
            return [[i] for i in self.order]
        member = {i: n for n, loop in enumerate(loops) for i in loop}
        needs = {i: [s.partition(".")[0] for s in self.derived.bindings.get(i, {}).values()] for i in self.order}
        waiting = [[i] for i in self.order if i not in member] + [
            [i for i in self.order if i in loop] for loop in loops
        ]
        placed: set[str] = set()
        groups: list[list[str]] = []
        while waiting:
            ready = next(g for g in waiting if all(n in placed or n in g for i in g for n in needs[i]))
            waiting.remove(ready)
            groups.append(ready)
            placed.update(ready)
        return groups

    def _loops(self) -> list[set[str]]:
        """Sets of nodes between a one-bar delay and the output it waits for; overlapping sets are one."""
        loops: list[set[str]] = []
        for place in self.derived.feedback:
            delay, _, port = place.partition(".")
            goal = self.derived.bindings[delay][port].partition(".")[0]
            loop = self._reached_from(delay) & (self._needed_by(goal) | {goal})
            for other in [x for x in loops if x & loop]:
                loops.remove(other)
                loop |= other
            loops.append(loop)
        return loops

    def _needed_by(self, node_id: str) -> set[str]:
        found: set[str] = set()
        queue = [node_id]
        for current in queue:
            for source in self.derived.bindings.get(current, {}).values():
                name = source.partition(".")[0]
                if name not in found:
                    found.add(name)
                    queue.append(name)
        return found

    def _reached_from(self, node_id: str) -> set[str]:
        return {node_id} | {i for i in self.order if node_id in self._needed_by(i)}


def is_loop(group: tuple[Step, ...]) -> bool:
    """Whether the steps are a loop through a one-bar delay, which runs bar by bar."""
    return group[0].delays or len(group) > 1


def is_column_step(step: Step) -> bool:
    """Whether a step computes whole columns."""
    return isinstance(step.node, Node | Fold)
