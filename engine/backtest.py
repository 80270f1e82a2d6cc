"""Back-test a graph: validate, plan, columns, decisions, matching, metrics.

Where every decision is built in, all intents are lowered from their signal columns and the kernel runs over the whole
history at once; otherwise the row pass drives the same kernel bar by bar.  Both give identical trades.
"""

from collections.abc import Mapping
from functools import cached_property
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import Candles
from engine.columns import ColumnCache, ColumnPass, Supply, failure, run_columns
from engine.errors import NodeError
from engine.instruments import infer_instrument
from engine.intents import ExitBook, lower, record_of
from engine.legs import arranged
from engine.matching.engine import Market, MatchingEngine, Tables
from engine.matching.policy import Policy, pessimistic_twin
from engine.matching.records import INTENT, Records
from engine.matching.tables import build_tables, lower_exits
from engine.metrics import Metrics, compute_metrics
from engine.node import Account, Contract, Holding
from engine.notes import data_info, notes_of
from engine.plan import Plan, Step, compile_graph
from engine.request import MarketData, Request, check_request, cut, finest_candles
from engine.result import Result
from engine.session import Session, Wanted, drive
from engine.trace import Trace


def backtest(request: Request, registry: Mapping[str, type[Contract]], cache: ColumnCache | None = None) -> Result:
    """Run a back-test.

    Raises GraphError if the graph is not valid, InputError for impossible data or settings, NodeError if a node fails
    whose policy is to pause.
    """
    began = perf_counter()
    run = prepared(request, registry, cache)
    matching = run.match(request.policy)
    metrics = run.metrics(matching)
    return run.result(matching, metrics, run.twin_metrics(matching, metrics), began)


def backtest_metrics(
    request: Request, registry: Mapping[str, type[Contract]], cache: ColumnCache | None = None
) -> Metrics:
    """The metrics of `backtest` without the rest of its result, which a sweep would throw away."""
    run = prepared(request, registry, cache)
    return run.metrics(run.match(request.policy))


def prepared(request: Request, registry: Mapping[str, type[Contract]], cache: ColumnCache | None = None) -> "Run":
    """Plan, columns and decisions: all that comes before the matching."""
    check_request(request)
    plan = compile_graph(request.graph, registry, request.markets[0].candles.timeframe)
    warmup = max(plan.warmup.values(), default=0)
    arranged_markets, deciding, notes = arranged(request.markets, plan)
    markets = tuple(cut(m, request, warmup) for m in arranged_markets)
    supplies = tuple(Supply(m.candles, m.others) for m in markets[:deciding])
    return Run(request, plan, markets, run_columns(plan, supplies, cache), notes)


class Run:
    """One back-test between vector pass and result.

    The first `markets` have a pass each and decide; those behind them are legs, traded by the decisions of the first.
    """

    def __init__(
        self, request: Request, plan: Plan, markets: tuple[MarketData, ...], passes: tuple[ColumnPass, ...],
        notes: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.request, self.plan, self.markets, self.passes = request, plan, markets, passes
        self.instruments = tuple(m.instrument or infer_instrument(m.candles) for m in markets)
        self.finest = tuple(finest_candles(m) for m in markets)
        self.venues = tuple(
            Market(f, i, m.funding, m.mark) for f, i, m in zip(self.finest, self.instruments, markets, strict=True)
        )
        self.place = {m.candles.symbol: s for s, m in enumerate(markets)}
        self.notes = notes
        self.clock = plan.rows[-1].clock
        self.exits = ExitBook()
        self.issues = [i for one in passes for i in one.issues]
        self.tables: Tables = build_tables(self.venues, request.policy.funding == "applied")
        self.bar_of_row = [self._bar_of_row(s) for s in range(len(passes))]
        self.first_rows = [self._first_row(s) for s in range(len(passes))]
        self.lowers = request.lowered and all(getattr(s.node, "lowers", False) for s in plan.rows)
        self.intents = self._lower() if self.lowers else np.zeros(0, INTENT)
        self.sent: list[Records] = []  # intents of the last row pass, in the order they were given

    def _decision_candles(self, symbol: int) -> Candles:
        return self.passes[symbol].supply.clock(self.clock)

    def _bar_of_row(self, symbol: int) -> NDArray[np.int64] | None:
        """Per decision row the finest bar that closes with it, -1 outside the run; None if they are the same bars.

        Given candles of another timeframe may begin before the run and go on after it.
        """
        rows = self._decision_candles(symbol)
        time = self.tables.time
        if rows.time is time:
            return None
        closes = rows.close_time
        bars = np.searchsorted(time, closes, side="left").astype(np.int64) - 1
        return np.where(closes > time[-1] + self.tables.bar_ms, -1, bars)

    def _first_row(self, symbol: int) -> int:
        """First row that may decide: warm-up complete, and not before the start of the run."""
        warm = max((self.plan.warmup.get(s.id, 1) for s in self.plan.rows), default=1) - 1
        start = self.request.start
        if start is None:
            return warm
        return max(warm, int(np.searchsorted(self._decision_candles(symbol).close_time, start)))

    def _rows_table(self) -> NDArray[np.int32]:
        if all(bars is None for bars in self.bar_of_row):
            return np.zeros((0, 0), np.int32)
        table = np.full((len(self.markets), len(self.tables.time)), -1, np.int32)
        legs = len(self.markets) - len(self.passes)  # their bars are those of the market that decides on them
        for row, bars in zip(table, [*self.bar_of_row, *[self.bar_of_row[0]] * legs], strict=True):
            if bars is None:
                row[:] = np.arange(len(row))
            else:
                row[bars[bars >= 0]] = np.flatnonzero(bars >= 0)
        return table

    def _lower(self) -> Records:
        parts = [
            self._lowered(step, s) for s, one in enumerate(self.passes) if not one.dropped for step in self.plan.rows
        ]
        if len(parts) == 1:
            return parts[0]
        joined = np.concatenate(parts) if parts else np.zeros(0, INTENT)
        return joined[np.argsort(joined["bar"], kind="stable")]

    def _lowered(self, step: Step, symbol: int) -> Records:
        try:
            return lower(
                step, self.passes[symbol], symbol, self.first_rows[symbol], self.bar_of_row[symbol], self.exits
            )
        except NodeError:
            raise
        except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of that node
            self.issues.append(failure(step, self.passes[symbol].supply.base.symbol, error))
            return np.zeros(0, INTENT)

    def match(self, policy: Policy, *, single_from: int | None = None) -> MatchingEngine:
        """Run the matching engine over the whole history under a policy; from a bar on bar by bar, as when live."""
        engine = MatchingEngine(
            self.tables, self.instruments, policy, self.request.capital, lower_exits(self.exits.policies),
            self._rows_table(), max(256, len(self.intents)),
        )  # fmt: skip
        if self.lowers:
            engine.submit(self.intents)
        else:
            self._row_pass(engine, single_from)
        _advance(engine, len(self.tables.time), single_from)
        engine.finish()
        return engine

    def _row_pass(self, engine: MatchingEngine, single_from: int | None) -> None:
        """Drive sessions bar by bar: the kernel up to the close of a row, then the decisions of that row."""
        self.sent = []
        sessions = [Session(self.plan, one) for one in self.passes]
        for bar, symbol, row in self._schedule():
            session = sessions[symbol]
            if not session.concerns(row):
                continue
            _advance(engine, bar + 1, single_from)

            def answer(effect: Any, bar: int = bar, symbol: int = symbol) -> None:
                if isinstance(effect, Wanted) and effect.intent.action == "refuse":
                    engine.refused[effect.intent.reason] += 1
                elif isinstance(effect, Wanted):
                    known, place = len(self.exits.policies), self._place(effect, symbol)
                    self.sent.append(record_of(effect.intent, bar, place, self.exits, effect.node))
                    engine.submit(self.sent[-1])
                    if len(self.exits.policies) > known:
                        engine.exits = lower_exits(self.exits.policies)

            drive(session.bar(row, account_of(engine, symbol, self.place)), answer)
        self.issues.extend(i for s in sessions for i in s.issues)

    def _place(self, wanted: Wanted, symbol: int) -> int:
        """The market an intent is for.  Raises NodeError for one that is no leg of the node or not there."""
        name = wanted.intent.symbol
        if not name:
            return symbol
        legs = next(s.node.legs() for s in self.plan.rows if s.id == wanted.node)
        if name not in legs or name not in self.place:
            raise NodeError(wanted.node, f"it sent an order for {name}, which this run does not trade")
        return self.place[name]

    def _schedule(self) -> list[tuple[int, int, int]]:
        """(finest bar, symbol, row) of every row that may decide, in time order."""
        out: list[tuple[int, int, int]] = []
        for s, one in enumerate(self.passes):
            if one.dropped:
                continue
            bars = self.bar_of_row[s]
            for row in range(self.first_rows[s], len(self._decision_candles(s))):
                bar = row if bars is None else int(bars[row])
                if bar >= 0:
                    out.append((bar, s, row))
        return sorted(out)

    @cached_property
    def closing(self) -> NDArray[np.int64]:
        """Closing instants of the finest bars."""
        return self.tables.time + self.tables.bar_ms

    def _offset(self) -> int:
        """Finest bar with which the run begins; those before it are warm-up."""
        start = self.request.start
        return 0 if start is None else int(np.searchsorted(self.tables.time, start))

    def metrics(self, engine: MatchingEngine) -> dict[str, Any]:
        """All metrics of a finished run."""
        at = self._offset()
        one = self.finest[0] if len(self.finest) == 1 else None
        return compute_metrics(
            self.closing[at:],
            engine.equity[at:],
            _shifted(engine.trades, at),
            self.request.capital,
            first_open=float(one.open[at]) if one else None,
            last_close=float(one.close[-1]) if one else None,
        )

    def twin_metrics(self, engine: MatchingEngine, metrics: dict[str, Any]) -> dict[str, Any]:
        """Metrics of the stop-first twin; where no bar was ambiguous it is the same run."""
        if engine.policy.path == "pessimistic" or int(engine.account["ambiguous"][0]) == 0:
            return metrics
        return self.metrics(self.match(pessimistic_twin(engine.policy)))

    def result(self, engine: MatchingEngine, metrics: dict[str, Any], twin: dict[str, Any], began: float) -> Result:
        """Everything about the run as one value."""
        request, at = self.request, self._offset()
        data = tuple(
            data_info(m, f, i, request.policy, self.markets[0].candles.symbol if s >= len(self.passes) else "")
            for s, (m, f, i) in enumerate(zip(self.markets, self.finest, self.instruments, strict=True))
        )
        issues = tuple(self.issues)
        decisions = tuple(self._decision_candles(s) for s in range(len(self.passes)))
        return Result(
            graph=request.graph,
            logic_hash=self.plan.logic_hash,
            data=data,
            candles=self.finest if at == 0 else tuple(f.part(at, len(f)) for f in self.finest),
            policy=msgspec.structs.asdict(request.policy),
            policy_id=request.policy.id,
            settings={"capital": request.capital, "from": request.start, "to": request.end},
            time=self.closing[at:],
            equity=engine.equity[at:],
            trades=_shifted(engine.trades, at),
            fills=_shifted(engine.executions, at),
            metrics=metrics,
            pessimistic=twin,
            rejected=engine.rejected,
            notes=self.notes + notes_of(data, metrics, twin, issues, self.first_rows, decisions),
            traces=tuple(Trace(self.plan, p.supply.base.symbol, p, issues) for p in self.passes),
            seconds=perf_counter() - began,
        )


def _advance(engine: MatchingEngine, end: int, single_from: int | None) -> None:
    """Advance to bar `end` (exclusive) in one call, from bar `single_from` on in one for each bar."""
    first = end if single_from is None else max(int(engine.account["bar"][0]) + 1, min(single_from, end))
    for bar in range(first, end + 1):
        engine.run(bar)


def _shifted(log: Records, offset: int) -> Records:
    """A trade or fill log with bars counted from `offset`."""
    if offset == 0:
        return log
    log = log.copy()
    for name in ("bar", "decision_bar", "entry_bar", "exit_bar"):
        if name in (log.dtype.names or ()):
            log[name] -= offset
    return log


def account_of(engine: MatchingEngine, symbol: int, places: Mapping[str, int]) -> Account:
    """The account as a decision sees it; `places` are the markets of the run by symbol."""
    cash = float(engine.account["cash"][0])
    held = engine.positions["quantity"] * (engine.positions["last"] - engine.positions["entry"])
    rules = {"" if s == symbol else name: engine.instruments[s] for name, s in places.items()}
    others = {name: p for name, s in places.items() if s != symbol and (p := _holding(engine, s)) is not None}
    return Account(cash + float(held.sum()), cash, _holding(engine, symbol), others, rules)


def _holding(engine: MatchingEngine, symbol: int) -> Holding | None:
    p = engine.positions[symbol]
    if p["quantity"] == 0:
        return None
    return Holding(float(p["quantity"]), float(p["entry"]), float(p["stop"]), float(p["target"]))
