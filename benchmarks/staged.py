"""What a good engineer writes by hand with numba: one plain function per stage, results handed on as arrays."""

import numpy as np
from numba import njit

DAY = 86_400_000


@njit(cache=True)
def ema(x, length):
    out = np.empty(len(x))
    alpha = 2.0 / (length + 1.0)
    y = x[0]
    for i in range(len(x)):
        y += alpha * (x[i] - y)
        out[i] = y
    return out


@njit(cache=True)
def atr(high, low, close, length):
    out = np.empty(len(close))
    y = high[0] - low[0]
    out[0] = y
    for i in range(1, len(close)):
        true_range = max(high[i], close[i - 1]) - min(low[i], close[i - 1])
        y += (true_range - y) / length
        out[i] = y
    return out


@njit(cache=True)
def crosses(fast, slow, warm):
    """+1 where fast crosses above slow, -1 where below, from bar `warm` on."""
    out = np.zeros(len(fast), np.int8)
    for i in range(max(warm, 1), len(fast)):
        if fast[i] > slow[i] and fast[i - 1] <= slow[i - 1]:
            out[i] = 1
        elif fast[i] < slow[i] and fast[i - 1] >= slow[i - 1]:
            out[i] = -1
    return out


@njit(cache=True)
def book(row, side, since, until, entry, price, profit):
    row[0], row[1], row[2], row[3], row[4], row[5] = side, since, until, entry, price, profit


@njit(cache=True)
def match(open_, high, low, close, signal, stop_by, target_by, fee, capital, on_entry_bar):
    """Reverse at the next open, stop before target inside a bar; trades as rows, equity at every close.

    `stop_by` and `target_by` are distances from the close of the signal bar, empty = none.  With `on_entry_bar` False
    the bar of the entry cannot hit stop or target.
    """
    n = len(close)
    equity = np.empty(n)
    trades = np.empty((n // 2 + 2, 6))  # side, entry bar, exit bar, entry price, exit price, profit
    count = 0
    cash, side, entry, since = capital, 0, 0.0, 0
    stop, target = -1.0, -1.0
    for i in range(n):
        new = signal[i - 1] if i > 0 else 0
        if (new != 0 and new != side) or (i == n - 1 and side != 0):
            if side != 0:
                gain = side * (open_[i] - entry)
                cash += gain - fee * open_[i]
                book(trades[count], side, since, i, entry, open_[i], gain - fee * (open_[i] + entry))
                count += 1
                side = 0
            if i < n - 1:
                side, entry, since = new, open_[i], i
                cash -= fee * entry
                if len(stop_by):
                    stop = close[i - 1] - side * stop_by[i - 1]
                    target = close[i - 1] + side * target_by[i - 1]
        if side != 0 and len(stop_by) and (on_entry_bar or since < i):
            price = 0.0
            if side > 0 and low[i] <= stop:
                price = min(open_[i], stop)
            elif side < 0 and high[i] >= stop:
                price = max(open_[i], stop)
            elif side > 0 and high[i] >= target:
                price = max(open_[i], target)
            elif side < 0 and low[i] <= target:
                price = min(open_[i], target)
            if price != 0.0:
                gain = side * (price - entry)
                cash += gain - fee * price
                book(trades[count], side, since, i, entry, price, gain - fee * (price + entry))
                count += 1
                side = 0
        equity[i] = cash + side * (close[i] - entry)
    return trades[:count], equity


@njit(cache=True)
def drawdown(equity, capital):
    peak, worst, squares, since, longest = capital, 0.0, 0.0, 0, 0
    for i in range(len(equity)):
        if equity[i] >= peak:
            peak = equity[i]
            longest = max(longest, i - since)
            since = i
        else:
            down = 1.0 - equity[i] / peak
            worst = max(worst, down)
            squares += down * down
    return worst, np.sqrt(squares / len(equity)), max(longest, len(equity) - since)


@njit(cache=True)
def daily(time, equity, capital):
    """Volatility, Sharpe and Sortino of daily returns, 365 days."""
    days = np.empty((time[-1] - time[0]) // DAY + 3)
    days[0] = capital
    count = 1
    for i in range(len(time)):
        if i == len(time) - 1 or time[i + 1] // DAY != time[i] // DAY:
            days[count] = equity[i]
            count += 1
    returns = days[1:count] / days[: count - 1] - 1.0
    mean, deviation = returns.mean(), returns.std()
    down = np.sqrt((np.minimum(returns, 0.0) ** 2).mean())
    return deviation * np.sqrt(365.0), mean / deviation * np.sqrt(365.0), mean / down * np.sqrt(365.0)


@njit(cache=True)
def of_trades(trades, bars):
    """Win rate, profit factor, SQN, mean profit, best, worst, share of bars in the market."""
    p = trades[:, 5]
    won = p[p > 0]
    lost = p[p < 0]
    held = (trades[:, 2] - trades[:, 1] + 1).sum() / bars
    sqn = np.sqrt(len(p)) * p.mean() / p.std()
    return len(won) / len(p), won.sum() / -lost.sum(), sqn, p.mean(), p.max(), p.min(), held


def run(c, fast, slow, warm, stops, fee, capital, on_entry_bar=True):
    """All stages; returns trades, equity and the figures."""
    signal = crosses(ema(c["close"], fast), ema(c["close"], slow), warm)
    none = np.zeros(0)
    stop_by, target_by = none, none
    if stops:
        wide = atr(c["high"], c["low"], c["close"], 14)
        stop_by, target_by = 2.0 * wide, 3.0 * wide
    trades, equity = match(
        c["open"], c["high"], c["low"], c["close"], signal, stop_by, target_by, fee, capital, on_entry_bar
    )
    figures = drawdown(equity, capital) + daily(c["time"], equity, capital) + of_trades(trades, len(equity))
    return trades, equity, figures
