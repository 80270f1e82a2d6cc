"""The peers as workers, in the environment of their own: backtesting.py, vectorbt and the hand-written numba run.

Each computes its indicators with its own library inside the timed region.  Signals before the warm-up bar that
Tradegraph declares are masked, since seeds differ until then; from there on trades have to be equal.
Without a job on stdin: `python -m benchmarks.peers ENGINE once STRATEGY FILE.csv WARM CAPITAL` is a whole process.
"""

import json
import sys
import warnings
from typing import Any

import numpy as np

from benchmarks.worker import Job, Outcome, Prepared, columns_of, serve

FEE = 0.00055
FAST, SLOW, ATR, STOP, TARGET = 20, 50, 14, 2.0, 3.0


# --- by hand ----------------------------------------------------------------------------------------------------------


def staged(job: Job) -> Prepared:
    from benchmarks import staged as hand

    columns = columns_of(job)

    def run() -> Outcome:
        trades, equity, _ = hand.run(
            columns, FAST, SLOW, job["warm"], job["strategy"] == "s2", FEE, job["capital"],
            job.get("on_entry_bar", True),
        )  # fmt: skip
        return {"trades": len(trades), "equity": float(equity[-1])}

    return run


# --- vectorbt ---------------------------------------------------------------------------------------------------------


def vectorbt(job: Job) -> Prepared:
    import pandas as pd
    import vectorbt as vbt  # pyright: ignore[reportMissingImports]
    from numba import njit

    columns = columns_of(job)
    index = pd.to_datetime(columns["time"], unit="ms")
    frame = pd.DataFrame({name: columns[name] for name in ("open", "high", "low", "close")}, index=index)
    warm, stops = job["warm"], job["strategy"] == "s2"

    @njit
    def off_at_signals(c, signal, stop):  # a signal's order fills at the open, before the bar can reach the stop
        return (np.nan if signal[c.i] != 0 else c.curr_stop), False

    @njit
    def target_off_at_signals(c, signal, stop):
        return np.nan if signal[c.i] != 0 else c.curr_stop

    def run() -> Outcome:
        close, open_ = frame["close"], frame["open"]
        fast = vbt.MA.run(close, FAST, ewm=True).ma.to_numpy()
        slow = vbt.MA.run(close, SLOW, ewm=True).ma.to_numpy()
        up = np.zeros(len(close), bool)
        down = np.zeros(len(close), bool)
        up[warm:] = (fast[warm:] > slow[warm:]) & (fast[warm - 1 : -1] <= slow[warm - 1 : -1])
        down[warm:] = (fast[warm:] < slow[warm:]) & (fast[warm - 1 : -1] >= slow[warm - 1 : -1])
        enter, short = _later(up), _later(down)  # decided at a close, filled at the next open
        last = np.zeros(len(close), bool)
        last[-1] = True
        more: dict[str, Any] = {}
        if stops:
            # Wilder's average of 14 is the exponential one of 27; levels become shares of the fill price.
            wide = vbt.ATR.run(frame["high"], frame["low"], close, 2 * ATR - 1, ewm=True).atr.to_numpy()
            before, wide = _later(close.to_numpy()), _later(wide)
            side = np.where(enter, 1.0, -1.0)
            price = open_.to_numpy()
            signal = (enter | short).astype(np.int8)
            more = {
                "sl_stop": np.abs(before - side * STOP * wide - price) / price,
                "tp_stop": np.abs(before + side * TARGET * wide - price) / price,
                "stop_entry_price": "fillprice",
                "stop_exit_price": "stoplimit",
                "high": frame["high"],
                "low": frame["low"],
                "open": open_,
                "adjust_sl_func_nb": off_at_signals,
                "adjust_sl_args": (signal, 0),
                "adjust_tp_func_nb": target_off_at_signals,
                "adjust_tp_args": (signal, 0),
            }
        portfolio = vbt.Portfolio.from_signals(
            close, enter, last, short, last, price=open_, size=1.0, fees=FEE, init_cash=job["capital"], freq="1min",
            upon_opposite_entry="reverse", **more,
        )  # fmt: skip
        _figures(portfolio)
        return {"trades": int(portfolio.trades.count()), "equity": float(portfolio.value().iloc[-1])}

    return run


def _later(column: np.ndarray) -> np.ndarray:
    out = np.empty_like(column)
    out[0] = False if column.dtype == bool else column[0]
    out[1:] = column[:-1]
    return out


def _figures(portfolio: Any) -> list[Any]:
    """About what Tradegraph reports; `Portfolio.stats` would be slower."""
    trades = portfolio.trades
    return [
        portfolio.total_return(), portfolio.max_drawdown(), portfolio.sharpe_ratio(), portfolio.sortino_ratio(),
        portfolio.annualized_volatility(), trades.count(), trades.win_rate(), trades.profit_factor(),
        trades.expectancy(), trades.sqn(), trades.returns.max(), trades.returns.min(), portfolio.position_coverage(),
    ]  # fmt: skip


# --- backtesting.py ---------------------------------------------------------------------------------------------------


def backtesting(job: Job) -> Prepared:
    import backtesting as library  # pyright: ignore[reportMissingImports]
    import pandas as pd

    library.backtesting._tqdm = lambda seq, **_: seq  # no progress bar
    columns = columns_of(job)
    frame = pd.DataFrame(
        {name.capitalize(): columns[name] for name in ("open", "high", "low", "close", "volume")},
        index=pd.to_datetime(columns["time"], unit="ms"),
    )
    warm, stops = job["warm"], job["strategy"] == "s2"

    class Cross(library.Strategy):  # pyright: ignore[reportUntypedBaseClass]
        def init(self) -> None:
            close = pd.Series(np.asarray(self.data.Close))
            fast = close.ewm(span=FAST, adjust=False).mean().to_numpy()
            slow = close.ewm(span=SLOW, adjust=False).mean().to_numpy()
            signal = np.zeros(len(close))
            above, below = fast > slow, fast < slow
            signal[1:] = (above[1:] & ~above[:-1]) * 1.0 - (below[1:] & ~below[:-1])
            signal[:warm] = 0
            self.signal = self.I(lambda: signal, name="signal")
            if stops:
                high, low = np.asarray(self.data.High), np.asarray(self.data.Low)
                before = close.shift().to_numpy()
                true_range = np.fmax(high, before) - np.fmin(low, before)
                self.atr = self.I(lambda: pd.Series(true_range).ewm(alpha=1 / ATR, adjust=False).mean(), name="atr")

        def next(self) -> None:
            side = self.signal[-1]
            if side == 0:
                return
            levels = {}
            if stops:
                for trade in self.trades:  # else they would fill before the close at the open
                    trade.sl = trade.tp = None
                close, wide = self.data.Close[-1], self.atr[-1]
                levels = {"sl": close - side * STOP * wide, "tp": close + side * TARGET * wide}
            if side > 0:
                self.buy(size=1, **levels)
            else:
                self.sell(size=1, **levels)

    def run() -> Outcome:
        stats = library.Backtest(
            frame, Cross, cash=job["capital"], commission=FEE, exclusive_orders=True, finalize_trades=True
        ).run()
        return {"trades": int(stats["# Trades"]), "equity": float(stats["Equity Final [$]"])}

    return run


# --- entry ------------------------------------------------------------------------------------------------------------

ENGINES = {"staged": staged, "vectorbt": vectorbt, "backtesting": backtesting}

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    engine = ENGINES[sys.argv[1]]
    if len(sys.argv) > 2:
        _, _, _, strategy, file, warm, capital = sys.argv
        job = {"candles": file, "strategy": strategy, "warm": int(warm), "capital": float(capital)}
        print(json.dumps(engine(job)()))
    else:
        serve(engine)
