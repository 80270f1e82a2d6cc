"""Small candle tables, intents and runs for the tests of the matching engine."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.candles import Candles, make_candles
from engine.matching.engine import Funding, Market, MatchingEngine
from engine.matching.policy import policy_named
from engine.matching.records import AMEND as AMEND_STOP
from engine.matching.records import BY_QUANTITY, CANCEL, CLOSE, ENTER, INTENT, LIMIT, MARKET, STOP, Records
from engine.matching.tables import build_tables, lower_exits
from engine.result import EXIT_REASONS, Instrument
from engine.timeframe import HOUR
from engine.values import ExitPolicy

NAN = float("nan")
KINDS = {"market": MARKET, "limit": LIMIT, "stop": STOP}
TICK_ONE = Instrument(tick=1.0)
Row = Sequence[float]


def candles(rows: Sequence[Row], symbol: str = "X", timeframe: str = "1h", start: int = 0) -> Candles:
    """Candles from (open, high, low, close[, volume]) rows; volume is 1,000 where none is given."""
    full = [(*row, 1000.0)[:5] for row in rows]
    names = ("open", "high", "low", "close", "volume")
    columns = dict(zip(names, np.array(full, float).T, strict=True)) if full else {n: [] for n in names}
    bar = 60_000 if timeframe == "1m" else HOUR
    return make_candles(symbol, timeframe, time=start + bar * np.arange(len(full)), **columns)


def flat(price: float, bars: int) -> list[Row]:
    """Bars that stand still."""
    return [(price, price, price, price)] * bars


def intent(bar: int, action: int, **fields: Any) -> Records:
    """One intent record; unset prices are NaN, the policy number -1, the leverage 1."""
    row = np.zeros(1, INTENT)
    for name in ("price", "stop", "target"):
        row[name] = NAN
    row["bar"], row["action"], row["policy"], row["leverage"], row["confidence"] = bar, action, -1, 1.0, 1.0
    for name, value in fields.items():
        row[name] = value
    return row


def enter(bar: int, direction: int, order: str = "market", quantity: float = 1.0, **fields: Any) -> Records:
    """Enter at the close of `bar`; the size rule is a quantity unless `rule` and `value` say otherwise."""
    sized: dict[str, Any] = {"rule": BY_QUANTITY, "value": quantity} | fields
    return intent(bar, ENTER, direction=direction, kind=KINDS[order], **sized)


def buy(bar: int, order: str = "market", quantity: float = 1.0, **fields: Any) -> Records:
    return enter(bar, 1, order, quantity, **fields)


def sell(bar: int, order: str = "market", quantity: float = 1.0, **fields: Any) -> Records:
    return enter(bar, -1, order, quantity, **fields)


def close(bar: int, symbol: int = 0) -> Records:
    return intent(bar, CLOSE, symbol=symbol)


def cancel(bar: int, symbol: int = 0) -> Records:
    return intent(bar, CANCEL, symbol=symbol)


def amend(bar: int, stop: float = NAN, target: float = NAN, symbol: int = 0) -> Records:
    return intent(bar, AMEND_STOP, stop=stop, target=target, symbol=symbol)


def joined(intents: Sequence[Records]) -> Records:
    """Intents in order of their bars."""
    out = np.concatenate(intents) if intents else np.zeros(0, INTENT)
    return out[np.argsort(out["bar"], kind="stable")]


def prepared(
    markets: Sequence[Market], settings: dict[str, Any], capital: float = 10_000.0,
    exits: Sequence[ExitPolicy] = (), rows: Any = None,
) -> MatchingEngine:  # fmt: skip
    """An engine over markets under the frictionless policy with some settings replaced."""
    policy = policy_named("frictionless", **{"at_end": "keep", **settings})
    tables = build_tables(tuple(markets), policy.funding == "applied")
    no_rows = np.zeros((0, 0), np.int32)
    return MatchingEngine(
        tables, tuple(m.instrument for m in markets), policy, capital, lower_exits(list(exits)),
        no_rows if rows is None else np.ascontiguousarray(rows, np.int32),
    )  # fmt: skip


def run(
    rows: Sequence[Row] | Sequence[Market], intents: Sequence[Records], settings: dict[str, Any] | None = None,
    capital: float = 10_000.0, instrument: Instrument = TICK_ONE, exits: Sequence[ExitPolicy] = (),
    funding: Sequence[tuple[int, float]] = (), mark: Sequence[Row] | None = None,
) -> MatchingEngine:  # fmt: skip
    """A finished run: candle rows of one market, or several markets; funding as (ms, rate) pairs."""
    markets: Sequence[Any] = rows
    if not len(rows) or not isinstance(rows[0], Market):
        rates = Funding(np.array([t for t, _ in funding], np.int64), np.array([r for _, r in funding], float))
        marks = None if mark is None else candles(mark)
        markets = [Market(candles(rows), instrument, rates if funding else None, marks)]  # type: ignore[arg-type]
    engine = prepared(markets, settings or {}, capital, exits)
    engine.submit(joined(intents))
    engine.run(len(engine.tables.time))
    engine.finish()
    return engine


def fills_of(engine: MatchingEngine) -> list[tuple[int, float, float, str]]:
    """(bar, signed quantity, price, reason) of every fill."""
    return [
        (int(f["bar"]), round(float(f["quantity"]), 9), round(float(f["price"]), 9), EXIT_REASONS[int(f["reason"])])
        for f in engine.executions
    ]
