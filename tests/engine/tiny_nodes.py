"""A small catalogue for tests of the engine: ports and params as in the real one, values of no interest."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import msgspec

from engine.candles import Candles as CandleColumns
from engine.candles import FloatColumn
from engine.node import Contract, Decision, Fold, Intent, Node
from engine.values import (
    Candles,
    CloseTimes,
    Exits,
    Flag,
    Number,
    OtherCloseTimes,
    OtherNumber,
    Port,
    Signals,
    Sizing,
)

Length = Annotated[int, msgspec.Meta(ge=1, le=500, title="Length", extra={"unit": "bars"})]


class Count(msgspec.Struct, frozen=True):
    count: int = 0


class CandlePorts(NamedTuple):
    candles: Annotated[CandleColumns, Port("candles", "=timeframe")]
    close: Annotated[FloatColumn, Port("number", "=timeframe")]


class Source(Node, frozen=True, tag="source.candles"):
    """Closed candles."""

    symbol: str = ""
    timeframe: str = ""

    def compute(self) -> CandlePorts:
        raise NotImplementedError


class Ema(Node, frozen=True, tag="indicator.ema"):
    """Smooths a number."""

    version = 3
    synonyms = ("average",)

    length: Length = 20
    weight: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    basis: Literal["close", "median"] = "close"

    @staticmethod
    def upgrade(params: Mapping[str, Any], version: int) -> dict[str, Any]:
        if version == 1:
            return {"length": params["period"], "weight": 0.5}
        return {**params, "basis": "close"}

    def check(self) -> str | None:
        return "length 13 with weight 0.13 is bad luck" if self.length == 13 and self.weight == 0.13 else None

    def compute(self, source: Number) -> Number:
        raise NotImplementedError

    def lookback(self) -> int:
        return self.length


class Resample(Node, frozen=True, tag="time.resample"):
    """Longer candles."""

    timeframe: str = "4h"

    def compute(self, candles: Candles) -> CandlePorts:
        raise NotImplementedError


class Align(Node, frozen=True, tag="time.align"):
    """A number on another clock."""

    def compute(self, source: OtherNumber, candles: Candles, at: CloseTimes, of: OtherCloseTimes) -> Number:
        raise NotImplementedError


class Above(Node, frozen=True, tag="compare.above_level"):
    """Above a level."""

    level: float = 0.0

    def compute(self, a: Number) -> Flag:
        raise NotImplementedError


class Cross(Node, frozen=True, tag="compare.cross_above"):
    """One number crosses another."""

    def compute(self, a: Number, b: Number) -> Flag:
        raise NotImplementedError

    def lookback(self) -> int:
        return 2


class Add(Node, frozen=True, tag="math.add"):
    """A sum."""

    def compute(self, a: Number, b: Number | None = None) -> Number:
        raise NotImplementedError


class Delay(Node, frozen=True, tag="memory.delay"):
    """The bar before."""

    breaks_cycle: ClassVar[bool] = True

    def compute(self, a: Number) -> Number:
        raise NotImplementedError

    def lookback(self) -> int:
        return 2


class Counter(Fold, frozen=True, tag="memory.counter"):
    """Counts."""

    State: ClassVar[type[msgspec.Struct]] = Count

    def step(self, state: Count, a: Number) -> tuple[Count, Number]:
        raise NotImplementedError

    def lookback(self) -> int:
        return 7


class Flags(Node, frozen=True, tag="signal.flags"):
    """A signal from a flag."""

    def compute(self, enter_long: Flag, price: Number) -> Signals:
        raise NotImplementedError


class Stop(Node, frozen=True, tag="stop.percent"):
    """A stop."""

    percent: Annotated[float, msgspec.Meta(gt=0)] = 2.0

    def compute(self, signal: Signals) -> Signals:
        raise NotImplementedError


class LiveGate(Node, frozen=True, tag="gate.live"):
    """Works live only."""

    modes = ("live",)

    def compute(self, signal: Signals) -> Signals:
        raise NotImplementedError


class Risk(Node, frozen=True, tag="size.risk"):
    """By risk."""

    percent: float = 1.0

    def compute(self) -> Sizing:
        raise NotImplementedError


class Quantity(Node, frozen=True, tag="size.quantity"):
    """By quantity."""

    quantity: float = 1.0

    def compute(self) -> Sizing:
        raise NotImplementedError


class ExitFlag(Node, frozen=True, tag="exit.flag"):
    """Exit rules."""

    def compute(self, exit_long: Flag | None = None) -> Exits:
        raise NotImplementedError


class Prompt(Node, frozen=True, tag="text.prompt"):
    """A node with params of every shape."""

    text: Annotated[str, msgspec.Meta(min_length=2, pattern="^[^!]*$")]
    on: bool = False
    steps: tuple[tuple[float, float], ...] = ()
    most: Annotated[int, msgspec.Meta(gt=0)] | None = None

    def compute(self, a: Number) -> Number:
        raise NotImplementedError


class Place(Decision, frozen=True, tag="order.place"):
    """Orders."""

    State: ClassVar[type[msgspec.Struct]] = Count

    order: Literal["market", "limit"] = "market"

    def step(
        self, state: Count, signal: Signals, size: Sizing, exits: Exits | None = None
    ) -> tuple[Count, tuple[Intent, ...]]:
        raise NotImplementedError


_CLASSES: tuple[type[Contract], ...] = (
    Source, Ema, Resample, Align, Above, Cross, Add, Delay, Counter, Flags, Stop, LiveGate, Risk, Quantity, ExitFlag,
    Prompt, Place,
)  # fmt: skip
REGISTRY: dict[str, type[Contract]] = {str(c.__struct_config__.tag): c for c in _CLASSES}
