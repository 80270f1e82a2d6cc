"""Key figures of a back-test; undefined is None.  Definitions and sources: `engine.metric_definitions`."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel
from engine.metric_definitions import DEFINITIONS
from engine.result import EXIT_REASONS
from engine.timeframe import DAY

Metrics = dict[str, float | int | bool | None]
Floats = NDArray[np.float64]

_YEAR_DAYS = 365.25
_CAGR_FROM_DAYS = 30
_FEW_TRADES = 30
_ROUNDING = 1e-15  # deviations of daily returns up to here are the rounding of float64, not risk
_LIQUIDATED = EXIT_REASONS.index("liquidated")


def compute_metrics(
    time: NDArray[np.int64],
    equity: Floats,
    trades: NDArray[np.void],
    capital: float,
    annual_days: float = 365,
    *,
    first_open: float | None = None,
    last_close: float | None = None,
    bar_ms: int | None = None,
) -> Metrics:
    """All figures of `DEFINITIONS`, in its order.

    `time` are closing instants (ms UTC) of the finest bars, `equity` the account (quote currency) at each,
    `trades` records of dtype TRADE, `capital` the equity before the first bar.  `first_open` and `last_close`
    are prices of the market for buy and hold.  `bar_ms` is the length of a bar; left out, it is the shortest
    step among the first thousand bars.  Raises ValueError without a bar or without capital.
    """
    if len(equity) == 0 or len(time) != len(equity):
        raise ValueError("metrics need at least one bar, and one equity value for each")
    if not capital > 0:
        raise ValueError(f"metrics need a starting capital above 0, got {capital}")
    bar = bar_ms or bar_length(time)
    days = daily_equity(time, equity, capital, bar)
    hold = last_close / first_open - 1 if first_open and last_close is not None else None
    found: Metrics = {"buy_hold_return": hold}
    found |= _equity_metrics(time, equity, capital, int(time[0]) - bar)
    found |= _daily_metrics(days, annual_days * DAY / max(bar, DAY))
    with np.errstate(divide="ignore", invalid="ignore"):
        found |= _trade_metrics(trades) | _exposure(trades, equity)
    return {name: _plain(found[name]) for name in DEFINITIONS}


def _plain(value: Any) -> float | int | bool | None:
    """A value JSON can hold: numpy scalars become Python ones, what is not finite becomes None."""
    if value is None or isinstance(value, bool | int):
        return value
    return float(value) if math.isfinite(value) else None


# --- the whole account ------------------------------------------------------------------------------------


def bar_length(time: NDArray[np.int64]) -> int:
    """Length of a bar in ms, taken from the closing instants; 0 for a single bar."""
    return int(np.diff(time[:1000]).min()) if len(time) > 1 else 0


def cagr(growth: float, days: float) -> float | None:
    """Annual growth from a total `growth` (end / start) over `days`, 365.25 to a year (backtesting.py)."""
    if days < _CAGR_FROM_DAYS:
        return None
    if growth <= 0:
        return -1.0
    try:
        return growth ** (_YEAR_DAYS / days) - 1
    except OverflowError:
        return None


def _equity_metrics(time: NDArray[np.int64], equity: Floats, capital: float, start: int) -> Metrics:
    worst, squares, peak, longest, still_open = drawdown(time, equity, capital, start)
    last = float(equity[-1])
    growth = cagr(last / capital, (int(time[-1]) - start) / DAY)
    return {
        "total_return": last / capital - 1,
        "cagr": growth,
        "max_drawdown": worst,
        "max_drawdown_duration_ms": int(longest),
        "max_drawdown_duration_open": bool(still_open),
        "ulcer_index": 100 * math.sqrt(squares / len(equity)),
        "calmar": growth / worst if growth is not None and worst > 0 else None,
        "final_equity": last,
        "peak_equity": peak,
    }


def drawdown(time: NDArray[np.int64], equity: Floats, capital: float, start: int) -> list[float]:
    """Deepest drawdown (ratio), sum of squared drawdowns, peak equity, longest one (ms), 1 if it is open."""
    out = np.zeros(5)
    _drawdown(np.ascontiguousarray(time, np.int64), np.ascontiguousarray(equity, float), capital, start, out)
    return out.tolist()


@kernel("i8[:]", "f8[:]", "f8", "i8", "f8[:]")
def _drawdown(time: Any, equity: Any, capital: Any, start: Any, out: Any) -> Any:
    """One pass over the equity; divides once per peak instead of once per bar."""
    peak, since = capital, start
    gap, segment = 0.0, 0.0  # deepest distance below this peak; sum of squared distances
    for i in range(len(equity)):
        value = equity[i]
        if value < peak:
            below = peak - value
            segment += below * below
            gap = max(gap, below)
            continue
        if gap > 0.0:
            out[0] = max(out[0], gap / peak)
            out[1] += segment / (peak * peak)
            out[3] = max(out[3], float(time[i] - since))
            gap, segment = 0.0, 0.0
        peak, since = value, time[i]
    if gap > 0.0:
        out[0] = max(out[0], gap / peak)
        out[1] += segment / (peak * peak)
        rest = float(time[len(time) - 1] - since)
        if rest > out[3]:
            out[3], out[4] = rest, 1.0
    out[2] = peak
    return 0


# --- days -------------------------------------------------------------------------------------------------


def daily_equity(time: NDArray[np.int64], equity: Floats, capital: float, bar: int) -> Floats:
    """Capital, then equity at the end of every UTC day, or of bars of a day or more (docs/metrics.md)."""
    if bar >= DAY:
        return np.concatenate(([capital], equity))
    start, last = int(time[0]) - bar, int(time[-1])
    midnights = np.arange(start - start % DAY + DAY, last, DAY)
    rows = np.append(np.searchsorted(time, midnights, side="right") - 1, len(time) - 1)
    days = np.where(rows < 0, capital, equity[rows])
    return np.concatenate(([capital], days))


def _daily_metrics(days: Floats, periods: float) -> Metrics:
    """Volatility, Sharpe, Sortino (empyrical, annualization = `periods`), PSR and drawdown by days."""
    drop = float(np.max(1 - days / np.maximum.accumulate(days)))
    found: Metrics = dict.fromkeys(("volatility", "sharpe", "sortino", "psr"))
    found["max_drawdown_daily"] = drop
    if len(days) < 3 or float(days[:-1].min()) <= 0:
        return found
    returns = days[1:] / days[:-1] - 1
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0) ** 2)))
    found["volatility"] = deviation * math.sqrt(periods)
    if downside > _ROUNDING:
        found["sortino"] = mean / downside * math.sqrt(periods)
    if deviation > _ROUNDING:
        found["sharpe"] = mean / deviation * math.sqrt(periods)
        found["psr"] = probabilistic_sharpe(returns)
    return found


def probabilistic_sharpe(returns: Floats, benchmark: float = 0.0) -> float | None:
    """Probability that the true Sharpe ratio per period is above `benchmark` (Bailey, Lopez de Prado)."""
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    skewness = float(np.mean(centred**3)) / variance**1.5
    kurtosis = float(np.mean(centred**4)) / variance**2
    sharpe = float(returns.mean() / returns.std(ddof=1))
    error = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if not error > 0:
        return None
    score = (sharpe - benchmark) * math.sqrt(len(returns) - 1) / math.sqrt(error)
    return 0.5 * (1 + math.erf(score / math.sqrt(2)))


# --- trades -----------------------------------------------------------------------------------------------


def _trade_metrics(trades: NDArray[np.void]) -> Metrics:
    """Statistics of single trades; p in quote currency, q in percent of the entry notional."""
    p = np.ascontiguousarray(trades["pnl"])
    notional = trades["entry_price"] * trades["quantity"]
    q = 100 * p / notional
    count = len(p)
    longs = int(np.count_nonzero(trades["side"] > 0))
    return {
        "trades": count,
        "longs": longs,
        "shorts": count - longs,
        "low_count": count < _FEW_TRADES,
        "liquidations": int(np.count_nonzero(trades["reason"] == _LIQUIDATED)),
        "fees_paid": float(trades["fees"].sum()),
        "funding_paid": 0.0 - float(trades["funding"].sum()),
        "turnover": float((notional + trades["exit_price"] * trades["quantity"]).sum()),
        "best_trade_percent": float(q.max()) if count else None,
        "worst_trade_percent": float(q.min()) if count else None,
        "avg_trade": _mean(p),
        "avg_trade_percent": _mean(q),
        "expectancy": _mean(p),
        "expectancy_percent": _mean(q),
        "avg_bars_in_trade": _mean(trades["exit_bar"] - trades["entry_bar"]),
        "avg_ms_in_trade": _mean(trades["exit_time"] - trades["entry_time"]),
        **_wins_and_losses(p),
    }


def _wins_and_losses(p: Floats) -> Metrics:
    """Win rate, profit factor, expectancy ratio (freqtrade), Kelly and SQN (backtesting.py) of `p`."""
    wins, losses = p[p > 0], p[p < 0]
    rate = len(wins) / len(p) if len(p) else None
    found: Metrics = {"wins": len(wins), "losses": len(losses), "win_rate": rate}
    found |= {"avg_win": _mean(wins), "avg_loss": _mean(losses)}
    found |= {"profit_factor": float(wins.sum() / -losses.sum()) if len(losses) else None}
    found |= {"kelly": None, "expectancy_ratio": None, "sqn": None}
    if len(wins) and len(losses) and rate is not None:
        payoff = float(wins.mean() / -losses.mean())
        found["kelly"] = rate - (1 - rate) / payoff
        found["expectancy_ratio"] = (1 + payoff) * rate - 1
    if len(p) > 1:
        deviation = float(p.std(ddof=1))
        if deviation > 1e-14 * float(np.abs(p).max()):
            found["sqn"] = math.sqrt(len(p)) * float(p.mean()) / deviation
    return found


def _mean(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None


def _exposure(trades: NDArray[np.void], equity: Floats) -> Metrics:
    """Share of bars with a position (entry and exit bar count, as in backtesting.py); notional per equity."""
    order = np.argsort(trades["entry_bar"], kind="stable")
    first = trades["entry_bar"][order]
    after = np.minimum(np.maximum.accumulate(trades["exit_bar"][order]) + 1, len(equity))
    first[1:] = np.maximum(first[1:], after[:-1])
    held = np.maximum(trades["exit_bar"] - trades["entry_bar"], 1)
    notional = float((trades["entry_price"] * trades["quantity"] * held).sum())
    total = float(equity.sum())
    return {
        "exposure_time": float(np.maximum(after - first, 0).sum()) / len(equity),
        "mean_leverage": notional / total if total > 0 else None,
    }
