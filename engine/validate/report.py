"""What the validator answers: every problem, and what it learned about the graph on the way."""

import msgspec

from engine.document import Graph
from engine.issue import Issue
from engine.node import Contract


class Supply(msgspec.Struct, frozen=True):
    """Candles that are there: how many closed bars of a symbol on a timeframe."""

    symbol: str
    timeframe: str
    bars: int


class DataNeed(msgspec.Struct, frozen=True):
    """Candles a run needs before its first decision; "" is the symbol or timeframe of the run."""

    symbol: str
    timeframe: str
    bars: int


class Summary(msgspec.Struct, frozen=True):
    """How many problems of which severity."""

    errors: int
    warnings: int


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a graph; complete only if the report is ok, otherwise as far as the problems allow.

    order         ids of the nodes that run (not muted, not bypassed), every node after what it needs, ties by id
    bindings      per node: input port → the output "node.port" that feeds it, bypassed nodes already stepped over
    feedback      inputs "node.port" of one-bar delays that close a loop: they get the value of the previous bar
    clocks        per node its timeframe: "" = the run's, None = works without one
    port_clocks   per output "node.port" its timeframe
    warmup_bars   per node, in bars of its own clock: from this bar on its output can be trusted (own look-back added
                  up along the longest path)
    data_needed   candles the run has to have before its first decision
    orders_from   ids of the decisions
    unreachable   ids of nodes no decision needs; they need not run
    """

    order: tuple[str, ...]
    bindings: dict[str, dict[str, str]]
    feedback: tuple[str, ...]
    clocks: dict[str, str | None]
    port_clocks: dict[str, str | None]
    warmup_bars: dict[str, int]
    data_needed: tuple[DataNeed, ...]
    orders_from: tuple[str, ...]
    unreachable: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `validate`; encodes to JSON as it is."""

    ok: bool
    logic_hash: str
    summary: Summary
    issues: tuple[Issue, ...]
    derived: Derived


class Checked(msgspec.Struct, frozen=True):
    """A report and what the plan needs: the node objects by id (nodes with faults lack), and the flat graph."""

    report: Report
    nodes: dict[str, Contract]
    graph: Graph
