"""A result to look at and to test reports with: a crossing of two averages traded on a seeded random walk."""

from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles, make_candles
from engine.document import Edge, Graph, Layout, NodeSpec, logic_hash
from engine.metrics import compute_metrics
from engine.result import EXIT_REASONS, FILL, TRADE, DataInfo, Instrument, Result
from engine.timeframe import duration
from tests.engine.executor import graph, run

CAPITAL = 10_000.0
FEE = 0.00055
START = 1_672_531_200_000  # 2023-01-01 00:00 UTC
TP, SL, REVERSED, END = (EXIT_REASONS.index(n) for n in ("tp_hit", "sl_hit", "reversed", "end_of_data"))


def sample_candles(bars: int, timeframe: str = "1h", seed: int = 3, symbol: str = "BTCUSDT") -> Candles:
    rng = np.random.default_rng(seed)
    swing = 0.004 * min(1.0, (10_000 / bars) ** 0.5) * (1 + 0.8 * np.sin(np.arange(bars) / 400))
    close = np.round(30_000 * np.exp(np.cumsum(rng.normal(3e-5, 1, bars) * swing)), 1)
    open_ = np.concatenate(([30_000.0], close[:-1]))
    high = np.round(np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 1, bars)) * swing * 0.5), 1)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 1, bars)) * swing * 0.5), 1)
    volume = np.round(rng.lognormal(4, 0.6, bars) * (1 + np.abs(close / open_ - 1) * 200), 3)
    time = START + duration(timeframe) * np.arange(bars)
    columns = {"time": time, "open": open_, "high": high, "low": low, "close": close, "volume": volume}
    return make_candles(symbol, timeframe, origin=f"random walk, seed {seed}", synthetic=True, **columns)


def sample_graph(name: str = "EMA cross with stop and target") -> Graph:
    def node(name: str, tag: str, **params: Any) -> NodeSpec:
        return NodeSpec(id=name, type=tag, version=1, params=params)

    wires = {
        "fast.source": "candles.close",
        "slow.source": "candles.close",
        "cross.a": "fast.value",
        "cross.b": "slow.value",
        "plan.direction": "cross.direction",
        "out.signal": "plan.signal",
    }
    nodes = (
        node("out", "output.signal"),
        node("plan", "signal.stop_target", stop_percent=2.0, target_percent=4.0),
        node("cross", "signal.cross"),
        node("fast", "indicator.ema", length=20),
        node("slow", "indicator.ema", length=50),
        node("candles", "source.candles"),
    )
    return Graph(
        schema_version=1,
        id="ema_cross",
        name=name,
        kind="advisor",
        description="Follows the crossing of two averages; stop 2 %, target 4 %.",
        nodes=nodes,
        edges=tuple(Edge(source=source, target=target) for target, source in wires.items()),
        layout=Layout(nodes={"fast": (0.0, 1.0)}),
    )


def _direction(candles: Candles) -> Any:
    def mean(length: int) -> Any:
        sums = np.cumsum(np.insert(candles.close, 0, 0.0))
        return np.concatenate((np.full(length - 1, np.nan), (sums[length:] - sums[:-length]) / length))

    if len(candles) <= 50:
        return []
    fast, slow = mean(20), mean(50)
    side = np.where(fast > slow, 1, -1)
    turns = np.flatnonzero(np.diff(side) != 0) + 1
    return [(int(t), int(side[t])) for t in turns[turns > 50] if t + 1 < len(candles)]


def _walk_out(
    candles: Candles, bar: int, side: int, stop: float, target: float, last: int
) -> tuple[int, float, int, int]:
    """Exit bar, price, reason and whether stop and target lay in the same bar."""
    for i in range(bar, last):
        low, high = candles.low[i], candles.high[i]
        hit_stop = low <= stop if side > 0 else high >= stop
        hit_target = high >= target if side > 0 else low <= target
        if hit_stop:
            return i, stop, SL, int(hit_target)
        if hit_target:
            return i, target, TP, 0
    return last, float(candles.open[last]), REVERSED if last < len(candles) - 1 else END, 0


def _trades(candles: Candles, index: int, capital: float) -> Any:
    turns = _direction(candles)
    rows = np.zeros(len(turns), TRADE)
    for k, (turn, side) in enumerate(turns):
        bar, last = turn + 1, turns[k + 1][0] + 1 if k + 1 < len(turns) else len(candles) - 1
        entry = float(candles.open[bar])
        stop, target = round(entry * (1 - 0.02 * side), 1), round(entry * (1 + 0.04 * side), 1)
        out, price, reason, ambiguous = _walk_out(candles, bar, side, stop, target, last)
        quantity = round(0.8 * capital / entry, 3)
        fees, funding = FEE * quantity * (entry + price), -side * quantity * entry * 1e-4 * ((out - bar) // 8)
        values = (index, side, quantity, turn, bar, out, candles.time[bar], candles.time[out], entry, price, reason)
        money = (fees, funding, quantity * side * (price - entry) - fees + funding)
        rows[k] = (*values, *money, stop, target, stop, 0.7, ambiguous)
    return rows


def _equity(candles: tuple[Candles, ...], trades: Any, capital: float) -> Any:
    equity = np.full(len(candles[0]), capital)
    for trade in trades:
        first, last, close = trade["entry_bar"], trade["exit_bar"], candles[trade["symbol"]].close
        equity[first:last] += trade["side"] * trade["quantity"] * (close[first:last] - trade["entry_price"])
        equity[last:] += trade["pnl"]
    return equity


def sample_result(
    bars: int = 10_000, timeframe: str = "1h", symbols: tuple[str, ...] = ("BTCUSDT",), name: str | None = None
) -> Result:
    candles = tuple(sample_candles(bars, timeframe, 3 + k, symbol) for k, symbol in enumerate(symbols))
    trades = np.concatenate([_trades(c, k, CAPITAL / len(symbols)) for k, c in enumerate(candles)])
    trades = trades[np.argsort(trades["exit_bar"], kind="stable")]
    equity = _equity(candles, trades, CAPITAL)
    time = candles[0].close_time
    prices: Any = {"first_open": float(candles[0].open[0]), "last_close": float(candles[0].close[-1])}
    metrics = compute_metrics(time, equity, trades, CAPITAL, **prices)
    worse = trades.copy()
    worse["pnl"] -= 15
    graph = sample_graph() if name is None else sample_graph(name)
    return Result(
        graph=graph,
        logic_hash=logic_hash(graph),
        data=tuple(_info(c) for c in candles),
        candles=candles,
        policy={
            "intrabar": "adaptive", "latency_ms": 0, "maker_fee": 0.0002, "taker_fee": FEE, "slippage_ticks": 1,
            "touch_probability": 0.0, "volume_cap": None, "funding": "recorded", "leverage": 1.0,
        },
        policy_id="adaptive.v1:5f2c9a1e",
        settings={"capital": CAPITAL, "timeframe": timeframe, "from": "2023-01-01", "to": None},
        time=time,
        equity=equity,
        trades=trades,
        fills=np.zeros(0, FILL),
        metrics=metrics,
        pessimistic=compute_metrics(time, equity - np.linspace(0, 15 * len(trades), bars), worse, CAPITAL, **prices),
        rejected={"too_small": 3, "position_open": 12},
        notes=("Synthetic candles: a seeded random walk.", "Trading rules were inferred from the candles."),
        seconds=0.0123,
    )  # fmt: skip


def _info(candles: Candles) -> DataInfo:
    return DataInfo(
        symbol=candles.symbol,
        timeframe=candles.timeframe,
        bars=len(candles),
        first=int(candles.time[0]),
        last=int(candles.close_time[-1]),
        identity=candles.identity,
        origin=candles.origin,
        synthetic=candles.synthetic,
        instrument=Instrument(tick=0.1, step=0.001, min_quantity=0.001, source="inferred from the candles"),
        funding="constant 0.01 % every 8 h (assumed)",
        mark="last price (no mark candles given)",
    )


def renamed(result: Result, **fields: Any) -> Result:
    return msgspec.structs.replace(result, **fields)


def explained_result(bars: int = 2_000, timeframe: str = "1h", symbols: tuple[str, ...] = ("BTCUSDT",)) -> Result:
    """A real back-test with its trace: averages cross, an area, a label, swings and a pair of stop and target."""
    nodes = {
        "candles": "source.candles",
        "fast": ("indicator.ema", {"length": 20}), "slow": ("indicator.ema", {"length": 50}),
        "up": "compare.cross_above", "down": "compare.cross_below", "areas": "test.areas", "mood": "test.mood",
        "touch": "test.touch", "pivots": ("structure.pivots", {"left": 3, "right": 3, "basis": "wick"}),
        "swings": "structure.swings", "labels": "structure.labels", "rising": "logic.or", "buy": "logic.or",
        "entry": "signal.flags", "stop": ("stop.percent", {"percent": 2.0}), "target": ("target.rr", {"multiple": 2.0}),
        "size": ("size.risk", {"percent": 1.0, "max_loss": 0.0}), "order": ("order.place", {"opposite": "ignore"}),
    }  # fmt: skip
    wires = [
        "candles.close > fast.source", "candles.close > slow.source", "fast.out > up.a", "slow.out > up.b",
        "fast.out > down.a", "slow.out > down.b", "candles.candles > areas.candles", "candles.candles > mood.candles",
        "areas.out > touch.areas", "mood.out > touch.mood", "candles.close > touch.price",
        "candles.candles > pivots.candles", "pivots.high > swings.high", "pivots.low > swings.low",
        "pivots.high_price > swings.high_price", "pivots.low_price > swings.low_price", "swings.high > labels.high",
        "swings.previous_high > labels.previous_high", "swings.low > labels.low", "swings.newest > labels.newest",
        "swings.previous_low > labels.previous_low", "swings.new_high > labels.new_high",
        "swings.new_low > labels.new_low", "touch.out > rising.a", "labels.higher_low > rising.b",
        "up.out > buy.a", "rising.out > buy.b", "buy.out > entry.enter_long", "down.out > entry.enter_short",
        "candles.close > entry.price", "entry.out > stop.signal", "stop.out > target.signal",
        "target.out > order.signal", "size.out > order.size",
    ]  # fmt: skip
    given = [sample_candles(bars, timeframe, 3 + k, symbol) for k, symbol in enumerate(symbols)]
    return run(graph(nodes, wires), *given)
