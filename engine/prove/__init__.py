"""Proves that a graph does not look ahead, that its warm-up is enough and that it is repeatable.

    proof = prove(request, registry, cuts=50, seed=0)
    proof.ok, proof.seals, proof.problems

Every node is cut by itself at bars where it, or what it reads, fired and at bars chosen by chance: what it gives on the
history up to a bar must be what it gave there in the run over all bars.  The whole graph is cut at some decision bars,
decisions included, and run on poisoned futures.  Flags, directions, labels, times, areas and orders must be equal,
numbers to 1e-9 of themselves (`engine.compare`).
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from time import perf_counter

import msgspec

from engine.backtest import Run, prepared
from engine.errors import InputError
from engine.matching.records import Records
from engine.node import Contract
from engine.plan import is_loop
from engine.prove.cuts import Cut, generator
from engine.prove.full import FullRun
from engine.prove.graph_warmup import graph_problems
from engine.prove.orders import decision_instants, early_fills, intents_of, order_problems
from engine.prove.report import Problem, Proof, Proved, Seal
from engine.prove.seals import seal_of, seals_of_rest
from engine.prove.truncation import LOOP_BARS, Finding, cut_group
from engine.prove.warmup import Memory, memory_of
from engine.prove.whole import (
    cut_problems,
    differing,
    has_loop,
    heirs,
    poison_problems,
    run_until,
    unstable_problems,
)
from engine.request import Request
from engine.validate import validate

__all__ = ["Problem", "Proof", "Seal", "prove"]

Progress = Callable[[float], None]
MOST_CUTS = 100_000
WHOLE, POISONED = 5, 3  # cuts and poisoned futures of the whole graph for 50 cuts of each node


def _nobody(share: float) -> None:
    pass


def prove(
    request: Request,
    registry: Mapping[str, type[Contract]],
    *,
    cuts: int = 50,
    seed: int = 0,
    progress: Progress = _nobody,
) -> Proof:
    """Prove a graph on candles; `progress` is told the share that is done.

    Raises GraphError if the graph is not valid, InputError for impossible data or settings, NodeError if a node fails
    on the whole history whose policy is to pause.
    """
    if not 1 <= cuts <= MOST_CUTS:
        raise InputError(f"{cuts} cuts of each node cannot be made; use 1 to {MOST_CUTS:,}")
    began = perf_counter()
    run = prepared(request, registry)
    proving = _Proving(run, cuts, seed, progress)
    proving.nodes()
    proving.whole(request, registry)
    return proving.proof(request, perf_counter() - began)


class _Proving:
    """A proof as it is made: the run over all bars, and what was found so far."""

    def __init__(self, run: Run, cuts: int, seed: int, progress: Progress) -> None:
        self.run, self.cuts, self.seed, self.progress = run, cuts, seed, progress
        self.full = FullRun(run.plan, run.passes)
        self.findings: dict[str, Finding] = {}
        self.memories: dict[str, Memory] = {}
        self.problems: list[Problem] = []
        self.whole_cuts = self.poisoned = 0

    def nodes(self) -> None:
        """Run everything again, then cut every node and measure its memory."""
        groups = self.run.plan.columns
        self._new(unstable_problems(self.full))
        aside = self.full.failed | {p.node for p in self.problems}  # what differs by itself shows nothing when cut
        for number, group in enumerate(groups):
            if not any(step.id in aside for step in group):
                finding = cut_group(self.full, number, group, self.cuts, self.seed)
                for step in group:
                    self.findings[step.id] = finding
                    if is_loop(group):
                        self.memories[step.id] = Memory(reason="runs bar by bar in a loop")
                    else:
                        self.memories[step.id] = memory_of(self.full, number, step, self.seed)
                self._new(self._inherited(p) for p in finding.problems)
                leaks = {p.node for p in finding.problems}  # no look-back is enough for what looks ahead
                self._new(m.problem for s in group if s.id not in leaks and (m := self.memories[s.id]).problem)
            self.progress(0.7 * (number + 1) / len(groups))

    def _inherited(self, problem: Problem) -> Problem:
        """The problem with the nodes downstream that differ on the same shorter history."""
        if problem.kind != "leak":
            return problem
        passes, there = run_until(self.full, problem.cut)
        found = differing(self.full, passes, there, problem.cut)
        return msgspec.structs.replace(problem, inherited_by=heirs(self.run.plan, found, problem.node))

    def whole(self, request: Request, registry: Mapping[str, type[Contract]]) -> None:
        """Cut, poison and repeat the whole graph."""
        if not self.run.lowers:
            self.run.match(request.policy)
        expected = intents_of(self.run)
        places = self._places(decision_instants(self.run, self.full, expected))
        self._cut_whole(places[: self._scaled(WHOLE)], expected)
        for number, cut in enumerate(places[: self._scaled(POISONED)]):
            self.poisoned += 2
            self._new(poison_problems(self.full, cut))
            self.progress(0.8 + 0.1 * (number + 1) / self._scaled(POISONED))
        self._new(early_fills(self.run))
        if not any(p.kind in ("leak", "warm_up") for p in self.problems):  # the cause is known then
            timeframe = request.markets[0].candles.timeframe
            needs = validate(request.graph, registry, timeframe=timeframe).derived.data_needed
            self._new(graph_problems(self.full, needs, [c for c in places if c.fired][: self._scaled(WHOLE)]))
        self.progress(1.0)

    def _cut_whole(self, places: list[Cut], expected: Records) -> None:
        for number, cut in enumerate(places):
            self.whole_cuts += 1
            problems, passes = cut_problems(self.full, cut)
            self._new(problems)
            if not problems and not self.full.failed:
                self._new(order_problems(self.run, self.full, expected, passes, cut))
            self.progress(0.7 + 0.1 * (number + 1) / len(places))

    def _scaled(self, count: int) -> int:
        """A number that goes with 50 cuts, for the cuts asked for."""
        return max(1, round(count * self.cuts / 50))

    def _places(self, decisions: list[Cut]) -> list[Cut]:
        """Where the whole graph is cut: at decisions and at other bars in turn, in an order of chance.

        Loops run bar by bar, in Python: they are cut early.
        """
        random = generator(self.seed, len(self.run.plan.columns))
        count = 2 * self._scaled(WHOLE)
        ends = [self._horizon(symbol) for symbol in range(len(self.full.passes))]
        within = [c for c in decisions if c.instant < ends[c.symbol]]
        first = [within[i] for i in random.permutation(len(within))[:count]]
        others: list[Cut] = []
        for symbol in range(len(self.full.passes)):
            closes = self.full.closes(symbol, self.full.supplies[symbol].base.timeframe)[:-1]
            closes = closes[closes < ends[symbol]]
            others += [Cut(symbol, int(c), False) for c in random.permutation(closes)[:count]]
        mixed = [c for pair in zip_longest(first, others) for c in pair if c is not None]
        return mixed[:count]

    def _horizon(self, symbol: int) -> int:
        base = self.full.supplies[symbol].base
        last = min(len(base), LOOP_BARS // self._scaled(WHOLE)) if has_loop(self.run.plan) else len(base)
        return int(base.time[last - 1]) + base.bar_ms if last else 0

    def _new(self, problems: Iterable[Problem]) -> None:
        """Keep the first problem of each kind and node; one that is not repeatable differs in every other way too."""
        for problem in problems:
            known = [p.kind for p in self.problems if p.node == problem.node]
            if problem.kind not in known and "unstable" not in known:
                self.problems.append(problem)

    def proof(self, request: Request, seconds: float) -> Proof:
        """Everything found, as one value."""
        seals = [
            seal_of(step, self.findings.get(step.id), self.memories.get(step.id), self.problems, self.full.failed)
            for group in self.run.plan.columns
            for step in group
        ]
        seals += seals_of_rest(request.graph, self.run, self.problems)
        return Proof(
            graph=request.graph.id,
            logic_hash=self.run.plan.logic_hash,
            ok=not self.problems and not self.full.failed,
            data=tuple(
                Proved(symbol=c.symbol, timeframe=c.timeframe, bars=len(c), identity=c.identity)
                for c in (s.base for s in self.full.supplies)
            ),
            seals=tuple(seals),
            problems=tuple(self.problems),
            cuts=self.cuts,
            seed=self.seed,
            node_cuts=sum(f.cuts for f in self.findings.values()),
            whole_cuts=self.whole_cuts,
            poisoned=self.poisoned,
            seconds=seconds,
        )
