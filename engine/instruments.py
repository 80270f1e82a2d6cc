"""Trading rules of a market when nobody gave them: what the candles themselves show, said as such."""

import numpy as np

from engine.candles import PRICE_COLUMNS, Candles, FloatColumn
from engine.result import Instrument

MOST_DECIMALS = 9
INFERRED = "inferred from the candles"


def infer_instrument(candles: Candles) -> Instrument:
    """A tick from the decimals of the prices; no step and no minima, which candles cannot show.

    The maintenance margin rate of 0.5 % is that of the lowest risk tier of Bybit's large USDT perpetuals.
    """
    return Instrument(tick=infer_tick(candles), maintenance_margin=0.005, source=INFERRED)


_ticks: dict[str, float] = {}  # by identity of the candles: a sweep asks a hundred times


def infer_tick(candles: Candles) -> float:
    """Largest power of ten of which all prices are multiples; 0 if there is none down to 1e-9."""
    if candles.identity not in _ticks:
        _ticks[candles.identity] = _tick(candles)
    return _ticks[candles.identity]


def _tick(candles: Candles) -> float:
    decimals = 0
    for name in PRICE_COLUMNS:
        column: FloatColumn = getattr(candles, name)
        sample = column[:512]
        while decimals <= MOST_DECIMALS and not (_fits(sample, decimals) and _fits(column, decimals)):
            decimals += 1
    return 0.0 if decimals > MOST_DECIMALS else 10.0**-decimals


def _fits(prices: FloatColumn, decimals: int) -> bool:
    """Whether prices are whole multiples of 10^-decimals, to the precision of a float."""
    scaled = prices * 10.0**decimals
    return bool(np.all(np.abs(scaled - np.rint(scaled)) <= 1e-7 + 4e-16 * np.abs(scaled)))
