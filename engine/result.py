"""What a back-test gives back: tables as numpy records, figures as plain values, and everything needed to repeat it."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

# One row per trade: the life of a position from flat to flat (adds are averaged in, partial exits averaged out).
TRADE = np.dtype(
    [
        ("symbol", "i8"),  # index into Result.data
        ("side", "i8"),  # +1 long, -1 short
        ("quantity", "f8"),  # largest size held, base currency
        ("decision_bar", "i8"),  # bar at whose close the entry was decided, index on the finest bars
        ("entry_bar", "i8"),  # index on the finest bars
        ("exit_bar", "i8"),
        ("entry_time", "i8"),  # ms UTC, opening instant of the bar of the (first) fill
        ("exit_time", "i8"),
        ("entry_price", "f8"),  # average, quote currency
        ("exit_price", "f8"),
        ("reason", "i8"),  # index into EXIT_REASONS
        ("fees", "f8"),  # paid, quote currency
        ("funding", "f8"),  # received (+) or paid (-)
        ("pnl", "f8"),  # net of fees and funding
        ("stop", "f8"),  # first stop, NaN = none
        ("target", "f8"),  # first target, NaN = none
        ("last_stop", "f8"),  # stop in force at the end
        ("confidence", "f8"),
        ("ambiguous", "i8"),  # 1 if the exit depends on the assumed path inside a bar
    ]
)

# One row per fill (execution).
FILL = np.dtype(
    [
        ("symbol", "i8"),
        ("bar", "i8"),  # index on the finest bars
        ("time", "i8"),  # ms UTC, opening instant of that bar
        ("decision_bar", "i8"),  # bar at whose close the order was decided
        ("quantity", "f8"),  # signed: + buys, - sells
        ("price", "f8"),  # paid or received, slippage included
        ("reference", "f8"),  # market price the fill was taken from, inside the bar's range
        ("fee", "f8"),
        ("maker", "i8"),  # 1 = maker fee
        ("reason", "i8"),  # 0 = entry, else index into EXIT_REASONS
    ]
)

EXIT_REASONS = (
    "entry",
    "tp_hit",
    "sl_hit",
    "trailing_stop_hit",
    "strategy_exit",  # an exit flag or a close intent
    "reversed",  # closed because the opposite position was opened
    "max_bars_exceeded",
    "liquidated",
    "end_of_data",
    "reduced",  # an opposite order without reversal
)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """Trading rules of a market: price tick, quantity step, smallest quantity and notional; 0 = no such rule.

    `source` says where the rules come from ("inferred from the candles", a file, the command line).
    """

    tick: float = 0.0
    step: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0
    maintenance_margin: float = 0.0
    source: str = ""


class DataInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What one market of a back-test was fed with; `funding` and `mark` say in words what was used or is missing.

    `leg_of` is empty, or the symbol whose decisions trade this market as the other leg of a pair.
    """

    symbol: str
    timeframe: str
    bars: int
    first: int
    last: int
    identity: str
    origin: str
    synthetic: bool
    instrument: Instrument
    funding: str
    mark: str
    finer: str = ""
    leg_of: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A finished back-test.

    `time` are closing instants (ms UTC) of the finest bars, `equity` the account marked to market at each (quote
    currency, after fees and funding).  `metrics` maps names to values, None = undefined.  `policy` are all settings of
    the matching engine, `settings` those of the run.  `pessimistic` are the metrics of the stop-first twin.  `notes`
    are statements a reader must see (synthetic data, missing funding, inferred rules, path dependence).
    """

    graph: Any
    logic_hash: str
    data: tuple[DataInfo, ...]
    candles: tuple[Any, ...]
    policy: dict[str, Any]
    policy_id: str
    settings: dict[str, Any]
    time: NDArray[np.int64]
    equity: NDArray[np.float64]
    trades: NDArray[np.void]
    fills: NDArray[np.void]
    metrics: dict[str, float | int | bool | None]
    pessimistic: dict[str, float | int | bool | None]
    rejected: dict[str, int]
    notes: tuple[str, ...]
    traces: tuple[Any, ...] = ()
    seconds: float = 0.0
