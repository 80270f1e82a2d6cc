from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, Flag, Number, Signals, constant
from nodes.kernels.signals import make_signal


class Flags(Node, frozen=True, tag="signal.flags"):
    """A trade signal from flags that say when to enter.

    In: enter_long, enter_short, flags; price, at which the entry is expected (quote currency); confidence,
    quality and environment, 0 to 1; where these are not connected, the parameter, 1 and 1 stand for them.
    Out: signal, long or short where one flag is true, nothing where both are; unknown where a connected flag
    is, and where a trade would have an unknown price, confidence, quality or environment.
    """

    synonyms = ("entry", "buy", "sell", "advisor", "recommendation")

    confidence: Annotated[
        float,
        msgspec.Meta(ge=0, le=1, title="Confidence", description="0 to 1, where no confidence is connected"),
    ] = 1.0

    def compute(
        self,
        enter_long: Flag,
        price: Number,
        enter_short: Flag | None = None,
        confidence: Number | None = None,
        quality: Number | None = None,
        environment: Number | None = None,
    ) -> Signals:
        confidence = constant(self.confidence, len(price)) if confidence is None else confidence
        direction = enter_long if enter_short is None else _direction(enter_long, enter_short)
        return make_signal("signal.flags", direction, price, confidence, quality, environment)


def _direction(enter_long: ByteColumn, enter_short: ByteColumn) -> ByteColumn:
    out = enter_long - enter_short
    out[(enter_long | enter_short) < 0] = UNKNOWN  # UNKNOWN is the only negative flag
    return np.asarray(out, np.int8)
