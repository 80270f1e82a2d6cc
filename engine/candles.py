"""Closed candles of one market, as columns.

The engine never sees a forming bar: a candle stands in a `Candles` only once it is closed.
"""

import hashlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.timeframe import duration

FloatColumn = NDArray[np.float64]
TimeColumn = NDArray[np.int64]

PRICE_COLUMNS = ("open", "high", "low", "close")
COLUMNS = ("time", *PRICE_COLUMNS, "volume")


class Candles(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length, oldest first, one row per closed bar.

    `time` is the opening instant in ms UTC, prices are in quote currency, `volume` in base currency.  The arrays are
    contiguous float64 (time: int64) and are never written to.  `identity` is a hash of symbol, timeframe and every
    value, so that a result can name the data it was made from.  `origin` says where the candles come from, in words
    for people; `synthetic` is true for invented markets and is shown wherever a figure of them appears.
    """

    symbol: str
    timeframe: str
    time: TimeColumn
    open: FloatColumn
    high: FloatColumn
    low: FloatColumn
    close: FloatColumn
    volume: FloatColumn
    identity: str
    origin: str = ""
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.time)

    @property
    def bar_ms(self) -> int:
        """Length of one bar in ms."""
        return duration(self.timeframe)

    @property
    def close_time(self) -> TimeColumn:
        """Closing instants in ms (new array): a value of bar i is known from here on."""
        return self.time + self.bar_ms

    def part(self, start: int, stop: int) -> "Candles":
        """Rows `start` to `stop` as views, with an identity of their own."""
        columns = {name: getattr(self, name)[start:stop] for name in COLUMNS}
        return msgspec.structs.replace(self, identity=f"{self.identity}[{start}:{stop}]", **columns)


def make_candles(symbol: str, timeframe: str, *, origin: str = "", synthetic: bool = False, **columns: Any) -> Candles:
    """Candles from columns named as in `COLUMNS`; converts to contiguous arrays and computes the identity.

    The values are taken as they are: what comes from outside is checked by `engine.candle_check` first.
    """
    arrays: dict[str, Any] = {"time": np.ascontiguousarray(columns["time"], np.int64).view()}
    for name in COLUMNS[1:]:
        arrays[name] = np.ascontiguousarray(columns[name], np.float64).view()
    for array in arrays.values():
        array.flags.writeable = False
    digest = hashlib.blake2b(f"{symbol} {timeframe}".encode(), digest_size=16)
    for name in COLUMNS:
        digest.update(arrays[name].data)
    identity = f"b2:{digest.hexdigest()}"
    return Candles(symbol=symbol, timeframe=timeframe, identity=identity, origin=origin, synthetic=synthetic, **arrays)
