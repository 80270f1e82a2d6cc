"""What travels on the wires between nodes.

Every column holds one value per closed bar, oldest first, on the clock (timeframe) of its wire.  Numbers are float64
with NaN = not yet known.  Flags and directions are int8: 1/0 and +1/0/-1, `UNKNOWN` = not yet known.  "Not yet known"
flows through every node and never becomes a trade.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import Candles as CandleColumns
from engine.candles import FloatColumn, TimeColumn
from engine.labels import Labels
from engine.text import Line, Text
from engine.zones import Zone, Zones, make_zones, no_zones

__all__ = [
    "KINDS", "UNKNOWN", "ByteColumn", "CandleColumns", "Candles", "CloseTimes", "Direction", "ExitPolicy",
    "Exits", "Flag", "FloatColumn", "Kinds", "Label", "Labels", "Line", "Number", "OtherCandles", "OtherCloseTimes",
    "OtherDirection", "OtherFlag", "OtherLabel", "OtherNumber", "OtherSignals", "OtherZones", "Port",
    "PriceZones", "Signal", "SignalAtBar", "SignalRow", "Signals", "Size", "Sizing", "Symbols", "Text", "Texts",
    "TimeColumn", "Times", "Value", "Watched", "WireKinds", "Zone", "Zones", "constant", "is_unknown", "make_zones",
    "no_zones",
]  # fmt: skip

UNKNOWN = -128
ByteColumn = NDArray[np.int8]


class Port(msgspec.Struct, frozen=True):
    """What a wire may carry.

    `kind` decides which ports may be joined.  `clock` is a name local to the node: ports with the same name must run
    on one timeframe ("" is the node's own clock); "=name" on an output means the timeframe stands in param `name`.
    """

    kind: str
    clock: str = ""


class Times(msgspec.Struct, frozen=True):
    """Marks an argument that the runner fills in with the closing instants (ms UTC) of a clock; it is not a port."""

    clock: str = ""


class WireKinds(msgspec.Struct, frozen=True):
    """Marks an argument that the runner fills in with the kinds of what is connected, by input; it is not a port."""


class Watched(msgspec.Struct, frozen=True):
    """Marks an argument that the runner fills in with the symbols of the watchlist, row by row; it is not a port."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What an advisor says at each bar; all columns have the length of the clock, constants may be broadcast views.

    direction  int8  +1 long, -1 short, 0 nothing, UNKNOWN
    confidence, quality, environment  0 to 1 (quality of the setup, fitness of the market)
    entry      the price the signal expects to get (quote currency): a limit or stop order is placed there, a market
               order is compared with it
    stop, target  protective stop and profit target in quote currency, NaN = none
    reasons    names of what shaped the signal, in order, the same for all bars
    """

    direction: ByteColumn
    entry: FloatColumn
    confidence: FloatColumn
    stop: FloatColumn
    target: FloatColumn
    quality: FloatColumn
    environment: FloatColumn
    reasons: tuple[str, ...] = ()


class SignalRow(msgspec.Struct, frozen=True, kw_only=True):
    """The signal of one bar, as a decision gets it; fields as in `Signal`."""

    direction: int
    entry: float
    confidence: float
    stop: float
    target: float
    quality: float
    environment: float


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much to trade, as a rule that is applied when the order is sized (the account is known only then).

    rule       "risk": `value` = share of equity lost if the stop is hit; "notional": quote currency;
               "equity": share of equity as notional; "quantity": base currency
    max_loss   upper limit of the loss at the stop in quote currency, 0 = none ("risk" only)
    fee_reserve  share of the notional kept back for fees ("equity" only)
    """

    rule: str
    value: float
    max_loss: float = 0.0
    fee_reserve: float = 0.0


class ExitPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Declarative exit rules that travel with an order (DESIGN 7).  0, () or None = the rule is off.

    A stop only ever moves in favour of the trade.  R is the distance from entry to the original stop.

    stop_shift_long/short  percent by which the stop is moved away before the order goes out, of `stop_shift_basis`:
                           "risk" distance or "price"
    rr_steps               (reached R, stop at R) pairs, ascending: profit of 2R moves the stop to +1.2R, ...
    proximity_percent      remaining way to the target, percent of price, at which the stop is pulled to
                           proximity_trail percent from the close; once, or on every bar if proximity_continuous
    trail_percent          trailing stop in percent of the best price since entry, from trail_offset_percent profit on
    atr_multiple           stop at close -/+ atr_multiple x atr x (atr_strong if adx > adx_strong), once the profit of
                           the trade is at least atr_min_profit (quote currency)
    age_bars               after this many bars with less than age_min_r profit the stop moves once by age_percent of R
    max_bars_pending       cancel an entry order not filled after this many completed bars
    max_bars_open          close a position at market after this many completed bars
    exit_long/exit_short   flag columns: close a long (short) at market when true
    atr, adx               columns for the ATR rule
    """

    stop_shift_long: float = 0.0
    stop_shift_short: float = 0.0
    stop_shift_basis: str = "risk"
    rr_steps: tuple[tuple[float, float], ...] = ()
    proximity_percent: float = 0.0
    proximity_trail: float = 0.0
    proximity_continuous: bool = False
    trail_percent: float = 0.0
    trail_offset_percent: float = 0.0
    atr_multiple: float = 0.0
    atr_strong: float = 1.0
    adx_strong: float = 25.0
    atr_min_profit: float = 0.0
    age_bars: int = 0
    age_min_r: float = 0.0
    age_percent: float = 0.0
    max_bars_pending: int = 0
    max_bars_open: int = 0
    exit_long: ByteColumn | None = None
    exit_short: ByteColumn | None = None
    atr: FloatColumn | None = None
    adx: FloatColumn | None = None


# The types node signatures are written with.  `Other*` is the same on a second clock of the node.
Candles = Annotated[CandleColumns, Port("candles")]
Number = Annotated[FloatColumn, Port("number")]
Flag = Annotated[ByteColumn, Port("flag")]
Direction = Annotated[ByteColumn, Port("direction")]
Label = Annotated[Labels, Port("label")]
PriceZones = Annotated[Zones, Port("zones")]
Texts = Annotated[Text, Port("text")]
Value = Annotated[Any, Port("any")]  # an input that takes every kind that has one value per bar
Signals = Annotated[Signal, Port("signal")]
SignalAtBar = Annotated[SignalRow, Port("signal")]  # what the step of a Decision declares
Sizing = Annotated[Size, Port("size")]
Exits = Annotated[ExitPolicy, Port("exit_policy")]
OtherCandles = Annotated[CandleColumns, Port("candles", "other")]
OtherNumber = Annotated[FloatColumn, Port("number", "other")]
OtherFlag = Annotated[ByteColumn, Port("flag", "other")]
OtherDirection = Annotated[ByteColumn, Port("direction", "other")]
OtherLabel = Annotated[Labels, Port("label", "other")]
OtherZones = Annotated[Zones, Port("zones", "other")]
OtherSignals = Annotated[Signal, Port("signal", "other")]
CloseTimes = Annotated[TimeColumn, Times()]
OtherCloseTimes = Annotated[TimeColumn, Times("other")]
Symbols = Annotated[tuple[str, ...], Watched()]  # of a node of watchlist scope
Kinds = Annotated[Mapping[str, str], WireKinds()]  # tells a direction from a flag where an input takes any value

KINDS: dict[str, str] = {
    "candles": "open, high, low, close and volume of closed bars",
    "number": "a number per bar",
    "flag": "true, false or not yet known per bar",
    "direction": "up, flat, down or not yet known per bar",
    "label": "a category per bar, or not yet known",
    "zones": "price areas with bounds, kind, touches and score",
    "text": "lines of text per bar",
    "signal": "direction, confidence, entry, stop and target per bar",
    "size": "a rule for the quantity",
    "exit_policy": "rules for stops and exits",
}


def constant(value: float, length: int) -> FloatColumn:
    """A column that holds one value without using memory for it."""
    return np.broadcast_to(np.float64(value), (length,))


def is_unknown(column: Any) -> NDArray[np.bool_]:
    """Where a number, flag or direction column is not yet known."""
    return np.isnan(column) if column.dtype.kind == "f" else column == UNKNOWN
