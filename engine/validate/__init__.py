"""Finds everything that is wrong with a graph, before anything runs.

    report = validate(graph, registry, timeframe="1h")
    report.ok, report.issues, report.derived.order, report.derived.warmup_bars

All problems are reported at once, in document order: a fault in one place hides none in another.  A node of an unknown
type is left out by the later phases, everything around it is still checked, and nodes that only suffer from a fault
upstream are listed in its `blocks` instead of being reported themselves.
"""

from collections.abc import Iterable, Mapping

from engine.document import Graph, logic_hash
from engine.errors import InputError
from engine.issue import Issue
from engine.node import Contract
from engine.timeframe import duration
from engine.validate.activity import switch_off
from engine.validate.clocks import RUN, check_clocks
from engine.validate.codes import CODES, MODES, PHASES, Code
from engine.validate.cycles import check_loops, report_cycles
from engine.validate.data import check_data
from engine.validate.expand import expand
from engine.validate.flow import Flow, flow_of
from engine.validate.index import Index
from engine.validate.interface import check_interfaces
from engine.validate.order import sort
from engine.validate.params import check_params
from engine.validate.places import in_document
from engine.validate.problems import Problems
from engine.validate.report import Checked, DataNeed, Derived, Report, Summary, Supply
from engine.validate.risk import check_outputs, check_risk
from engine.validate.structure import build, check_inputs
from engine.validate.types import check_types
from engine.validate.warmup import data_needed, warmup_of

__all__ = [
    "CODES",
    "MODES",
    "PHASES",
    "Checked",
    "Code",
    "DataNeed",
    "Derived",
    "Report",
    "Summary",
    "Supply",
    "check",
    "validate",
]


def validate(
    graph: Graph,
    registry: Mapping[str, type[Contract]],
    *,
    mode: str = "backtest",
    timeframe: str | None = None,
    symbol: str = "",
    supply: Iterable[Supply] | None = None,
) -> Report:
    """All problems of a graph for a mode, and what was learned about it.

    `timeframe` and `symbol` are those of the run; without a timeframe a graph is only ok if it is so on any.  `supply`
    are the candles at hand; without it, data is not asked about.  Raises InputError for an unknown mode or timeframe.
    """
    return check(graph, registry, mode=mode, timeframe=timeframe, symbol=symbol, supply=supply).report


def check(
    graph: Graph,
    registry: Mapping[str, type[Contract]],
    *,
    mode: str = "backtest",
    timeframe: str | None = None,
    symbol: str = "",
    supply: Iterable[Supply] | None = None,
) -> Checked:
    """The report of `validate` together with the node objects, for the plan."""
    if mode not in MODES:
        raise InputError(f"mode {mode!r} is not known; use one of {', '.join(MODES)}")
    if timeframe is not None:
        duration(timeframe)
    problems = Problems()
    expanded = expand(graph)
    index = build(expanded, registry, problems)
    check_params(index, problems)
    switch_off(index, problems)
    check_inputs(index, problems)
    order = sort(index)
    flow = flow_of(index, order, expanded.shown)
    check_clocks(index, flow, timeframe or RUN, problems)
    report_cycles(index, order, problems)
    check_loops(order, problems)
    check_types(index, problems)
    check_interfaces(index, expanded, problems)
    needs = data_needed(flow)
    if supply is not None:
        check_data(flow, needs, tuple(supply), symbol, problems)
    check_outputs(index, flow, problems)
    check_risk(index, flow, mode, problems)
    nodes = {v.id: v.node for v in flow.vertices if v.node is not None}
    issues = (*expanded.issues, *(in_document(expanded, issue) for issue in problems.issues()))
    return Checked(_report(graph, index, flow, needs, issues), nodes, expanded.graph)


def _report(graph: Graph, index: Index, flow: Flow, needs: tuple[DataNeed, ...], issues: tuple[Issue, ...]) -> Report:
    errors = sum(issue.severity == "error" for issue in issues)
    return Report(
        ok=not errors,
        logic_hash=logic_hash(graph),
        summary=Summary(errors, len(issues) - errors),
        issues=issues,
        derived=_derived(index, flow, needs),
    )


def _derived(index: Index, flow: Flow, needs: tuple[DataNeed, ...]) -> Derived:
    by_index = index.vertices
    return Derived(
        order=tuple(v.id for v in flow.vertices),
        bindings={
            v.id: {port: f"{w.source.id}.{w.source_port}" for port, w in flow.feeds[v.index].items()}
            for v in flow.vertices
        },
        feedback=tuple(f"{by_index[i].id}.{port}" for i, port in sorted(flow.late)),
        clocks={v.id: v.clock for v in flow.vertices},
        port_clocks={f"{v.id}.{port}": c for v in flow.vertices for port, c in v.port_clocks.items()},
        warmup_bars=warmup_of(flow),
        data_needed=needs,
        orders_from=tuple(v.id for v in flow.decisions),
        unreachable=tuple(v.id for v in index.vertices if v.index not in flow.needed and v.runs and not v.twin),
    )
