from typing import Annotated, NamedTuple

import msgspec

from engine.candles import Candles as CandleColumns
from engine.candles import FloatColumn
from engine.errors import NodeError
from engine.node import Node
from engine.values import Port

CandlesOut = Annotated[CandleColumns, Port("candles", "=timeframe")]
NumberOut = Annotated[FloatColumn, Port("number", "=timeframe")]


class CandlePorts(NamedTuple):
    """Candles on the clock named by the parameter `timeframe`, whole and by column."""

    candles: CandlesOut
    open: NumberOut
    high: NumberOut
    low: NumberOut
    close: NumberOut
    volume: NumberOut


class Candles(Node, frozen=True, tag="source.candles"):
    """Closed candles of a market.

    In: nothing.
    Out: candles; open, high, low, close in quote currency; volume in base currency.
    """

    synonyms = ("ohlcv", "klines", "price", "market data")

    symbol: Annotated[
        str, msgspec.Meta(max_length=40, title="Symbol", description="market; empty = that of the run")
    ] = ""
    timeframe: Annotated[
        str, msgspec.Meta(max_length=3, title="Timeframe", description="bar length; empty = that of the run")
    ] = ""

    def compute(self) -> CandlePorts:
        raise NodeError("source.candles", "its values are supplied by the runner")

    @staticmethod
    def ports_of(candles: CandleColumns) -> CandlePorts:
        """What the runner hands out for the candles it found."""
        return CandlePorts(candles, candles.open, candles.high, candles.low, candles.close, candles.volume)
