"""A run in the worker: from packed inputs to everything that is stored, telling how far it is."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, cast

import msgspec
import numpy as np

from engine.backtest import Run, prepared
from engine.candles import COLUMNS, Candles
from engine.columns import ColumnCache, on_clock
from engine.explain import Explainer
from engine.plan import Plan, compile_graph
from engine.registry import Registry
from engine.request import Request
from engine.result import FILL, TRADE, Result
from engine.trade_rows import identity, trade_rows
from server.backtests.slices import slice_of
from server.backtests.tables import Inputs, pieces_of, request_of
from server.backtests.wires import chunks_of, wires_of
from server.report.packing import segments
from server.report.series import equity_series, monthly_returns
from server.store.outcome import Finished, Trace, TradeRow, packed_json
from server.store.packing import pack, pack_columns

SLICES = 2_000  # decision slices that are stored; those of further trades are made when somebody asks
_SPARK = 60  # points of the small curve in lists
_SHARES = {"candles": 0.02, "columns": 0.4, "matching": 0.5, "metrics": 0.55, "trace": 0.85, "explanations": 0.97}
Tell = Callable[[str, float, str], None]


class Watch(ColumnCache):
    """Stands where results of nodes are looked up: keeps nothing, and tells which node runs."""

    def __init__(self, plan: Plan, markets: int, tell: Tell) -> None:
        super().__init__()
        steps = [step for group in plan.columns for step in group]
        self._names = {step.key: step.id for step in steps}
        self._all, self._done, self._tell = max(1, len(steps) * markets), 0, tell

    def get(self, key: Any) -> Any:
        """Nothing is kept."""
        name = self._names.get(key[0], "")
        share = _between("candles", "columns", min(1.0, self._done / self._all))
        self._done += 1
        self._tell("columns", share, name)

    def put(self, key: Any, outputs: tuple[Any, ...]) -> None:
        """Nothing is kept."""


def _between(before: str, stage: str, part: float) -> float:
    first, last = _SHARES[before], _SHARES[stage]
    return first + (last - first) * part


def executed(request: Request, registry: Registry, tell: Tell) -> tuple[Run, Result]:
    """The run and its result.  Raises what the engine raises."""
    began = perf_counter()
    plan = compile_graph(request.graph, registry, request.markets[0].candles.timeframe)
    run = prepared(request, registry, Watch(plan, len(request.markets), tell))
    tell("matching", _SHARES["columns"], "")
    matching = run.match(request.policy)
    tell("metrics", _SHARES["matching"], "")
    metrics = run.metrics(matching)
    return run, run.result(matching, metrics, run.twin_metrics(matching, metrics), began)


def done(inputs: Inputs, registry: Registry, tell: Tell) -> Finished:
    """Run it and pack everything."""
    tell("candles", 0.0, "")
    run, result = executed(request_of(inputs), registry, tell)
    result = msgspec.structs.replace(result, graph=run.request.graph)
    places, bars = _bars(run, inputs)
    columns = {**_columns(result), **_inputs(inputs), **bars}
    traces = list(_traces(result, columns, tell))
    rows = trade_rows(result)
    slices = _slices(result, tell)
    trades = [TradeRow(number=n + 1, row=row, slice=slices.get(n)) for n, row in enumerate(rows)]
    return Finished(
        seconds=result.seconds, summary=_summary(result), result=_told(run, result, places), trades=trades,
        columns=columns, traces=traces,
    )  # fmt: skip


def packed_trades(result: Result) -> bytes:
    """The trade table, to the last bit."""
    return pack_columns({name: result.trades[name] for name in cast("tuple[str, ...]", TRADE.names)})


def _columns(result: Result) -> dict[str, bytes]:
    fills = {name: result.fills[name] for name in cast("tuple[str, ...]", FILL.names)}
    return {
        "time": pack(result.time), "equity": pack(result.equity), "trades": packed_trades(result),
        "fills": pack_columns(fills), "equity.json": packed_json(equity_series(result)),
        "months.json": packed_json(monthly_returns(result)),
    }  # fmt: skip


def _inputs(inputs: Inputs) -> dict[str, bytes]:
    """What it was fed with: the tables piece by piece, and what they are."""
    bare = msgspec.structs.replace(inputs, tables=[msgspec.structs.replace(t, pieces=[]) for t in inputs.tables])
    out = {"inputs": msgspec.msgpack.encode(bare)}
    for number, table in enumerate(inputs.tables):
        out |= {f"table.{number}.{place}": piece for place, piece in enumerate(table.pieces)}
    return out


def shown_candles(run: Run) -> list[Candles]:
    """The candles of each market on the rows of its trace; a leg is shown on the bars of the market that decides."""
    own = [one.supply.base for one in run.passes]
    return [*own, *(on_clock(m.candles, own[0]) for m in run.markets[len(own) :])]


def _bars(run: Run, inputs: Inputs) -> tuple[list[str], dict[str, bytes]]:
    """Where the candles of each market's chart lie, and those that are not what it was fed with."""
    fed = {id(m.candles): f"table.{kept.base}" for m, kept in zip(run.request.markets, inputs.markets, strict=True)}
    places: list[str] = []
    out: dict[str, bytes] = {}
    for market, candles in enumerate(shown_candles(run)):
        places.append(fed.get(id(candles), f"bars.{market}"))
        if id(candles) not in fed:
            pieces = pieces_of({name: getattr(candles, name) for name in COLUMNS})
            out |= {f"bars.{market}.{number}": piece for number, piece in enumerate(pieces)}
    return places, out


def _traces(result: Result, columns: dict[str, bytes], tell: Tell) -> Iterator[Trace]:
    wires = [wires_of(trace.plan) for trace in result.traces]
    total, done = sum(map(len, wires)), 0
    for market, (trace, known) in enumerate(zip(result.traces, wires, strict=True)):
        columns[f"wires.{market}"] = packed_json(msgspec.to_builtins(known))
        tick = result.data[market].instrument.tick
        for wire in known:
            tell("trace", _between("metrics", "trace", done / total), wire.wire)
            yield from ((market, number, wire.wire, data) for number, data in chunks_of(trace, wire, digits_of(tick)))
            done += 1


def digits_of(tick: float) -> int:
    """Digits after the point with which prices are told: at least two, and those of the tick."""
    return max(2, min(8, len(f"{tick:.8f}".rstrip("0").partition(".")[2]))) if tick else 2


def _slices(result: Result, tell: Tell) -> dict[int, bytes]:
    """The packed slices of the last trades, by row."""
    first = max(0, len(result.trades) - SLICES)
    out: dict[int, bytes] = {}
    for market in range(len(result.data)):
        tell("explanations", _SHARES["trace"], result.data[market].symbol)
        rows = np.flatnonzero(result.trades["symbol"] == market)
        rows = rows[rows >= first]
        if len(rows):
            decided = Explainer(result, market).decided(rows)
            out |= {row: packed_json(slice_of(one)) for row, one in zip(rows.tolist(), decided, strict=True)}
    return out


def _summary(result: Result) -> dict[str, Any]:
    """The figures that lists show."""
    places = np.linspace(0, len(result.equity) - 1, min(_SPARK, len(result.equity))).astype(np.int64)
    kept = ("total_return", "max_drawdown", "sharpe", "win_rate", "profit_factor", "trades")
    return {
        **{name: result.metrics.get(name) for name in kept},
        "twin_return": result.pessimistic.get("total_return"),
        "synthetic": any(info.synthetic for info in result.data),
        "first": int(result.time[0]), "last": int(result.time[-1]), "bars": len(result.time),
        "spark": [float(f"{v:.6g}") for v in result.equity[places].tolist()],
    }  # fmt: skip


def _told(run: Run, result: Result, places: list[str]) -> dict[str, Any]:
    """The result as plain data, and the rows of every market; `bars` is where its candles lie."""
    told = {name: value for name, value in identity(result).items() if name != "graph"}
    markets = [
        {
            "symbol": info.symbol, "timeframe": candles.timeframe, "bar_ms": candles.bar_ms, "rows": len(candles),
            "segments": segments(candles.time, candles.bar_ms), "leg_of": info.leg_of,
            "trace": market if market < len(run.passes) else 0, "first": int(candles.time[0]),
            "last": int(candles.time[-1]), "bars": places[market],
        }
        for market, (info, candles) in enumerate(zip(result.data, shown_candles(run), strict=True))
    ]  # fmt: skip
    return told | {
        "markets": markets, "trades": len(result.trades), "fills": len(result.fills), "bars": len(result.time),
        "first": int(result.time[0]), "last": int(result.time[-1]), "seconds": result.seconds,
    }  # fmt: skip


def rows_of_one(row: int) -> Any:
    """A single row, as the engine takes rows."""
    return np.array([row], np.int64)
