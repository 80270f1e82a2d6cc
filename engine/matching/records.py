"""State of the matching kernel as numpy records.

Everything the kernel knows stands in these arrays: it can stop after any bar, be stored, and go on.  Prices are in
quote currency, quantities in base currency, instants in ms UTC, bars are indices on the finest candles.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[Any]

# Vocabulary of the integer fields.
MARKET, LIMIT, STOP = 0, 1, 2  # order kinds
ENTER, CLOSE, CANCEL, AMEND = 0, 1, 2, 3  # intent actions
ADAPTIVE, PESSIMISTIC, OPTIMISTIC = 0, 1, 2  # assumed path inside a bar
BY_RISK, BY_NOTIONAL, BY_EQUITY, BY_QUANTITY = 0, 1, 2, 3  # size rules
REVERSE, CLOSE_ONLY, IGNORE = 0, 1, 2  # what an entry does to an opposite position
KEEP, AT_CLOSE, AT_OPEN = 0, 1, 2  # open positions at the end of the data

# Indices into engine.result.EXIT_REASONS.
ENTRY, TARGET_HIT, STOP_HIT, TRAIL_HIT, STRATEGY_EXIT, REVERSED, MAX_BARS, LIQUIDATED, END_OF_DATA, REDUCED = range(10)

# Why an order was refused or withdrawn; counted per reason in a run.
REJECTS = (
    "below_minimum_quantity",
    "below_minimum_notional",
    "no_margin",
    "stop_side",
    "target_side",
    "no_stop",
    "post_only_would_take",
    "too_many_orders",
    "bankrupt",
    "expired_unfilled",
    "replaced",
    "bad_price",
    "liquidation",
    "position_closing",
)
(
    BELOW_QUANTITY,
    BELOW_NOTIONAL,
    NO_MARGIN,
    STOP_SIDE,
    TARGET_SIDE,
    NO_STOP,
    POST_ONLY,
    TOO_MANY,
    BANKRUPT,
    EXPIRED,
    REPLACED,
    BAD_PRICE,
    BY_LIQUIDATION,
    POSITION_CLOSING,
) = range(len(REJECTS))

ORDER_SLOTS = 16  # working orders per symbol; the bracket of a position is not among them
RR_STEPS = 8


def _dtype(floats: str, integers: str, *extra: Any) -> np.dtype[Any]:
    fields = [(n, "f8") for n in floats.split()] + [(n, "i8") for n in integers.split()]
    return np.dtype([*fields, *extra])


RULES = _dtype(
    "maker taker slippage slippage_ticks through_ticks volume_cap",
    "path latency_ms size_at_fill reject_short_margin at_end liquidation classic_liquidation",
)

MARKET_RULES = _dtype("tick step min_quantity min_notional maintenance_margin", "")

ACCOUNT = _dtype("cash", "bar next_intent trades fills ambiguous bars_in_market sent")

INTENT = _dtype(
    "price stop target value max_loss fee_reserve leverage confidence",
    "bar symbol action direction kind rule policy opposite add post_only reduce_only",
)

ORDER = _dtype(
    "quantity price stop target value max_loss fee_reserve leverage confidence",
    "active side kind rule policy from_bar decision_bar age reason reduce_only post_only rested sized sent",
)

POSITION = _dtype(
    "quantity entry margin leverage liquidation bankruptcy stop target first_stop first_target risk best "
    "fees funding realized entered entered_value left left_value peak confidence last taken",
    "entry_bar entry_time decision_bar policy age age_done near_done intrabar ambiguous orders next_funding trailed "
    "held opened leaving top",  # working orders lie in slots below `top`
)

POLICY = _dtype(
    "stop_shift_long stop_shift_short proximity_percent proximity_trail trail_percent trail_offset "
    "atr_multiple atr_strong adx_strong atr_min_profit age_min_r age_percent",
    "shift_on_price proximity_continuous age_bars max_bars_pending max_bars_open managed steps "
    "exit_long exit_short atr adx",  # the last four: rows of the flag and series tables, -1 = none
    ("reached", "f8", (RR_STEPS,)),
    ("stop_at", "f8", (RR_STEPS,)),
)
