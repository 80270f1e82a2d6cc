"""Indicators against figures of others, and the window kernels against their definition.

`STOCK` holds nodes against the hand-calculated workbooks of DaveSkender/Stock.Indicators (columns that equal the
workbook according to crosscheck.csv), `BASELINE` against columns of that library without a workbook, `TALIB` and
`PANDAS_TA` against these libraries on a seeded random walk, `OWN` against the published rule in plain Python.
"""

import csv
import importlib
import math
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.candles import Candles, make_candles
from engine.node import Fold
from engine.registry import Registry
from engine.signature import signature_of
from engine.values import UNKNOWN, is_unknown

NODES = Registry()
STOCK_FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "stock_indicators"
MONDAY = 1_704_067_200_000  # 2024-01-01
HOUR = 3_600_000
NAN = math.nan


# --- what stands against what ----------------------------------------------------------------------------------------

# (tag, params, output) -> (file, column, rows left out at the start); every one of them equals its workbook
STOCK: dict[str, tuple[str, dict[str, Any], str, str, str, int]] = {
    "sma": ("sma", {"length": 20}, "out", "sma", "sma", 0),
    "ema": ("ema", {"length": 20}, "out", "ema", "ema", 0),
    "rma": ("rma", {"length": 20}, "out", "smma", "smma", 0),
    "tema": ("tema", {"length": 20}, "out", "tema", "tema", 300),
    "kama": ("kama", {}, "out", "kama", "kama", 10),
    "rsi": ("rsi", {}, "out", "rsi", "rsi", 0),
    "macd": ("macd", {}, "macd", "macd", "macd", 0),
    "macd signal": ("macd", {}, "signal", "macd", "signal", 0),
    "macd histogram": ("macd", {}, "histogram", "macd", "histogram", 0),
    "atr": ("atr", {}, "out", "atr", "atr", 0),
    "natr": ("natr", {}, "out", "atr", "atrp", 0),
    "true_range": ("true_range", {}, "out", "tr", "tr", 0),
    "adx": ("adx", {}, "adx", "adx", "adx", 0),
    "plus_di": ("adx", {}, "plus_di", "adx", "pdi", 0),
    "minus_di": ("adx", {}, "minus_di", "adx", "mdi", 0),
    "bollinger upper": ("bollinger", {}, "upper", "bb", "upperBand", 0),
    "bollinger middle": ("bollinger", {}, "middle", "bb", "sma", 0),
    "bollinger lower": ("bollinger", {}, "lower", "bb", "lowerBand", 0),
    "keltner middle": ("keltner", {}, "middle", "keltner", "centerline", 0),
    "stochastic k": ("stochastic", {}, "k", "stoch", "k", 0),
    "stochastic d": ("stochastic", {}, "d", "stoch", "d", 0),
    "obv": ("obv", {}, "out", "obv", "obv", 0),
    "ad": ("ad", {}, "out", "adl", "adl", 0),
    "cmf": ("cmf", {}, "out", "cmf", "cmf", 0),
    "mfi": ("mfi", {}, "out", "mfi", "mfi", 0),
    "williams_r": ("williams_r", {}, "out", "willr", "williamsR", 0),
    "ultimate": ("ultimate", {}, "out", "uo", "ultimate", 0),
}

# the same without a workbook: the library's own figures
BASELINE: dict[str, tuple[str, dict[str, Any], str, str, str, int]] = {
    "wma": ("wma", {"length": 14}, "out", "wma", "wma", 0),
    "hma": ("hma", {"length": 14}, "out", "hma", "hma", 0),
    "dema": ("dema", {"length": 14}, "out", "dema", "dema", 250),
    "trix": ("trix", {"length": 14}, "out", "trix", "trix", 350),
    "vwma": ("vwma", {"length": 14}, "out", "vwma", "vwma", 0),
    "cci": ("cci", {}, "out", "cci", "cci", 0),
    "roc": ("roc", {"length": 14}, "out", "roc", "roc", 0),
    "momentum": ("momentum", {"length": 14}, "out", "roc", "momentum", 0),
    "stdev": ("stdev", {"length": 14}, "out", "stdev", "stdDev", 0),
    "keltner upper": ("keltner", {}, "upper", "keltner", "upperBand", 0),
    "keltner lower": ("keltner", {}, "lower", "keltner", "lowerBand", 0),
    "supertrend": ("supertrend", {}, "line", "supertrend", "superTrend", 100),
}

# tag, output, call, rows left out at the start (TA-Lib seeds some averages otherwise)
Call = Callable[[Any, Candles], Any]
TALIB: dict[str, tuple[str, dict[str, Any], str, Call, int]] = {
    "sma": ("sma", {}, "out", lambda t, c: t.SMA(c.close, 20), 0),
    "ema": ("ema", {}, "out", lambda t, c: t.EMA(c.close, 20), 0),
    "wma": ("wma", {}, "out", lambda t, c: t.WMA(c.close, 20), 0),
    "dema": ("dema", {}, "out", lambda t, c: t.DEMA(c.close, 20), 500),
    "tema": ("tema", {}, "out", lambda t, c: t.TEMA(c.close, 20), 500),
    "kama": ("kama", {}, "out", lambda t, c: t.KAMA(c.close, 10), 0),
    "rsi": ("rsi", {}, "out", lambda t, c: t.RSI(c.close, 14), 0),
    "macd": ("macd", {}, "macd", lambda t, c: t.MACD(c.close)[0], 500),
    "macd signal": ("macd", {}, "signal", lambda t, c: t.MACD(c.close)[1], 500),
    "macd histogram": ("macd", {}, "histogram", lambda t, c: t.MACD(c.close)[2], 500),
    "atr": ("atr", {}, "out", lambda t, c: t.ATR(c.high, c.low, c.close, 14), 0),
    "natr": ("natr", {}, "out", lambda t, c: t.NATR(c.high, c.low, c.close, 14), 0),
    "true_range": ("true_range", {}, "out", lambda t, c: t.TRANGE(c.high, c.low, c.close), 0),
    "adx": ("adx", {}, "adx", lambda t, c: t.ADX(c.high, c.low, c.close, 14), 600),
    "plus_di": ("adx", {}, "plus_di", lambda t, c: t.PLUS_DI(c.high, c.low, c.close, 14), 500),
    "minus_di": ("adx", {}, "minus_di", lambda t, c: t.MINUS_DI(c.high, c.low, c.close, 14), 500),
    "bollinger upper": ("bollinger", {}, "upper", lambda t, c: t.BBANDS(c.close, 20)[0], 0),
    "bollinger middle": ("bollinger", {}, "middle", lambda t, c: t.BBANDS(c.close, 20)[1], 0),
    "bollinger lower": ("bollinger", {}, "lower", lambda t, c: t.BBANDS(c.close, 20)[2], 0),
    "stdev": ("stdev", {}, "out", lambda t, c: t.STDDEV(c.close, 20), 0),
    "donchian upper": ("donchian", {}, "upper", lambda t, c: t.MAX(c.high, 20), 0),
    "donchian lower": ("donchian", {}, "lower", lambda t, c: t.MIN(c.low, 20), 0),
    "stochastic k": ("stochastic", {}, "k", lambda t, c: t.STOCH(c.high, c.low, c.close, 14, 3, 0, 3, 0)[0], 17),
    "stochastic d": ("stochastic", {}, "d", lambda t, c: t.STOCH(c.high, c.low, c.close, 14, 3, 0, 3, 0)[1], 0),
    "williams_r": ("williams_r", {}, "out", lambda t, c: t.WILLR(c.high, c.low, c.close, 14), 0),
    "cci": ("cci", {}, "out", lambda t, c: t.CCI(c.high, c.low, c.close, 20), 0),
    "mfi": ("mfi", {}, "out", lambda t, c: t.MFI(c.high, c.low, c.close, c.volume, 14), 0),
    "roc": ("roc", {}, "out", lambda t, c: t.ROC(c.close, 10), 0),
    "momentum": ("momentum", {}, "out", lambda t, c: t.MOM(c.close, 10), 0),
    "trix": ("trix", {}, "out", lambda t, c: t.TRIX(c.close, 15), 500),
    "ultimate": ("ultimate", {}, "out", lambda t, c: t.ULTOSC(c.high, c.low, c.close), 0),
    "aroon up": ("aroon", {}, "up", lambda t, c: t.AROON(c.high, c.low, 14)[1], 0),
    "aroon down": ("aroon", {}, "down", lambda t, c: t.AROON(c.high, c.low, 14)[0], 0),
    "aroon oscillator": ("aroon", {}, "oscillator", lambda t, c: t.AROONOSC(c.high, c.low, 14), 0),
    "psar": ("psar", {}, "line", lambda t, c: t.SAR(c.high, c.low), 0),
    "ad": ("ad", {}, "out", lambda t, c: t.AD(c.high, c.low, c.close, c.volume), 0),
    "obv": ("obv", {}, "out", lambda t, c: t.OBV(c.close, c.volume) - c.volume[0], 0),
}

# pandas-ta with talib=False; left out is what it has wrong (psar, supertrend) or defines otherwise (keltner: EMA of the
# true range; mfi: bars at an unmoved price count as falling, which a random walk does not show)
PANDAS_TA: dict[str, tuple[str, dict[str, Any], str, Callable[[Any, Any], Any], int]] = {
    "sma": ("sma", {}, "out", lambda p, f: p.sma(f.close, 20, talib=False), 0),
    "ema": ("ema", {}, "out", lambda p, f: p.ema(f.close, 20, talib=False), 0),
    "rma": ("rma", {}, "out", lambda p, f: p.rma(f.close, 14, talib=False), 600),
    "wma": ("wma", {}, "out", lambda p, f: p.wma(f.close, 20, talib=False), 0),
    "dema": ("dema", {}, "out", lambda p, f: p.dema(f.close, 20, talib=False), 500),
    "tema": ("tema", {}, "out", lambda p, f: p.tema(f.close, 20, talib=False), 500),
    "hma": ("hma", {}, "out", lambda p, f: p.hma(f.close, 20), 0),
    "kama": ("kama", {}, "out", lambda p, f: p.kama(f.close, 10, 2, 30), 3000),
    "vwma": ("vwma", {}, "out", lambda p, f: p.vwma(f.close, f.volume, 20), 0),
    "rsi": ("rsi", {}, "out", lambda p, f: p.rsi(f.close, 14, talib=False), 600),
    "macd": ("macd", {}, "macd", lambda p, f: p.macd(f.close, talib=False).iloc[:, 0], 500),
    "macd histogram": ("macd", {}, "histogram", lambda p, f: p.macd(f.close, talib=False).iloc[:, 1], 500),
    "macd signal": ("macd", {}, "signal", lambda p, f: p.macd(f.close, talib=False).iloc[:, 2], 500),
    "atr": ("atr", {}, "out", lambda p, f: p.atr(f.high, f.low, f.close, 14, talib=False), 600),
    "natr": ("natr", {}, "out", lambda p, f: p.natr(f.high, f.low, f.close, 14, mamode="rma", talib=False), 600),
    "true_range": ("true_range", {}, "out", lambda p, f: p.true_range(f.high, f.low, f.close, talib=False), 1),
    "adx": ("adx", {}, "adx", lambda p, f: p.adx(f.high, f.low, f.close, 14, talib=False).filter(like="ADX_"), 900),
    "plus_di": (
        "adx",
        {},
        "plus_di",
        lambda p, f: p.adx(f.high, f.low, f.close, 14, talib=False).filter(like="DMP"),
        900,
    ),
    "minus_di": (
        "adx",
        {},
        "minus_di",
        lambda p, f: p.adx(f.high, f.low, f.close, 14, talib=False).filter(like="DMN"),
        900,
    ),
    "bollinger upper": (
        "bollinger",
        {},
        "upper",
        lambda p, f: p.bbands(f.close, 20, ddof=0, talib=False).filter(like="BBU"),
        0,
    ),
    "bollinger lower": (
        "bollinger",
        {},
        "lower",
        lambda p, f: p.bbands(f.close, 20, ddof=0, talib=False).filter(like="BBL"),
        0,
    ),
    "stdev": ("stdev", {}, "out", lambda p, f: p.stdev(f.close, 20, ddof=0, talib=False), 0),
    "donchian upper": ("donchian", {}, "upper", lambda p, f: p.donchian(f.high, f.low, 20, 20).filter(like="DCU"), 0),
    "donchian middle": ("donchian", {}, "middle", lambda p, f: p.donchian(f.high, f.low, 20, 20).filter(like="DCM"), 0),
    "donchian lower": ("donchian", {}, "lower", lambda p, f: p.donchian(f.high, f.low, 20, 20).filter(like="DCL"), 0),
    "stochastic k": (
        "stochastic",
        {},
        "k",
        lambda p, f: p.stoch(f.high, f.low, f.close, 14, 3, 3, talib=False).iloc[:, 0],
        0,
    ),
    "stochastic d": (
        "stochastic",
        {},
        "d",
        lambda p, f: p.stoch(f.high, f.low, f.close, 14, 3, 3, talib=False).iloc[:, 1],
        0,
    ),
    "williams_r": ("williams_r", {}, "out", lambda p, f: p.willr(f.high, f.low, f.close, 14, talib=False), 0),
    "mfi": ("mfi", {}, "out", lambda p, f: p.mfi(f.high, f.low, f.close, f.volume, 14, talib=False), 15),
    "cmf": ("cmf", {}, "out", lambda p, f: p.cmf(f.high, f.low, f.close, f.volume, length=20), 0),
    "roc": ("roc", {}, "out", lambda p, f: p.roc(f.close, 10, talib=False), 0),
    "momentum": ("momentum", {}, "out", lambda p, f: p.mom(f.close, 10, talib=False), 0),
    "trix": ("trix", {}, "out", lambda p, f: p.trix(f.close, 15).iloc[:, 0], 600),
    "ultimate": ("ultimate", {}, "out", lambda p, f: p.uo(f.high, f.low, f.close, talib=False), 30),
    "aroon up": ("aroon", {}, "up", lambda p, f: p.aroon(f.high, f.low, 14, talib=False).filter(like="AROONU"), 0),
    "aroon down": ("aroon", {}, "down", lambda p, f: p.aroon(f.high, f.low, 14, talib=False).filter(like="AROOND"), 0),
    "ad": ("ad", {}, "out", lambda p, f: p.ad(f.high, f.low, f.close, f.volume, talib=False), 0),
    "vwap": ("vwap", {}, "out", lambda p, f: p.vwap(f.high, f.low, f.close, f.volume), 0),
    "vwap week": ("vwap", {"session": "week"}, "out", lambda p, f: p.vwap(f.high, f.low, f.close, f.volume, "W"), 0),
}


# --- running ---------------------------------------------------------------------------------------------------------


def evaluate(tag: str, candles: Candles, params: dict[str, Any] | None = None, source: Any = None) -> dict[str, Any]:
    """All outputs of an indicator; number ports get the close (or `source`) and the volume."""
    cls: Any = NODES[f"indicator.{tag}"]
    columns = {"candles": candles, "source": candles.close if source is None else source, "volume": candles.volume}
    inputs = {name: columns[name] for name in signature_of(cls).inputs}
    node = cls(**(params or {}))
    out: Any = node.step(node.State(), **inputs)[1] if issubclass(cls, Fold) else node.compute(**inputs)
    return {"out": out} if isinstance(out, np.ndarray) else out._asdict()


@cache
def market(rows: int = 5000, seed: int = 11) -> Candles:
    """A random walk of hourly bars from a Monday on."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    opened = np.concatenate([[100.0], close[:-1]])
    return make_candles(
        "TEST",
        "1h",
        time=MONDAY + HOUR * np.arange(rows),
        open=opened,
        high=np.maximum(opened, close) * (1 + np.abs(rng.normal(0, 0.004, rows))),
        low=np.minimum(opened, close) * (1 - np.abs(rng.normal(0, 0.004, rows))),
        close=close,
        volume=rng.lognormal(5, 1, rows),
    )


def with_hole(candles: Candles, rows: Any) -> Candles:
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for column in columns.values():
        column[rows] = NAN
    return make_candles("TEST", "1h", time=candles.time, **columns)


def read(name: str) -> dict[str, list[str]]:
    path = STOCK_FOLDER / name
    if not path.exists():
        pytest.skip(f"reference figures are not here: {path}")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def numbers(texts: list[str]) -> Any:
    return np.array([float(text) if text else NAN for text in texts])


@cache
def stock_candles() -> Candles:
    table = read("quotes_default_502.csv")
    time = np.array(table["date"], "datetime64[ms]").astype(np.int64)
    return make_candles(
        "SPY", "1d", time=time, **{n: numbers(table[n]) for n in ("open", "high", "low", "close", "volume")}
    )


@pytest.fixture(scope="module")
def talib() -> Any:
    return importlib.import_module("talib")


@pytest.fixture(scope="module")
def pandas_ta() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pandas_ta")


@cache
def frame() -> Any:
    pandas: Any = importlib.import_module("pandas")
    candles = market()
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low", "close", "volume")}
    return pandas.DataFrame(columns, index=pandas.to_datetime(candles.time, unit="ms"))


# --- against others --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", STOCK)
def test_equals_the_workbook(case: str) -> None:
    tag, params, output, file, column, skip = STOCK[case]
    judged = read("crosscheck.csv")
    errors = {(i, c): e for i, c, e in zip(judged["indicator"], judged["column"], judged["excel_rel_err"], strict=True)}
    assert float(errors[file, column]) < 1e-6, "this column has no workbook behind it"
    expected = numbers(read(f"results/{file}.csv")[column])
    np.testing.assert_allclose(evaluate(tag, stock_candles(), params)[output][skip:], expected[skip:], rtol=1e-6)


@pytest.mark.parametrize("case", BASELINE)
def test_equals_the_library_without_a_workbook(case: str) -> None:
    tag, params, output, file, column, skip = BASELINE[case]
    expected = numbers(read(f"results/{file}.csv")[column])
    found = evaluate(tag, stock_candles(), params)[output]
    np.testing.assert_allclose(found[skip:], expected[skip:], rtol=1e-6, atol=1e-9)


def test_donchian_of_the_workbook_is_one_bar_behind() -> None:
    """Skender's channel leaves the current bar out."""
    table = read("results/donchian.csv")
    found = evaluate("donchian", stock_candles())
    for ours, theirs in (("upper", "upperBand"), ("middle", "centerline"), ("lower", "lowerBand")):
        np.testing.assert_allclose(found[ours][19:-1], numbers(table[theirs])[20:], rtol=1e-12)


def test_aroon_of_the_workbook_takes_the_earliest_of_equals() -> None:
    """We take the latest, as TA-Lib and pandas-ta do; elsewhere the figures are the same."""
    table, candles = read("results/aroon.csv"), stock_candles()
    found = evaluate("aroon", candles, {"length": 25})
    for ours, theirs, column, best in (
        ("up", "aroonUp", candles.high, np.max),
        ("down", "aroonDown", candles.low, np.min),
    ):
        windows = np.lib.stride_tricks.sliding_window_view(column, 26)
        single = (windows == best(windows, axis=1)[:, None]).sum(axis=1) == 1
        assert single.mean() > 0.9
        np.testing.assert_allclose(found[ours][25:][single], numbers(table[theirs])[25:][single], rtol=1e-12)


def test_psar_equals_the_library_but_where_the_turning_bar_is_the_extreme() -> None:
    """There Wilder's stop is that bar's own extreme, as in TA-Lib; Skender takes the one before (one turn of all)."""
    table, found = read("results/psar.csv"), evaluate("psar", stock_candles())["line"]
    expected, turns = numbers(table["sar"]), np.array(table["isReversal"]) == "True"
    differs = ~np.isclose(found, expected, rtol=1e-9) & (np.arange(len(found)) >= 40)  # 40: it starts otherwise
    assert differs.sum() == 1
    assert not np.any(differs & ~turns)


@pytest.mark.parametrize("case", TALIB)
def test_equals_talib(case: str, talib: Any) -> None:
    tag, params, output, call, skip = TALIB[case]
    found, expected = evaluate(tag, market(), params)[output], call(talib, market())
    np.testing.assert_allclose(found[skip:], expected[skip:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", PANDAS_TA)
def test_equals_pandas_ta(case: str, pandas_ta: Any) -> None:
    tag, params, output, call, skip = PANDAS_TA[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = call(pandas_ta, frame()).to_numpy(dtype=float).ravel()
    found = evaluate(tag, market(), params)[output]
    np.testing.assert_allclose(found[skip:], expected[skip:], rtol=1e-9, atol=1e-9)


# --- against the published rule --------------------------------------------------------------------------------------


def supertrend_by_the_rule(c: Candles, length: int, multiple: float) -> tuple[Any, Any]:
    """TradingView's ta.supertrend, line by line (its direction is -1 in an up-trend; here turned round)."""
    n = len(c)
    atr = evaluate("atr", c, {"length": length})["out"]
    upper, lower, line = np.full(n, NAN), np.full(n, NAN), np.full(n, NAN)
    direction = np.full(n, UNKNOWN)
    for i in range(length, n):
        middle = (c.high[i] + c.low[i]) / 2
        upper[i], lower[i] = middle + multiple * atr[i], middle - multiple * atr[i]
        if i == length:
            direction[i] = -1
        else:
            keeps = lower[i] > lower[i - 1] or c.close[i - 1] < lower[i - 1]
            lower[i] = lower[i] if keeps else lower[i - 1]
            keeps = upper[i] < upper[i - 1] or c.close[i - 1] > upper[i - 1]
            upper[i] = upper[i] if keeps else upper[i - 1]
            if line[i - 1] == upper[i - 1]:
                direction[i] = 1 if c.close[i] > upper[i] else -1
            else:
                direction[i] = -1 if c.close[i] < lower[i] else 1
        line[i] = lower[i] if direction[i] == 1 else upper[i]
    return line, direction


def test_supertrend_equals_the_published_rule() -> None:
    line, direction = supertrend_by_the_rule(market(), 10, 3.0)
    found = evaluate("supertrend", market())
    np.testing.assert_allclose(found["line"], line, rtol=1e-12)
    np.testing.assert_array_equal(found["direction"], direction)


def test_psar_direction_says_on_which_side_the_stop_is() -> None:
    c, found = market(), evaluate("psar", market())
    up, down = found["direction"] == 1, found["direction"] == -1
    assert np.all(found["line"][up] <= c.low[up])
    assert np.all(found["line"][down] >= c.high[down])
    assert found["direction"][0] == UNKNOWN


def test_rolling_vwap_is_its_definition() -> None:
    c = market()
    typical = (c.high + c.low + c.close) / 3
    found = evaluate("vwap_rolling", c)["out"]
    for i in (19, 20, 777, 4999):
        rows = slice(i - 19, i + 1)
        assert found[i] == pytest.approx(np.average(typical[rows], weights=c.volume[rows]), rel=1e-13)


def test_session_vwap_is_unknown_in_a_session_without_its_beginning() -> None:
    late = evaluate("vwap", market().part(5, 100))["out"]
    np.testing.assert_array_equal(np.isnan(late), np.arange(5, 100) < 24)
    np.testing.assert_array_equal(late[19:], evaluate("vwap", market())["out"][24:100])


# --- not known -------------------------------------------------------------------------------------------------------

# tag -> unknown rows after a hole of one bar, the hole included, per output; the seeds and windows start anew
AFTER_A_HOLE = {
    "sma": [20],
    "ema": [20],
    "wma": [20],
    "rma": [14],
    "dema": [39],
    "tema": [58],
    "hma": [23],
    "kama": [11],
    "vwma": [20],
    "rsi": [15],
    "macd": [26, 34, 34],
    "atr": [15],
    "natr": [15],
    "true_range": [2],
    "adx": [28, 15, 15],
    "bollinger": [20, 20, 20],
    "keltner": [20, 20, 20],
    "donchian": [20, 20, 20],
    "stochastic": [16, 18],
    "supertrend": [11, 11, 11, 11],
    "vwap": [16],  # to the end of the day
    "vwap_rolling": [20],
    "obv": [1],
    "mfi": [15],
    "roc": [2],  # the row itself and the one that looks back at it
    "momentum": [2],
    "williams_r": [14],
    "cci": [20],
    "psar": [2, 2],
    "stdev": [20],
    "aroon": [15, 15, 15],
    "trix": [44],
    "ultimate": [29],
    "ad": [1],
    "cmf": [20],
}
HOLE = 104  # 08:00 of a day


def test_every_indicator_is_named_here() -> None:
    tags = {tag.removeprefix("indicator.") for tag in NODES if tag.startswith("indicator.")}
    assert tags == AFTER_A_HOLE.keys()
    held = {case[0] for table in (STOCK, BASELINE, TALIB, PANDAS_TA) for case in table.values()}
    assert tags - held == {"vwap_rolling"}  # against its definition above


@pytest.mark.parametrize("tag", AFTER_A_HOLE)
def test_a_hole_makes_no_other_rows_unknown(tag: str) -> None:
    candles = market(400)
    whole, holed = evaluate(tag, candles), evaluate(tag, with_hole(candles, HOLE))
    for (name, column), count in zip(holed.items(), AFTER_A_HOLE[tag], strict=True):
        assert is_unknown(column[HOLE])
        assert is_unknown(column[HOLE:]).sum() == count, name
        np.testing.assert_array_equal(column[:HOLE], whole[name][:HOLE])


@pytest.mark.parametrize("tag", AFTER_A_HOLE)
def test_what_comes_after_a_hole_is_what_a_new_start_gives(tag: str) -> None:
    candles = market(400)
    holed = evaluate(tag, with_hole(candles, HOLE))
    fresh = evaluate(tag, candles.part(HOLE + 1, 400))
    first = 16 if tag == "vwap" else 60  # windows are the same from the moment they are full again
    for name, column in holed.items():
        np.testing.assert_allclose(column[HOLE + 1 + first :], fresh[name][first:], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("tag", AFTER_A_HOLE)
def test_unknown_rows_at_the_start_are_skipped(tag: str) -> None:
    """An indicator on top of one that is still warming up starts at its first known row."""
    candles = market(400)
    late = evaluate(tag, with_hole(candles, slice(0, 72)))
    fresh = evaluate(tag, candles.part(72, 400))
    for name, column in late.items():
        assert is_unknown(column[:72]).all()
        np.testing.assert_allclose(column[72:], fresh[name], rtol=1e-9, err_msg=name)


def test_a_flat_market_is_exact() -> None:
    """Equal prices have themselves as mean and no spread, not even one of rounding."""
    flat = np.full(300, 100.1)
    candles = make_candles(
        "TEST", "1h", time=MONDAY + HOUR * np.arange(300), open=flat, high=flat, low=flat, close=flat, volume=flat
    )
    for tag in ("sma", "ema", "wma", "rma", "dema", "tema", "hma", "kama", "vwma", "vwap_rolling"):
        column = evaluate(tag, candles)["out"]
        price = (flat + flat + flat)[0] / 3 if tag == "vwap_rolling" else 100.1
        assert set(column[~np.isnan(column)]) == {price}, tag
    assert set(evaluate("stdev", candles)["out"][19:]) == {0.0}
    assert set(evaluate("macd", candles)["histogram"][33:]) == {0.0}
    for tag in ("rsi", "cci", "williams_r", "mfi", "ultimate"):
        assert np.isnan(evaluate(tag, candles)["out"]).all(), f"{tag} of a market without a move is 0/0"


def test_long_runs_do_not_drift() -> None:
    """After a million rows, and a fall by six orders of magnitude, a window is still its own sum."""
    rng = np.random.default_rng(5)
    source = np.abs(rng.normal(0, 1, 1_000_000)) + 1e-3
    source[:500_000] *= 1e6
    candles = market(10)
    last = source[-20:]
    weights = np.arange(1, 21)
    assert evaluate("sma", candles, source=source)["out"][-1] == pytest.approx(last.mean(), rel=1e-12)
    assert evaluate("stdev", candles, source=source)["out"][-1] == pytest.approx(last.std(), rel=1e-12)
    assert evaluate("wma", candles, source=source)["out"][-1] == pytest.approx(last @ weights / 210, rel=1e-12)


# --- windows against their definition --------------------------------------------------------------------------------

values = st.one_of(st.floats(-1e6, 1e6, allow_subnormal=False), st.just(NAN), st.sampled_from([0.0, 1.0, 100.1]))
columns = st.lists(values, max_size=60).map(lambda v: np.array(v, float))
lengths = st.integers(1, 12)


def naive(source: Any, length: int, rule: Callable[[Any], float]) -> Any:
    """The rule on every full window without an unknown row."""
    out = np.full(len(source), NAN)
    for i in range(length - 1, len(source)):
        window = source[i - length + 1 : i + 1]
        if not np.isnan(window).any():
            out[i] = rule(window)
    return out


def assert_near(found: Any, expected: Any, source: Any) -> None:
    """Equal to rounding at the size of the input; unknown at the same rows."""
    size = np.nanmax(np.abs(source), initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * size)


@given(columns, lengths)
@settings(max_examples=200, deadline=None)
def test_windows_are_their_definition(source: Any, length: int) -> None:
    candles, params = market(10), {"length": length}
    weights = np.arange(1, length + 1)
    mean = evaluate("sma", candles, params, source)["out"]
    assert_near(mean, naive(source, length, np.mean), source)
    linear = evaluate("wma", candles, params, source)["out"]
    assert_near(linear, naive(source, length, lambda w: w @ weights / weights.sum()), source)
    spread = evaluate("stdev", candles, params, source)["out"]
    np.testing.assert_allclose(spread, naive(source, length, np.std), rtol=1e-6, atol=1e-7)


@given(columns, lengths)
@settings(max_examples=200, deadline=None)
def test_extremes_are_their_definition(source: Any, length: int) -> None:
    flat = dict.fromkeys(("open", "high", "low", "close", "volume"), source)
    candles = make_candles("TEST", "1h", time=MONDAY + HOUR * np.arange(len(source)), **flat)
    found = evaluate("donchian", candles, {"length": length})
    np.testing.assert_array_equal(found["upper"], naive(source, length, np.max))
    np.testing.assert_array_equal(found["lower"], naive(source, length, np.min))
    ages = evaluate("aroon", candles, {"length": length})
    since_high = naive(source, length + 1, lambda w: float(np.argmax(w[::-1])))
    since_low = naive(source, length + 1, lambda w: float(np.argmin(w[::-1])))
    np.testing.assert_allclose(ages["up"], 100 * (length - since_high) / length, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ages["down"], 100 * (length - since_low) / length, rtol=1e-12, atol=1e-12)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from(["obv", "ad", "vwap", "psar", "supertrend"])
)
@settings(max_examples=60, deadline=None)
def test_folds_may_be_cut_anywhere(parts: list[int], tag: str) -> None:
    candles: Candles = with_hole(market(sum(parts)), slice(30, 31))
    cls: Any = NODES[f"indicator.{tag}"]
    node, state, pieces, start = cls(), cls.State(), [], 0
    for rows in parts:
        state, out = node.step(state, candles.part(start, start + rows))
        pieces.append(out if isinstance(out, tuple) else (out,))
        start += rows
    for found, expected in zip(zip(*pieces, strict=True), evaluate(tag, candles).values(), strict=True):
        np.testing.assert_array_equal(np.concatenate(found), expected)
