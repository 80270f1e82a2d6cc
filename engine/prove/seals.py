"""Sums up what was found about each node."""

from engine.backtest import Run
from engine.document import Graph
from engine.node import Query
from engine.plan import SOURCE, Step
from engine.prove.report import Problem, Seal, SealKind
from engine.prove.truncation import Finding
from engine.prove.warmup import Memory, lookback_of

_KINDS: dict[str, SealKind] = {
    "leak": "leaks",
    "failed": "failed",
    "unstable": "unstable",
    "warm_up": "warm_up_too_short",
    "order": "leaks",
    "early_fill": "leaks",
}  # the worst first


def seal_of(
    step: Step, finding: Finding | None, memory: Memory | None, problems: list[Problem], failed: set[str | None]
) -> Seal:
    """The seal of a node that computes columns."""
    if step.id in failed:
        return Seal(node=step.id, type=step.tag, seal="not_checked", reason="it fails on these candles")
    reason = memory.reason if memory is not None else ""
    seal: SealKind = _worst(step.id, problems) or "clean"
    if seal == "clean" and (finding is None or not finding.cuts):
        seal, reason = "not_checked", "there are not enough bars to cut"
    return Seal(
        node=step.id,
        type=step.tag,
        seal=seal,
        cuts=finding.cuts if finding else 0,
        fired=finding.fired if finding else 0,
        lookback=None if step.tag == SOURCE else lookback_of(step),
        warm_up=memory.percents if memory is not None else (),
        memory=step.folds,
        reason=reason,
    )


def seals_of_rest(graph: Graph, run: Run, problems: list[Problem]) -> list[Seal]:
    """Seals of decisions and queries, and of nodes that do not run."""
    seals: list[Seal] = []
    for step in run.plan.rows:
        if isinstance(step.node, Query):
            seals.append(Seal(node=step.id, type=step.tag, seal="not_checked", reason="it asks the world outside"))
        else:
            seals.append(Seal(node=step.id, type=step.tag, seal=_worst(step.id, problems) or "clean"))
    runs = {s.id for group in run.plan.columns for s in group} | {s.id for s in run.plan.rows}
    runs |= {name.partition("/")[0] for name in runs}  # a node that embeds a graph runs as the nodes of that
    idle = [n for n in graph.nodes if n.id not in runs]
    return seals + [
        Seal(node=n.id, type=n.type, seal="not_checked", reason="no decision needs it, so it does not run")
        for n in idle
    ]


def _worst(node: str, problems: list[Problem]) -> SealKind | None:
    kinds = {p.kind for p in problems if node in p.node.split(", ")}
    return next((seal for kind, seal in _KINDS.items() if kind in kinds), None)
