"""Laws of matching that hold for any candles and any orders: reconciliation, causality, prefixes, twins."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from engine.candles import Candles, make_candles
from engine.matching.engine import Funding, Market, MatchingEngine
from engine.matching.records import BY_EQUITY, BY_NOTIONAL, BY_QUANTITY, BY_RISK, LIMIT, MARKET, STOP, Records
from engine.result import EXIT_REASONS, Instrument
from engine.timeframe import HOUR
from engine.values import ExitPolicy
from tests.engine.matching.tables import NAN, amend, cancel, close, enter, joined, prepared

BARS, CAPITAL, TICK, STEP = 60, 10_000.0, 0.5, 0.1
LIQUIDATED, END = EXIT_REASONS.index("liquidated"), EXIT_REASONS.index("end_of_data")
runs = settings(deadline=None, max_examples=150)
seeds = st.integers(0, 2**32 - 1)


def market(rng: Generator, symbol: str, late: bool) -> Market:
    """Jumpy candles on the tick, sometimes without volume; a late market has fewer bars and holes."""
    closes = 100 + TICK * np.cumsum(rng.integers(-8, 9, BARS))
    closes = np.maximum(closes, 20)
    opens = np.maximum(np.r_[100, closes[:-1]] + TICK * rng.integers(-4, 5, BARS) * (rng.random(BARS) < 0.3), 10)
    high = np.maximum(opens, closes) + TICK * rng.integers(0, 12, BARS)
    low = np.maximum(np.minimum(opens, closes) - TICK * rng.integers(0, 12, BARS), TICK)
    keep = np.ones(BARS, bool)
    if late:
        keep = (np.arange(BARS) >= 10) & (rng.random(BARS) > 0.1)
    columns: dict[str, Any] = {"time": HOUR * np.arange(BARS), "open": opens, "high": high, "low": low,
                               "close": closes, "volume": rng.integers(0, 3000, BARS)}  # fmt: skip
    candles = make_candles(symbol, "1h", **{n: c[keep] for n, c in columns.items()})
    due = np.flatnonzero(rng.random(BARS) < 0.2)
    funding = Funding(HOUR * due, rng.normal(0, 0.002, len(due)))
    mark = None
    if rng.random() < 0.4:
        shift = TICK * rng.integers(-6, 7, BARS)
        mark = make_candles(
            symbol, "1h", **{n: np.maximum(c + shift, TICK) if n in PRICES else c for n, c in columns.items()}
        )
    return Market(candles, Instrument(tick=TICK, step=STEP, maintenance_margin=0.01), funding, mark)


PRICES = ("open", "high", "low", "close")


def exit_policies(rng: Generator) -> list[ExitPolicy]:
    flags = [(rng.random(BARS) < 0.05).astype(np.int8) for _ in range(2)]
    return [
        ExitPolicy(trail_percent=4.0, trail_offset_percent=2.0, max_bars_pending=3, exit_long=flags[0]),
        ExitPolicy(rr_steps=((1.0, 0.2), (2.0, 1.0)), age_bars=4, age_min_r=1.0, age_percent=40.0, max_bars_open=15),
        ExitPolicy(atr_multiple=2.0, atr=np.abs(rng.normal(3, 1, BARS)), adx=50 * rng.random(BARS), atr_strong=1.5,
                   proximity_percent=3.0, proximity_trail=1.0, proximity_continuous=bool(rng.random() < 0.5),
                   exit_short=flags[1], stop_shift_long=10.0, stop_shift_short=5.0),
    ]  # fmt: skip


def level(rng: Generator, price: float, side: int, chance: float) -> float:
    """A price some way on a side of another, or none; once in a while on the wrong side."""
    if rng.random() > chance:
        return NAN
    return max(0.5, price + (side if rng.random() < 0.95 else -side) * float(rng.uniform(0.2, 12)))


def entry(rng: Generator, bar: int, symbol: int, price: float, longs: bool) -> Records:
    side = 1 if longs or rng.random() < 0.5 else -1
    kind = int(rng.choice([MARKET, LIMIT, STOP]))
    at = max(1.0, price + float(rng.uniform(-6, 6))) if kind != MARKET else NAN
    basis = price if kind == MARKET else at
    rule = int(rng.choice([BY_RISK, BY_NOTIONAL, BY_EQUITY, BY_QUANTITY]))
    value = {BY_RISK: 0.02, BY_NOTIONAL: 4000.0, BY_EQUITY: 0.8, BY_QUANTITY: 30.0}[rule] * float(rng.uniform(0.2, 2))
    return enter(
        bar, side, ("market", "limit", "stop")[kind], rule=rule, value=value, price=at, symbol=symbol,
        stop=level(rng, basis, -side, 0.8), target=level(rng, basis, side, 0.6),
        leverage=1.0 if longs else float(rng.choice([1, 3, 10])), policy=int(rng.integers(-1, 3)),
        opposite=int(rng.integers(0, 3)), add=int(rng.random() < 0.4),
        post_only=int(kind == LIMIT and rng.random() < 0.3), reduce_only=int(rng.random() < 0.15),
        max_loss=float(rng.choice([0, 50])), fee_reserve=float(rng.choice([0, 0.01])),
    )  # fmt: skip


def orders(rng: Generator, markets: list[Market], longs: bool) -> Records:
    """Intents of all kinds on a third of the bars."""
    out: list[Records] = []
    for bar in range(BARS):
        for s, one in enumerate(markets):
            at = int(np.searchsorted(one.candles.time, bar * HOUR))
            if at >= len(one.candles) or one.candles.time[at] != bar * HOUR:
                continue
            price = float(one.candles.close[at])
            for _ in range(int(rng.choice([0, 0, 1, 1, 2]))):
                dice = rng.random()
                if dice < 0.75:
                    out.append(entry(rng, bar, s, price, longs))
                elif dice < 0.85:
                    out.append(close(bar, s))
                elif dice < 0.9:
                    out.append(cancel(bar, s))
                else:
                    out.append(amend(bar, level(rng, price, -1, 0.8), level(rng, price, 1, 0.3), s))
    return joined(out)


class Scene:
    """Markets, intents, exit policies and settings drawn from a seed."""

    def __init__(self, seed: int, longs: bool = False) -> None:
        rng = default_rng(seed)
        self.markets = [market(rng, "A", False)] + ([market(rng, "B", True)] if rng.random() < 0.5 else [])
        self.exits = exit_policies(rng)
        self.intents = orders(rng, self.markets, longs)
        self.settings: dict[str, Any] = {
            "path": str(rng.choice(["adaptive", "pessimistic", "optimistic"])),
            "maker_fee": float(rng.choice([0.0, 0.0002, -0.0001])), "taker_fee": float(rng.choice([0.0, 0.001])),
            "slippage": float(rng.choice([0.0, 0.001])), "slippage_ticks": float(rng.integers(0, 2)),
            "limit_through_ticks": float(rng.integers(0, 2)), "volume_cap": float(rng.choice([0.0, 0.02])),
            "latency_ms": int(rng.choice([0, 0, 1, HOUR])), "size_at": str(rng.choice(["decision", "fill"])),
            "short_margin": str(rng.choice(["reduce", "reject"])),
            "liquidation": str(rng.choice(["off", "bybit", "bybit_classic"])),
            "funding": "off" if longs else str(rng.choice(["applied", "off"])),
        }  # fmt: skip

    def engine(self, bars: int = BARS, **changes: Any) -> MatchingEngine:
        markets = [Market(cut(m.candles, bars), m.instrument, m.funding, m.mark) for m in self.markets]
        return prepared(markets, self.settings | changes, CAPITAL, self.exits, rows_of(markets))

    def played(self, bars: int = BARS, **changes: Any) -> MatchingEngine:
        engine = self.engine(bars, **changes)
        engine.submit(self.intents[self.intents["bar"] < bars])
        engine.run(bars)
        return engine


def cut(candles: Candles, bars: int) -> Candles:
    return candles.part(0, int(np.searchsorted(candles.time, bars * HOUR)))


def rows_of(markets: list[Market]) -> Any:
    """Decision rows of several markets: every bar a market has is a row, numbered by the bar."""
    if len(markets) == 1:
        return None
    bars = int(markets[0].candles.time[-1]) // HOUR + 1
    table = np.full((len(markets), bars), -1, np.int32)
    for row, one in zip(table, markets, strict=True):
        at = one.candles.time // HOUR
        row[at] = at
    return table


def ledger(scene: Scene, engine: MatchingEngine) -> Any:
    """Equity of every bar from the fill log alone: money paid and received, fees, funding, positions at last prices."""
    t, count = engine.tables, len(scene.markets)
    held, last, cash = [0.0] * count, [0.0] * count, CAPITAL
    out = np.empty(len(t.time))
    fills = list(engine.executions)
    for bar in range(len(t.time)):
        for s in range(count):
            for i in range(int(t.funding_start[s]), int(t.funding_end[s])):
                if t.funding_bar[i] == bar:
                    price = t.funding_price[i] or (last[s] if np.isnan(t.open[s, bar]) else t.mark_open[s, bar])
                    cash -= held[s] * price * t.funding_rate[i]
        while fills and fills[0]["bar"] == bar:
            f = fills.pop(0)
            cash -= f["quantity"] * f["price"] + f["fee"]
            held[f["symbol"]] += f["quantity"]
        for s in range(count):
            last[s] = last[s] if np.isnan(t.close[s, bar]) else t.close[s, bar]
        out[bar] = cash + sum(q * p for q, p in zip(held, last, strict=True))
    assert not fills
    return out


@runs
@given(seeds)
def test_cash_and_positions_reconcile_with_the_fill_log(seed: int) -> None:
    """At every bar equity is the capital less all money paid, plus positions at last prices; so are the trades."""
    scene = Scene(seed)
    engine = scene.played()
    scale = CAPITAL + np.abs(engine.executions["quantity"] * engine.executions["price"]).sum()
    np.testing.assert_allclose(engine.equity, ledger(scene, engine), rtol=0, atol=1e-9 * scale)
    for s in range(len(scene.markets)):
        of = engine.executions["symbol"] == s
        held = engine.executions["quantity"][of].sum()
        assert abs(held - engine.positions["quantity"][s]) <= 1e-9 * scale
    flat = engine.positions["quantity"] == 0
    if flat.all():
        assert abs(CAPITAL + engine.trades["pnl"].sum() - engine.equity[-1]) <= 1e-9 * scale


@runs
@given(seeds)
def test_fills_are_inside_their_bar_and_after_their_decision(seed: int) -> None:
    """No fill is taken from a price its bar did not have, none comes before its decision, all are whole steps."""
    scene = Scene(seed)
    engine = scene.played()
    t, latency = engine.tables, scene.settings["latency_ms"]
    for f in engine.executions:
        s, bar = int(f["symbol"]), int(f["bar"])
        if f["reason"] != LIQUIDATED:
            assert t.low[s, bar] <= f["reference"] <= t.high[s, bar]
        assert bar > f["decision_bar"]
        assert f["time"] >= t.time[f["decision_bar"]] + HOUR + latency or f["reason"] in PROTECTIVE
        assert abs(f["quantity"] / STEP - round(f["quantity"] / STEP)) < 1e-6
        worse = f["price"] - f["reference"] if f["quantity"] > 0 else f["reference"] - f["price"]
        assert worse >= -1e-9 or f["reason"] == LIQUIDATED
    trades = engine.trades
    assert (trades["exit_bar"] >= trades["entry_bar"]).all()
    assert (trades["entry_bar"] > trades["decision_bar"]).all()


# What rests at the exchange already, and what is left of it when the volume cap has cut it.
PROTECTIVE = {EXIT_REASONS.index(r) for r in ("tp_hit", "sl_hit", "trailing_stop_hit", "liquidated")}


@runs
@given(seeds)
def test_one_bar_at_a_time_is_the_same_and_stops_never_loosen(seed: int) -> None:
    """Stepping bar by bar, orders sent at each close, gives the run of one call; no stop moves against its trade."""
    scene = Scene(seed)
    whole, engine = scene.played(), scene.engine()
    before = engine.positions.copy()
    for bar in range(BARS):
        engine.run(bar + 1)
        engine.submit(scene.intents[scene.intents["bar"] == bar])
        for old, new in zip(before, engine.positions, strict=True):
            same = old["quantity"] * new["quantity"] > 0 and old["entry_time"] == new["entry_time"]
            if same and old["entry_bar"] == new["entry_bar"] and old["decision_bar"] == new["decision_bar"]:
                side = 1 if new["quantity"] > 0 else -1
                assert np.isnan(old["stop"]) or np.isnan(new["stop"]) or side * (new["stop"] - old["stop"]) >= 0
        before = engine.positions.copy()
    assert_equal_runs(engine, whole)
    for trade in whole.trades:
        if not np.isnan(trade["stop"]) and not np.isnan(trade["last_stop"]):
            assert trade["side"] * (trade["last_stop"] - trade["stop"]) >= 0


def assert_equal_runs(one: MatchingEngine, other: MatchingEngine) -> None:
    assert one.executions.tobytes() == other.executions.tobytes()
    assert one.trades.tobytes() == other.trades.tobytes()
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.rejected == other.rejected


@runs
@given(seeds, st.integers(12, BARS - 1))
def test_a_run_cut_short_is_the_prefix_of_the_full_run(seed: int, bars: int) -> None:
    """What happened until a bar does not depend on what comes after it."""
    scene = Scene(seed)
    full = scene.played()
    part = scene.played(max(bars, int(scene.markets[-1].candles.time[0]) // HOUR + 2))
    bars = len(part.tables.time)
    assert part.executions.tobytes() == full.executions[full.executions["bar"] < bars].tobytes()
    assert part.trades.tobytes() == full.trades[full.trades["exit_bar"] < bars].tobytes()
    assert part.equity.tobytes() == full.equity[:bars].tobytes()


@runs
@given(seeds)
def test_without_ambiguous_bars_the_twins_are_equal(seed: int) -> None:
    """Where no bar depends on the order of its prices, all three paths give the same run."""
    scene = Scene(seed)
    scene.intents = scene.intents[:: 1 + seed % 7]
    bars = next(b for b in range(BARS, 0, -5) if scene_is_clear(scene, b))
    adaptive = scene.played(bars, path="adaptive")
    for path in ("pessimistic", "optimistic"):
        assert_equal_runs(scene.played(bars, path=path), adaptive)


def scene_is_clear(scene: Scene, bars: int) -> bool:
    """Whether the first bars are without ambiguity."""
    if bars <= 10:
        scene.markets = scene.markets[:1]
        scene.intents = scene.intents[scene.intents["symbol"] == 0]
    if bars == 5:
        scene.intents = scene.intents[:0]
    first = scene.markets[-1].candles.time[0] // HOUR
    if bars <= first + 1 and bars > 10:
        return False
    return int(scene.played(bars, path="adaptive").account["ambiguous"][0]) == 0


@runs
@given(seeds)
def test_longs_without_leverage_never_lose_more_than_there_is(seed: int) -> None:
    """With leverage 1 and no shorts the account stays at or above zero at every bar."""
    engine = Scene(seed, longs=True).played()
    assert engine.equity.min() >= -1e-9 * CAPITAL
