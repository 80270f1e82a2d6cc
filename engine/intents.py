"""From intents to the records of the matching kernel: one by one, or a whole signal column at once."""

import numpy as np
from numpy.typing import NDArray

from engine.columns import ColumnPass
from engine.errors import NodeError
from engine.matching.records import (
    AMEND,
    BY_EQUITY,
    BY_NOTIONAL,
    BY_QUANTITY,
    BY_RISK,
    CANCEL,
    CLOSE,
    CLOSE_ONLY,
    ENTER,
    IGNORE,
    INTENT,
    LIMIT,
    MARKET,
    REVERSE,
    STOP,
    Records,
)
from engine.node import Intent
from engine.plan import Step
from engine.values import ExitPolicy, Signal, SignalRow

ACTIONS = {"enter": ENTER, "close": CLOSE, "cancel": CANCEL, "amend": AMEND}
ORDERS = {"market": MARKET, "limit": LIMIT, "stop": STOP}
OPPOSITE = {"reverse": REVERSE, "close": CLOSE_ONLY, "ignore": IGNORE}
SIZES = {"risk": BY_RISK, "notional": BY_NOTIONAL, "equity": BY_EQUITY, "quantity": BY_QUANTITY}


class ExitBook:
    """The exit policies of a run, each under a number; intents name them by it."""

    def __init__(self) -> None:
        self.policies: list[ExitPolicy] = []

    def number(self, policy: ExitPolicy | None) -> int:
        """Number of a policy, -1 for none; a policy not seen before is added."""
        if policy is None:
            return -1
        for i, known in enumerate(self.policies):
            if known is policy:
                return i
        self.policies.append(policy)
        return len(self.policies) - 1


def record_of(intent: Intent, bar: int, symbol: int, exits: ExitBook, node: str) -> Records:
    """One intent as a record of length 1.  Raises NodeError for an entry without a size."""
    out = np.zeros(1, INTENT)
    row = out[0]
    row["bar"], row["symbol"], row["policy"] = bar, symbol, exits.number(intent.exits)
    row["action"], row["direction"] = ACTIONS[intent.action], intent.direction
    row["kind"], row["opposite"] = ORDERS[intent.order], OPPOSITE[intent.opposite]
    row["price"], row["stop"], row["target"] = intent.price, intent.stop, intent.target
    row["leverage"], row["confidence"] = intent.leverage, intent.confidence
    row["add"], row["post_only"], row["reduce_only"] = intent.same == "add", intent.post_only, intent.reduce_only
    if intent.size is not None:
        row["rule"], row["value"] = SIZES[intent.size.rule], intent.size.value
        row["max_loss"], row["fee_reserve"] = intent.size.max_loss, intent.size.fee_reserve
    elif intent.action == "enter":
        raise NodeError(node, "an entry without a size; give the intent a size")
    return out


def lower(
    step: Step, one: ColumnPass, symbol: int, first_row: int, bar_of_row: NDArray[np.int64] | None, exits: ExitBook
) -> Records:
    """All intents of a decision that depends on its row only, from its signal column (see `Decision.lowers`).

    `bar_of_row` gives the finest bar that closes with each row (-1: outside the run), None = the row itself.
    """
    inputs = {name: one.values[slot] for name, slot in step.args}
    signal = inputs.get("signal")
    if not isinstance(signal, Signal) or inputs.get("size") is None:
        return np.zeros(0, INTENT)
    rows = np.flatnonzero((signal.direction & 1).view(np.bool_))  # +1 and -1 are odd, 0 and UNKNOWN even
    rows = rows[np.searchsorted(rows, first_row) :]
    if bar_of_row is not None:
        rows = rows[bar_of_row[rows] >= 0]
    if not len(rows):
        return np.zeros(0, INTENT)
    inputs["signal"] = SignalRow(
        direction=1, entry=1.0, confidence=1.0, stop=0.5, target=2.0, quality=1.0, environment=1.0
    )
    _, (template,) = step.node.step(step.state, **inputs)
    out = np.repeat(record_of(template, 0, symbol, exits, step.id), len(rows))
    out["bar"] = rows if bar_of_row is None else bar_of_row[rows]
    out["direction"] = signal.direction[rows]
    for name, column in (("price", "entry"), ("stop", "stop"), ("target", "target"), ("confidence", "confidence")):
        out[name] = getattr(signal, column)[rows]
    return out
