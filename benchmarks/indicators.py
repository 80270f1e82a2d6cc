"""Milliseconds per indicator beside TA-Lib: `python -m benchmarks.indicators [rows]`.

The best of many runs, ours and theirs in turn, since other work on the machine only ever adds.  Ours is the whole call
of a node, allocation of its outputs included; theirs as many calls as give the same outputs.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.candles import Candles, make_candles
from engine.node import Fold
from engine.registry import Registry
from engine.signature import signature_of

ROUNDS = 15

Call = Callable[[Any, Candles], Any]
TALIB: dict[str, Call] = {
    "sma": lambda t, c: t.SMA(c.close, 20),
    "ema": lambda t, c: t.EMA(c.close, 20),
    "wma": lambda t, c: t.WMA(c.close, 20),
    "dema": lambda t, c: t.DEMA(c.close, 20),
    "tema": lambda t, c: t.TEMA(c.close, 20),
    "kama": lambda t, c: t.KAMA(c.close, 10),
    "rsi": lambda t, c: t.RSI(c.close, 14),
    "macd": lambda t, c: t.MACD(c.close),
    "atr": lambda t, c: t.ATR(c.high, c.low, c.close, 14),
    "natr": lambda t, c: t.NATR(c.high, c.low, c.close, 14),
    "true_range": lambda t, c: t.TRANGE(c.high, c.low, c.close),
    "adx": lambda t, c: [f(c.high, c.low, c.close, 14) for f in (t.ADX, t.PLUS_DI, t.MINUS_DI)],
    "bollinger": lambda t, c: t.BBANDS(c.close, 20),
    "donchian": lambda t, c: t.MEDPRICE(t.MAX(c.high, 20), t.MIN(c.low, 20)),
    "stochastic": lambda t, c: t.STOCH(c.high, c.low, c.close, 14, 3, 0, 3, 0),
    "obv": lambda t, c: t.OBV(c.close, c.volume),
    "mfi": lambda t, c: t.MFI(c.high, c.low, c.close, c.volume, 14),
    "roc": lambda t, c: t.ROC(c.close, 10),
    "momentum": lambda t, c: t.MOM(c.close, 10),
    "williams_r": lambda t, c: t.WILLR(c.high, c.low, c.close, 14),
    "cci": lambda t, c: t.CCI(c.high, c.low, c.close, 20),
    "psar": lambda t, c: t.SAR(c.high, c.low),
    "stdev": lambda t, c: t.STDDEV(c.close, 20),
    "aroon": lambda t, c: (t.AROON(c.high, c.low, 14), t.AROONOSC(c.high, c.low, 14)),
    "trix": lambda t, c: t.TRIX(c.close, 15),
    "ultimate": lambda t, c: t.ULTOSC(c.high, c.low, c.close),
    "ad": lambda t, c: t.AD(c.high, c.low, c.close, c.volume),
}


def market(rows: int) -> Candles:
    """A random walk of one-minute bars."""
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, rows)))
    opened = np.concatenate([[100.0], close[:-1]])
    return make_candles(
        "TEST",
        "1m",
        time=1_704_067_200_000 + 60_000 * np.arange(rows),
        open=opened,
        high=np.maximum(opened, close) * (1 + np.abs(rng.normal(0, 1e-3, rows))),
        low=np.minimum(opened, close) * (1 - np.abs(rng.normal(0, 1e-3, rows))),
        close=close,
        volume=rng.lognormal(5, 1, rows),
    )


def call_of(cls: Any, candles: Candles) -> Callable[[], Any]:
    """The node with its presets over the candles."""
    columns = {"candles": candles, "source": candles.close, "volume": candles.volume}
    inputs = {name: columns[name] for name in signature_of(cls).inputs}
    node = cls()
    return (lambda: node.step(node.State(), **inputs)) if issubclass(cls, Fold) else (lambda: node.compute(**inputs))


def best(*calls: Callable[[], Any]) -> list[float]:
    """Shortest time of each call in ms, the calls made in turn."""
    times = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, found in zip(calls, times, strict=True):
            start = time.perf_counter()
            result = call()
            found.append(1e3 * (time.perf_counter() - start))
            del result
    return [min(found[1:]) for found in times]


def main(rows: int = 500_000) -> None:
    import talib

    candles, nodes = market(rows), Registry()
    print(f"{rows} rows, ms       ours  TA-Lib   ratio")
    for tag in (t for t in nodes if t.startswith("indicator.")):
        name = tag.removeprefix("indicator.")
        ours, theirs = call_of(nodes[tag], candles), TALIB.get(name)
        if theirs is None:
            print(f"{name:16}{best(ours)[0]:10.2f}")
            continue
        a, b = best(ours, lambda call=theirs: call(talib, candles))
        print(f"{name:16}{a:10.2f}{b:8.2f}{a / b:8.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
