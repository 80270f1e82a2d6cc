from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import UNKNOWN, Candles, Direction
from nodes.ta.stretches import stretches

Pattern = Literal[
    "2crows", "3blackcrows", "3inside", "3linestrike", "3outside", "3starsinsouth", "3whitesoldiers", "abandonedbaby",
    "advanceblock", "belthold", "breakaway", "closingmarubozu", "concealbabyswall", "counterattack", "darkcloudcover",
    "doji", "dojistar", "dragonflydoji", "engulfing", "eveningdojistar", "eveningstar", "gapsidesidewhite",
    "gravestonedoji", "hammer", "hangingman", "harami", "haramicross", "highwave", "hikkake", "hikkakemod",
    "homingpigeon", "identical3crows", "inneck", "invertedhammer", "kicking", "kickingbylength", "ladderbottom",
    "longleggeddoji", "longline", "marubozu", "matchinglow", "mathold", "morningdojistar", "morningstar", "onneck",
    "piercing", "rickshawman", "risefall3methods", "separatinglines", "shootingstar", "shortline", "spinningtop",
    "stalledpattern", "sticksandwich", "takuri", "tasukigap", "thrusting", "tristar", "unique3river",
    "upsidegap2crows", "xsidegap3methods",
]  # fmt: skip

# TA-Lib's own figures are 2 to 14; a confirmed hikkake looks back over three more bars and the pattern before them.
LOOKBACK = 20


class CdlPattern(Node, frozen=True, tag="ta.cdl_pattern"):
    """One of the 61 candle patterns of TA-Lib.

    In: candles.
    Out: up where the pattern is bullish, down where it is bearish, flat where there is none; patterns that are neither,
    such as a doji, are up.  Unknown for the first 19 bars, and as long again after a bar that is not known.
    Source: TA-Lib, its functions CDL2CROWS to CDLXSIDEGAP3METHODS with its own settings (pandas-ta `cdl_pattern`).
    """

    synonyms = ("candlestick", "engulfing", "hammer", "morning star", "doji", "harami", "marubozu")

    pattern: Annotated[Pattern, Meta(title="Pattern")] = "engulfing"

    def lookback(self) -> int:
        return LOOKBACK

    def compute(self, candles: Candles) -> Direction:
        import talib

        find = getattr(talib, f"CDL{self.pattern.upper()}")
        columns = (candles.open, candles.high, candles.low, candles.close)
        out = np.full(len(candles), UNKNOWN, np.int8)
        for start, stop in stretches(columns):
            if stop - start >= LOOKBACK:
                found = find(*(column[start:stop] for column in columns))
                out[start + LOOKBACK - 1 : stop] = np.sign(found[LOOKBACK - 1 :])
        return out
