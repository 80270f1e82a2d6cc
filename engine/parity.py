"""Shows that a graph decides the same bar by bar as in one vector pass.

    answer = parity(request, registry, bars=500)
    answer.ok, answer.differences

The last bars are fed one at a time, as a live run gets them, to `engine.live`, which begins behind the history before
them with the states of its folds read from a checkpoint.  Flags, directions, labels, times, areas, orders, fills and
trades must be equal, numbers to 1e-9 of themselves.
"""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.backtest import Run, prepared
from engine.candles import Candles
from engine.columns import ColumnPass, run_columns
from engine.compare import Difference, Plain, close_numbers, first_difference, shown
from engine.errors import InputError
from engine.live import LiveColumns, joined
from engine.matching.records import Records
from engine.node import Contract
from engine.prove.full import FullRun, cut_supply
from engine.prove.orders import first_other, intents_of, words_of
from engine.prove.report import Proved
from engine.prove.truncation import bar_time, utc
from engine.request import Request
from engine.rows import rows_of

MOST_BARS = 1_000_000


class Disparity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is another bar by bar than in the vector pass.

    `what` is "value", "order", "fill", "trade" or "equity"; `live` is the value bar by bar, `vector` that of the
    vector pass (None = not yet known); `bar_time` is the closing instant (ms UTC) of the bar.  `inherited` says that
    the node reads something that differs too.
    """

    what: str
    node: str
    port: str
    symbol: str
    bar_time: int
    live: Plain
    vector: Plain
    message: str
    inherited: bool = False


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `parity`: `differences` in the order of bars, then of nodes; the first names the cause.

    `bars` were fed one at a time behind `history` bars; `values` rows of wires, `orders` and `fills` were compared.
    """

    graph: str
    logic_hash: str
    ok: bool
    data: tuple[Proved, ...]
    history: int
    bars: int
    values: int
    orders: int
    fills: int
    differences: tuple[Disparity, ...]
    ms_per_bar: float
    seconds: float


def _nobody(share: float) -> None:
    pass


def parity(
    request: Request,
    registry: Mapping[str, type[Contract]],
    *,
    bars: int = 500,
    progress: Callable[[float], None] = _nobody,
) -> Parity:
    """Compare the last `bars` bars of a graph, one at a time, with the vector pass; `progress` gets the share done.

    Raises GraphError if the graph is not valid, InputError for impossible data or settings, NodeError if a node fails
    whose policy is to pause.
    """
    if not 1 <= bars <= MOST_BARS:
        raise InputError(f"{bars} bars cannot be fed one at a time; use 1 to {MOST_BARS:,}")
    began = perf_counter()
    run = prepared(request, registry)
    replay = _Replay(run, bars)
    replay.feed(progress)
    differences = [*replay.values_that_differ(), *replay.orders_that_differ()]
    matched = replay.batch
    return Parity(
        graph=request.graph.id,
        logic_hash=run.plan.logic_hash,
        ok=not differences,
        data=tuple(
            Proved(symbol=c.symbol, timeframe=c.timeframe, bars=len(c), identity=c.identity)
            for c in (s.base for s in replay.full.supplies)
        ),
        history=replay.history,
        bars=len(replay.instants),
        values=replay.compared,
        orders=len(intents_of(run)),
        fills=len(matched.executions),
        differences=tuple(differences),
        ms_per_bar=replay.feeding * 1000 / len(replay.instants),
        seconds=perf_counter() - began,
    )


class _Replay:
    """The last bars of a run, fed one at a time."""

    def __init__(self, run: Run, bars: int) -> None:
        self.run, self.full = run, FullRun(run.plan, run.passes)
        closes = [s.base.close_time for s in self.full.supplies]
        instants = np.unique(np.concatenate(closes))
        begun = int(np.searchsorted(instants, max((int(c[0]) for c in closes if len(c)), default=0)))
        start = max(len(instants) - bars, begun + 1)
        if start >= len(instants):
            raise InputError("parity needs at least two bars of every market; give more candles")
        self.history, self.before = start, int(instants[start - 1])
        self.instants: NDArray[np.int64] = instants[start:]
        self.passes = run_columns(
            run.plan, tuple(cut_supply(s, self.full.now(i, self.before) or 0) for i, s in enumerate(self.full.supplies))
        )
        stored = LiveColumns.resume(run.plan, self.passes).checkpoint()
        self.live = LiveColumns.resume(run.plan, self.passes, stored)
        self.news: list[list[list[Any]]] = [[[] for _ in run.plan.names] for _ in run.passes]
        self.compared, self.feeding = 0, 0.0
        self.batch = run.match(run.request.policy)

    def feed(self, progress: Callable[[float], None]) -> None:
        """Feed the bars and keep the rows of every wire."""
        streams = self._streams()
        known = {key: int(np.searchsorted(c.close_time, self.before, side="right")) for key, c in streams.items()}
        closes = {key: c.close_time for key, c in streams.items()}
        for number, instant in enumerate(self.instants):
            closed: list[Candles] = []
            for key, candles in streams.items():
                stop = int(closes[key].searchsorted(instant, side="right"))
                if stop > known[key]:
                    closed.append(candles.part(known[key], stop))
                    known[key] = stop
            began = perf_counter()
            self.live.advance(closed)
            self.feeding += perf_counter() - began
            for symbol, news in enumerate(self.live.news):
                for slot, rows in news.items():
                    self.news[symbol][slot].append(rows)
            if number % 100 == 0:
                progress(number / len(self.instants))
        progress(1.0)

    def _streams(self) -> dict[tuple[str, str], Candles]:
        """All candles that come in, by symbol and timeframe."""
        supplies = self.full.supplies
        given = [c for s in supplies for c in s.others.values()] + [s.base for s in supplies]
        return {(c.symbol, c.timeframe): c for c in given}

    def values_that_differ(self) -> list[Disparity]:
        """The first difference of each node, in the order of bars, then of nodes; what only inherits it comes last."""
        found: list[tuple[int, Disparity]] = []
        differs: set[int] = set()
        for place, step in enumerate(s for group in self.run.plan.columns for s in group):
            worst = self._of_step(step.ports, step.slots)
            if worst is not None:
                inherited = any(slot in differs for _, slot in step.args)
                differs.update(step.slots)
                port, slot, symbol, difference = worst
                found.append((place, self._disparity(step.id, port, slot, symbol, difference, inherited)))
        return [d for _, d in sorted(found, key=lambda f: (f[1].inherited, f[1].bar_time, f[0]))]

    def _of_step(self, ports: tuple[str, ...], slots: tuple[int, ...]) -> tuple[str, int, int, Difference] | None:
        """The earliest difference of a node, over its ports and all symbols."""
        first: tuple[int, str, int, int, Difference] | None = None
        for symbol in range(len(self.full.passes)):
            for port, slot in zip(ports, slots, strict=True):
                difference = self._of_slot(symbol, slot)
                if difference is not None:
                    time = bar_time(self.full, symbol, slot, difference.row)
                    if first is None or time < first[0]:
                        first = (time, port, slot, symbol, difference)
        return None if first is None else first[1:]

    def _of_slot(self, symbol: int, slot: int) -> Difference | None:
        whole = self.full.passes[symbol].values[slot]
        start = self._start(symbol, slot)
        stop = self.full.slot_rows(symbol, slot, int(self.instants[-1]))
        news = self.news[symbol][slot]
        self.compared += stop - start
        if not news:
            return None if start == stop else Difference(start, "", "no rows", f"{stop - start} rows")
        difference = first_difference(joined(news), rows_of(whole, start, stop), stop - start, like=whole)
        return None if difference is None else msgspec.structs.replace(difference, row=difference.row + start)

    def _start(self, symbol: int, slot: int) -> int:
        return self.full.slot_rows(symbol, slot, self.full.now(symbol, self.before) or 0)

    def _disparity(self, node: str, port: str, slot: int, symbol: int, found: Difference, inherited: bool) -> Disparity:
        time = bar_time(self.full, symbol, slot, found.row)
        place = f"{node}.{port}.{found.part}" if found.part else f"{node}.{port}"
        return Disparity(
            what="value",
            node=node,
            port=port,
            symbol=self.full.symbols[symbol],
            bar_time=time,
            live=found.found,
            vector=found.expected,
            inherited=inherited,
            message=(
                f"{place} of {self.full.symbols[symbol]} at the bar that closes {utc(time)} is {shown(found.found)}"
                f" bar by bar and {shown(found.expected)} in the vector pass"
            ),
        )

    def orders_that_differ(self) -> list[Disparity]:
        """Decisions on the rows that came one at a time, and their fills by a matching engine that runs bar by bar."""
        request = msgspec.structs.replace(self.run.request, lowered=False)
        live = Run(request, self.run.plan, self.run.markets, self._joined_passes())
        start = int(np.searchsorted(live.closing, self.before, side="right"))
        matched = live.match(request.policy, single_from=start)
        expected, found = intents_of(self.run), intents_of(live)
        out: list[Disparity] = []
        at = first_other(found, expected)
        if at is not None:
            bar = min(int(log["bar"][at]) for log in (found, expected) if at < len(log))
            out.append(self._decided("order", int(live.closing[bar]), words_of(found, at), words_of(expected, at)))
        for what, ours, theirs in (
            ("fill", matched.executions, self.batch.executions),
            ("trade", matched.trades, self.batch.trades),
        ):
            at = first_other(ours, theirs, ours.dtype.names or ())
            if at is not None:
                time = min(int(log[_TIME[what]][at]) for log in (ours, theirs) if at < len(log))
                out.append(self._decided(what, time, _record_words(ours, at), _record_words(theirs, at)))
        differs = np.flatnonzero(~close_numbers(matched.equity, self.batch.equity, self.batch.equity))
        if len(differs):
            bar = int(differs[0])
            ours, theirs = float(matched.equity[bar]), float(self.batch.equity[bar])
            out.append(self._decided("equity", int(live.closing[bar]), ours, theirs))
        return out

    def _joined_passes(self) -> tuple[ColumnPass, ...]:
        """Passes whose values are those of the history with the rows that came one at a time behind them."""
        passes: list[ColumnPass] = []
        for symbol, (before, whole) in enumerate(zip(self.passes, self.full.passes, strict=True)):
            one = ColumnPass(self.run.plan, whole.supply)
            one.dropped = self.live.lanes[symbol].dropped
            one.values = [
                value if value is None or not news else joined([value, *news])
                for value, news in zip(before.values, self.news[symbol], strict=True)
            ]
            passes.append(one)
        return tuple(passes)

    def _decided(self, what: str, time: int, live: Plain, vector: Plain) -> Disparity:
        nodes = ", ".join(step.id for step in self.run.plan.rows)
        first = f"the first {what} that differs, at {utc(time)}"
        return Disparity(
            what=what,
            node=nodes,
            port="",
            symbol="",
            bar_time=time,
            live=live,
            vector=vector,
            message=f"{first}: {shown(live)} bar by bar, {shown(vector)} in one pass",
        )


_TIME = {"fill": "time", "trade": "entry_time"}


def _record_words(log: Records, at: int) -> str:
    """A fill or trade in words."""
    if at >= len(log):
        return "none"
    names = [n for n in ("side", "quantity", "price", "entry_price", "exit_price") if n in (log.dtype.names or ())]
    return ", ".join(f"{n.replace('_', ' ')} {float(log[n][at]):.10g}" for n in names)
