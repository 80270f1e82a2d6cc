"""The trading rules of a market, as the exchange writes them: money stays text until a back-test counts with it."""

from typing import Any

import msgspec

from engine.candles import Candles
from engine.instruments import infer_instrument
from engine.result import Instrument


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Smallest steps and orders of a market; empty text = not known, "0" = no such rule."""

    symbol: str
    tick: str
    step: str
    min_quantity: str
    min_notional: str
    maintenance_margin: str = ""
    source: str = ""
    updated_at: int = 0

    def instrument(self, candles: Candles) -> Instrument:
        """The rules as numbers; those not known are what the candles show."""
        names = ("tick", "step", "min_quantity", "min_notional", "maintenance_margin")
        known: dict[str, Any] = {name: float(getattr(self, name)) for name in names if getattr(self, name)}
        return msgspec.structs.replace(infer_instrument(candles), source=self.source, **known)
