"""Examples of the published rules of matching, computed by hand; numbers M1, M2, ... as in docs/matching.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.matching.records import BY_EQUITY, BY_NOTIONAL, BY_RISK, CLOSE_ONLY, IGNORE
from engine.result import Instrument
from engine.timeframe import HOUR
from tests.engine.matching.tables import TICK_ONE, Records, Row, amend, buy, cancel, close, flat, sell

NO_TICK = Instrument()
LEVERED = Instrument(maintenance_margin=0.005)
QUIET: Row = (100, 101, 99, 100)
START: list[Row] = [QUIET, QUIET]  # an order decided on bar 0 is filled at 100 on bar 1


@dataclass(frozen=True)
class Case:
    """Candles, intents and settings with the fills (bar, signed quantity, price, reason) that must follow."""

    name: str
    rule: str
    rows: Sequence[Row]
    intents: Sequence[Records]
    fills: Sequence[tuple[int, float, float, str]]
    settings: dict[str, Any] = field(default_factory=dict)
    instrument: Instrument = TICK_ONE
    capital: float = 10_000.0
    rejected: dict[str, int] = field(default_factory=dict)
    funding: Sequence[tuple[int, float]] = ()
    mark: Sequence[Row] | None = None
    cash: float | None = None
    maker: Sequence[int] | None = None
    ambiguous: bool | None = None
    last_stop: float | None = None
    no_stop: bool = False  # the trade ended without a stop in force


MARKET_ORDERS = [
    Case("next_open", "M1", [QUIET, (102, 103, 101, 102)], [buy(0)], [(1, 1, 102, "entry")]),
    Case("next_open_of_a_short", "M1", [QUIET, (102, 103, 101, 102)], [sell(0)], [(1, -1, 102, "entry")]),
    Case("decided_on_the_last_bar", "M1", [QUIET], [buy(0)], []),
    Case("latency_of_1_ms", "M2", [QUIET, *flat(102, 1), *flat(104, 2)], [buy(0)], [(2, 1, 104, "entry")],
         {"latency_ms": 1}),
    Case("latency_of_one_bar", "M2", [QUIET, *flat(102, 1), *flat(104, 2)], [buy(0)], [(2, 1, 104, "entry")],
         {"latency_ms": HOUR}),
    Case("latency_of_more_than_a_bar", "M2", [QUIET, *flat(102, 2), *flat(104, 2)], [buy(0)], [(3, 1, 104, "entry")],
         {"latency_ms": HOUR + 1}),
    Case("latency_of_a_close", "M2", [*flat(100, 4), *flat(105, 2)], [buy(0), close(2)],
         [(2, 1, 100, "entry"), (4, -1, 105, "strategy_exit")], {"latency_ms": 1}),
]  # fmt: skip

STOPS_AND_TARGETS = [
    Case("stop_of_a_long", "M5", [*START, (100, 101, 94, 96)], [buy(0, stop=95)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")], last_stop=95),
    Case("stop_of_a_short", "M5", [*START, (100, 106, 99, 104)], [sell(0, stop=105)],
         [(1, -1, 100, "entry"), (2, 1, 105, "sl_hit")]),
    Case("stop_touched", "M5", [*START, (100, 101, 95, 96)], [buy(0, stop=95)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")]),
    Case("gap_through_the_stop", "M6", [*START, (90, 101, 89, 100)], [buy(0, stop=95)],
         [(1, 1, 100, "entry"), (2, -1, 90, "sl_hit")]),
    Case("gap_through_the_stop_of_a_short", "M6", [*START, (112, 113, 99, 100)], [sell(0, stop=105)],
         [(1, -1, 100, "entry"), (2, 1, 112, "sl_hit")]),
    Case("gap_through_the_stop_before_the_entry", "M6", [QUIET, (94, 101, 93, 100)], [buy(0, stop=95)],
         [(1, 1, 94, "entry"), (1, -1, 94, "sl_hit")]),
    Case("gap_through_the_target", "M8", [*START, (112, 113, 109, 110)], [buy(0, target=110)],
         [(1, 1, 100, "entry"), (2, -1, 112, "tp_hit")], maker=[0, 1]),
    Case("gap_through_the_target_of_a_short", "M8", [*START, (88, 91, 87, 90)], [sell(0, target=90)],
         [(1, -1, 100, "entry"), (2, 1, 88, "tp_hit")]),
    Case("target_only_touched", "M7", [*START, (100, 110, 99, 105)], [buy(0, target=110)],
         [(1, 1, 100, "entry")], {"limit_through_ticks": 1}),
    Case("target_traded_through", "M7", [*START, (100, 111, 99, 105)], [buy(0, target=110)],
         [(1, 1, 100, "entry"), (2, -1, 110, "tp_hit")], {"limit_through_ticks": 1}, maker=[0, 1]),
    Case("target_touched_where_a_touch_fills", "M7", [*START, (100, 110, 99, 105)], [buy(0, target=110)],
         [(1, 1, 100, "entry"), (2, -1, 110, "tp_hit")]),
    Case("bracket_orders_cancel_each_other", "M16", [*START, (100, 101, 94, 96), (100, 120, 90, 100)],
         [buy(0, stop=95, target=110)], [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")]),
    Case("working_on_the_entry_bar", "M13", [QUIET, (100, 106, 99, 100)], [buy(0, stop=95, target=105)],
         [(1, 1, 100, "entry"), (1, -1, 105, "tp_hit")]),
]  # fmt: skip

LIMITS = [
    Case("only_touched", "M7", [*START, (100, 101, 95, 100), (100, 101, 94, 100)], [buy(1, "limit", price=95)],
         [(3, 1, 95, "entry")], {"limit_through_ticks": 1}, maker=[1]),
    Case("touched_where_a_touch_fills", "M7", [*START, (100, 101, 95, 100)], [buy(1, "limit", price=95)],
         [(2, 1, 95, "entry")]),
    Case("short_traded_through", "M7", [*START, (100, 105, 99, 100), (100, 106, 99, 100)],
         [sell(1, "limit", price=105)], [(3, -1, 105, "entry")], {"limit_through_ticks": 1}),
    Case("open_better_than_the_limit", "M8", [*START, QUIET, (90, 91, 89, 90)], [buy(1, "limit", price=95)],
         [(3, 1, 90, "entry")], maker=[1]),
    Case("open_at_the_limit_is_a_touch", "M8", [*START, QUIET, (95, 96, 95, 96), (94, 96, 94, 95)],
         [buy(1, "limit", price=95)], [(4, 1, 94, "entry")], {"limit_through_ticks": 1}),
    Case("takes_at_arrival", "M9", [QUIET, QUIET], [buy(0, "limit", price=105)], [(1, 1, 100, "entry")], maker=[0]),
    Case("post_only_would_take", "M9", [QUIET, (100, 101, 90, 100)], [buy(0, "limit", price=100, post_only=1)], [],
         rejected={"post_only_would_take": 1}),
    Case("post_only_rests", "M9", [QUIET, (100, 101, 90, 100)], [buy(0, "limit", price=95, post_only=1)],
         [(1, 1, 95, "entry")], maker=[1]),
    Case("reduce_only_is_cut_to_the_position", "M17", [*START, QUIET, (100, 106, 99, 100)],
         [buy(0, quantity=2), sell(2, "limit", 5, price=105, reduce_only=1)],
         [(1, 2, 100, "entry"), (3, -2, 105, "reduced")]),
    Case("reduce_only_leaves_the_rest_open", "M17", [*START, QUIET, (100, 106, 99, 100), (100, 101, 94, 95)],
         [buy(0, quantity=3, stop=95), sell(2, "limit", 1, price=105, reduce_only=1)],
         [(1, 3, 100, "entry"), (3, -1, 105, "reduced"), (4, -2, 95, "sl_hit")]),
    Case("reduce_only_without_a_position", "M17", [*START, (100, 106, 99, 100)],
         [sell(1, "limit", price=105, reduce_only=1)], []),
    Case("reduce_only_is_dropped_with_its_position", "M17", [*START, QUIET, QUIET, (100, 106, 99, 100)],
         [buy(0), sell(1, "limit", price=105, reduce_only=1), close(2)],
         [(1, 1, 100, "entry"), (3, -1, 100, "strategy_exit")]),
    Case("reduce_only_sized_at_the_fill", "M17", [*START, QUIET, (100, 106, 99, 100)],
         [buy(0, quantity=2), sell(2, "limit", 1, price=105, reduce_only=1)],
         [(1, 2, 100, "entry"), (3, -1, 105, "reduced")], {"size_at": "fill"}),
]  # fmt: skip

STOP_ENTRIES = [
    Case("triggered", "M10", [QUIET, (100, 106, 99, 104)], [buy(0, "stop", price=105)], [(1, 1, 105, "entry")],
         maker=[0]),
    Case("short_triggered", "M10", [QUIET, (100, 101, 94, 96)], [sell(0, "stop", price=95)], [(1, -1, 95, "entry")]),
    Case("not_reached", "M10", [QUIET, (100, 104, 99, 104)], [buy(0, "stop", price=105)], []),
    Case("gap_through", "M10", [QUIET, QUIET, (108, 109, 107, 108)], [buy(0, "stop", price=105)],
         [(2, 1, 108, "entry")]),
    Case("slips", "M10", [QUIET, (100, 106, 99, 104)], [buy(0, "stop", price=105)], [(1, 1, 106, "entry")],
         {"slippage_ticks": 1}),
    Case("price_beyond_it_already", "M10", [QUIET, QUIET], [buy(0, "stop", price=99)], [(1, 1, 100, "entry")]),
]  # fmt: skip

FALLING_FIRST: Row = (100, 111, 94, 100)  # 6 down, 11 up
RISING_FIRST: Row = (106, 111, 94, 100)  # 12 down, 5 up
EVEN: Row = (100, 110, 90, 100)
BOTH: dict[str, Any] = {"stop": 95, "target": 108}
PATHS = [
    Case("nearer_extreme_first_low", "M11", [*START, FALLING_FIRST], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")], ambiguous=True),
    Case("nearer_extreme_first_high", "M11", [*START, RISING_FIRST], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 108, "tp_hit")], ambiguous=True),
    Case("short_nearer_extreme_first", "M11", [*START, FALLING_FIRST], [sell(0, stop=108, target=95)],
         [(1, -1, 100, "entry"), (2, 1, 95, "tp_hit")], ambiguous=True),
    Case("tie_hurts_a_long", "M11", [*START, EVEN], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")], ambiguous=True),
    Case("tie_hurts_a_short", "M11", [*START, EVEN], [sell(0, stop=108, target=95)],
         [(1, -1, 100, "entry"), (2, 1, 108, "sl_hit")], ambiguous=True),
    Case("pessimistic_long", "M12", [*START, RISING_FIRST], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")], {"path": "pessimistic"}, ambiguous=True),
    Case("pessimistic_short", "M12", [*START, FALLING_FIRST], [sell(0, stop=108, target=95)],
         [(1, -1, 100, "entry"), (2, 1, 108, "sl_hit")], {"path": "pessimistic"}, ambiguous=True),
    Case("optimistic_long", "M12", [*START, FALLING_FIRST], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 108, "tp_hit")], {"path": "optimistic"}, ambiguous=True),
    Case("one_level_is_not_ambiguous", "M12", [*START, (100, 107, 94, 100)], [buy(0, **BOTH)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")], ambiguous=False),
]  # fmt: skip

ENTRY_BAR = [
    Case("stop_entry_the_low_behind_does_not_count", "M13", [QUIET, (100, 106, 90, 104)],
         [buy(0, "stop", price=105, stop=99, target=120)], [(1, 1, 105, "entry")], ambiguous=True),
    Case("stop_entry_pessimistic", "M13", [QUIET, (100, 106, 90, 104)],
         [buy(0, "stop", price=105, stop=99, target=120)], [(1, 1, 105, "entry"), (1, -1, 99, "sl_hit")],
         {"path": "pessimistic"}, ambiguous=True),
    Case("stop_entry_the_close_counts", "M13", [QUIET, (100, 106, 90, 98)],
         [buy(0, "stop", price=105, stop=99, target=120)], [(1, 1, 105, "entry"), (1, -1, 99, "sl_hit")]),
    Case("stop_entry_the_extreme_it_ran_to_counts", "M13", [QUIET, (100, 109, 99, 104)],
         [buy(0, "stop", price=105, stop=95, target=108)], [(1, 1, 105, "entry"), (1, -1, 108, "tp_hit")]),
    Case("limit_the_low_it_ran_to_counts", "M13", [QUIET, (100, 101, 91, 100)],
         [buy(0, "limit", price=95, stop=92, target=99)], [(1, 1, 95, "entry"), (1, -1, 92, "sl_hit")]),
    Case("limit_the_high_behind_does_not_count", "M13", [QUIET, (100, 101, 94, 97)],
         [buy(0, "limit", price=95, stop=92, target=99)], [(1, 1, 95, "entry")]),
    Case("limit_the_close_counts", "M13", [QUIET, (100, 101, 94, 100)],
         [buy(0, "limit", price=95, stop=92, target=99)], [(1, 1, 95, "entry"), (1, -1, 99, "tp_hit")]),
    Case("short_limit_the_low_behind_does_not_count", "M13", [QUIET, (100, 106, 90, 103)],
         [sell(0, "limit", price=105, stop=108, target=95)], [(1, -1, 105, "entry")]),
]  # fmt: skip

POSITIONS = [
    Case("opposite_reverses", "M14", flat(100, 4), [buy(0, quantity=2), sell(2, quantity=3)],
         [(1, 2, 100, "entry"), (3, -2, 100, "reversed"), (3, -3, 100, "entry")]),
    Case("opposite_closes_only", "M14", flat(100, 4), [buy(0, quantity=2), sell(2, quantity=3, opposite=CLOSE_ONLY)],
         [(1, 2, 100, "entry"), (3, -2, 100, "strategy_exit")]),
    Case("opposite_is_ignored", "M14", flat(100, 4), [buy(0, quantity=2), sell(2, quantity=3, opposite=IGNORE)],
         [(1, 2, 100, "entry")]),
    Case("same_side_is_ignored", "M14", flat(100, 4), [buy(0), buy(2)], [(1, 1, 100, "entry")]),
    Case("same_side_adds_and_keeps_the_bracket", "M14", [*flat(100, 3), *flat(110, 2), (110, 110, 94, 96)],
         [buy(0, stop=95), buy(2, add=1, stop=98)],
         [(1, 1, 100, "entry"), (3, 1, 110, "entry"), (5, -2, 95, "sl_hit")], cash=9_980),
    Case("close", "M14", [*flat(100, 3), *flat(105, 1)], [buy(0), close(2)],
         [(1, 1, 100, "entry"), (3, -1, 105, "strategy_exit")], cash=10_005),
    Case("close_without_a_position", "M14", flat(100, 3), [close(0)], []),
    Case("market_orders_go_in_the_order_sent", "M4", flat(100, 6),
         [buy(0), buy(2, "limit", price=90, add=1), close(3), sell(3, quantity=5)],
         [(1, 1, 100, "entry"), (4, -1, 100, "strategy_exit"), (4, -5, 100, "entry")],
         rejected={"position_closing": 1}),
    Case("limit_reversal_hits_while_the_close_is_capped", "M14",
         [(100, 100, 100, 100, 10_000), (100, 100, 100, 100, 10_000), (100, 100, 100, 100, 10_000),
          (100, 106, 99, 100, 10), (100, 100, 100, 100, 10_000), (100, 100, 100, 100, 10_000)],
         [buy(0, quantity=20), sell(2, "limit", 5, price=105)],
         [(1, 20, 100, "entry"), (3, -10, 100, "reversed"), (4, -10, 100, "reversed")], {"volume_cap": 1.0}),
    Case("a_new_entry_replaces_the_resting_one", "M15", [*flat(100, 3), (100, 100, 80, 100)],
         [buy(0, "limit", price=90), buy(2, "limit", price=85)], [(3, 1, 85, "entry")], rejected={"replaced": 1}),
    Case("cancel", "M15", [*flat(100, 3), (100, 100, 80, 100)], [buy(0, "limit", price=90), cancel(1)], [],
         rejected={"replaced": 1}),
    Case("amend_tightens", "M15", [*flat(100, 4), (100, 100, 96, 98)], [buy(0, stop=90), amend(2, stop=97)],
         [(1, 1, 100, "entry"), (4, -1, 97, "trailing_stop_hit")]),
    Case("amend_never_loosens", "M15", [*flat(100, 4), (100, 100, 80, 98)], [buy(0, stop=90), amend(2, stop=85)],
         [(1, 1, 100, "entry"), (4, -1, 90, "sl_hit")]),
    Case("amend_never_loosens_a_short", "M15", [*flat(100, 4), (100, 120, 100, 101)],
         [sell(0, stop=110), amend(2, stop=115)], [(1, -1, 100, "entry"), (4, 1, 110, "sl_hit")]),
    Case("amend_the_target", "M15", [*flat(100, 4), (100, 104, 100, 101)],
         [buy(0, target=110), amend(2, target=103)], [(1, 1, 100, "entry"), (4, -1, 103, "tp_hit")]),
    Case("amend_without_a_stop_sets_one", "M15", [*flat(100, 4), (100, 100, 96, 98)], [buy(0), amend(2, stop=97)],
         [(1, 1, 100, "entry"), (4, -1, 97, "trailing_stop_hit")]),
]  # fmt: skip

CAP: dict[str, Any] = {"volume_cap": 0.01}  # 10 of 1,000
COSTS = [
    Case("market_entry_over_three_bars", "M18", flat(100, 5), [buy(0, quantity=25)],
         [(1, 10, 100, "entry"), (2, 10, 100, "entry"), (3, 5, 100, "entry")], CAP),
    Case("whole_steps", "M18", flat(100, 4), [buy(0, quantity=11)], [(1, 10, 100, "entry"), (2, 1, 100, "entry")],
         {"volume_cap": 0.0105}, instrument=Instrument(tick=1, step=1)),
    Case("stop_exit_continues_at_market", "M18", [*flat(100, 4), (100, 100, 94, 96), *flat(97, 3)],
         [buy(0, quantity=25, stop=95)],
         [(1, 10, 100, "entry"), (2, 10, 100, "entry"), (3, 5, 100, "entry"), (4, -10, 95, "sl_hit"),
          (5, -10, 97, "sl_hit"), (6, -5, 97, "sl_hit")], CAP),
    Case("what_is_leaving_gets_no_new_stop", "M18", [*flat(100, 4), (100, 100, 94, 96), *flat(97, 3)],
         [buy(0, quantity=25, stop=95), amend(4, stop=80)],
         [(1, 10, 100, "entry"), (2, 10, 100, "entry"), (3, 5, 100, "entry"), (4, -10, 95, "sl_hit"),
          (5, -10, 97, "sl_hit"), (6, -5, 97, "sl_hit")], CAP, no_stop=True),
    Case("stop_takes_the_rest_of_the_entry_with_it", "M18", [*flat(100, 3), (100, 100, 94, 96), *flat(97, 4)],
         [buy(0, quantity=35, stop=95)],
         [(1, 10, 100, "entry"), (2, 10, 100, "entry"), (3, 10, 100, "entry"), (4, -10, 97, "sl_hit"),
          (5, -10, 97, "sl_hit"), (6, -10, 97, "sl_hit")], CAP, rejected={"position_closing": 1}),
    Case("close_takes_the_rest_of_the_entry_with_it", "M18", flat(100, 6), [buy(0, quantity=25), close(1)],
         [(1, 10, 100, "entry"), (2, -10, 100, "strategy_exit")], CAP, rejected={"position_closing": 1}),
    Case("stop_entry_continues_at_market", "M18", [QUIET, (100, 106, 100, 106), *flat(107, 3)],
         [buy(0, "stop", 15, price=105)], [(1, 10, 105, "entry"), (2, 5, 107, "entry")], CAP),
    Case("limit_entry_goes_on_resting", "M18", [QUIET, (100, 100, 94, 100), (100, 100, 96, 100), (100, 100, 93, 100)],
         [buy(0, "limit", 15, price=95)], [(1, 10, 95, "entry"), (3, 5, 95, "entry")], CAP, maker=[1, 1]),
    Case("limit_that_took_rests_as_maker", "M18", [QUIET, *flat(100, 1), *flat(105, 1), (105, 105, 103, 105)],
         [buy(0, "limit", 15, price=105)], [(1, 10, 100, "entry"), (3, 5, 105, "entry")],
         CAP | {"limit_through_ticks": 1}, maker=[0, 1]),
    Case("nothing_left_of_the_bar", "M18", [(100, 100, 100, 100, 0), (100, 100, 100, 100, 0), *flat(100, 1)],
         [buy(0, quantity=5)], [(2, 5, 100, "entry")], CAP),
    Case("maker_and_taker_fee", "M19", [*START, (100, 111, 100, 105)], [buy(0, target=110)],
         [(1, 1, 100, "entry"), (2, -1, 110, "tp_hit")], {"taker_fee": 0.001, "maker_fee": 0.0005},
         cash=10_000 + 10 - 0.1 - 0.055),
    Case("slippage_in_ticks", "M20", flat(100, 4), [buy(0), close(1)],
         [(1, 1, 102, "entry"), (2, -1, 98, "strategy_exit")], {"slippage_ticks": 2}),
    Case("slippage_share_rounded_for_the_worse", "M20", flat(100, 4), [sell(0), close(1)],
         [(1, -1, 99.5, "entry"), (2, 1, 100.5, "strategy_exit")], {"slippage": 0.001},
         instrument=Instrument(tick=0.5)),
    Case("slippage_of_a_stop", "M20", [*START, (100, 101, 94, 96)], [buy(0, stop=95)],
         [(1, 1, 101, "entry"), (2, -1, 94, "sl_hit")], {"slippage_ticks": 1}),
    Case("limits_and_targets_do_not_slip", "M20", [QUIET, (100, 101, 94, 97), (97, 106, 97, 100)],
         [buy(0, "limit", price=95, target=105)], [(1, 1, 95, "entry"), (2, -1, 105, "tp_hit")],
         {"slippage_ticks": 1}),
]  # fmt: skip

ROUNDING = [
    Case("stop_towards_the_price", "M21", [*START, (100, 101, 94.2, 96)], [buy(0, stop=94.4)],
         [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")]),
    Case("stop_of_a_short_towards_the_price", "M21", [*START, (100, 106, 99, 100)], [sell(0, stop=105.6)],
         [(1, -1, 100, "entry"), (2, 1, 105, "sl_hit")]),
    Case("target_towards_the_price", "M21", [*START, (100, 110.2, 99, 100)], [buy(0, target=110.6)],
         [(1, 1, 100, "entry"), (2, -1, 110, "tp_hit")]),
    Case("buy_limit_down", "M21", [QUIET, (100, 100, 90, 100)], [buy(0, "limit", price=95.7)], [(1, 1, 95, "entry")]),
    Case("sell_limit_up", "M21", [QUIET, (100, 110, 100, 100)], [sell(0, "limit", price=104.3)],
         [(1, -1, 105, "entry")]),
    Case("buy_stop_up", "M21", [QUIET, (100, 110, 100, 100)], [buy(0, "stop", price=104.3)], [(1, 1, 105, "entry")]),
    Case("sell_stop_down", "M21", [QUIET, (100, 100, 90, 100)], [sell(0, "stop", price=95.7)],
         [(1, -1, 95, "entry")]),
    Case("quantity_down_to_the_step", "M22", flat(100, 2), [buy(0, quantity=1.29)], [(1, 1.2, 100, "entry")],
         instrument=Instrument(step=0.1)),
    Case("minimum_quantity", "M22", flat(100, 2), [buy(0, quantity=0.4)], [],
         instrument=Instrument(min_quantity=0.5), rejected={"below_minimum_quantity": 1}),
    Case("rounded_to_nothing", "M22", flat(100, 2), [buy(0, quantity=0.9)], [], instrument=Instrument(step=1),
         rejected={"below_minimum_quantity": 1}),
    Case("minimum_notional", "M22", flat(100, 2), [buy(0, quantity=0.04)], [],
         instrument=Instrument(min_notional=5), rejected={"below_minimum_notional": 1}),
]  # fmt: skip

RISK: dict[str, Any] = {"rule": BY_RISK, "value": 0.01, "stop": 95}
JUMP: list[Row] = [*flat(100, 1), *flat(125, 2)]
SIZES = [
    Case("risk", "M23", flat(100, 2), [buy(0, **RISK)], [(1, 20, 100, "entry")]),
    Case("risk_with_fees", "M23", flat(100, 2), [buy(0, **RISK)], [(1, 19.249, 100, "entry")],
         {"taker_fee": 0.001}, instrument=Instrument(step=0.001), cash=10_000 - 1.9249),
    Case("risk_with_a_limit", "M23", flat(100, 2), [buy(0, **RISK, max_loss=50)], [(1, 10, 100, "entry")]),
    Case("risk_of_a_short", "M23", flat(100, 2), [sell(0, rule=BY_RISK, value=0.02, stop=110)],
         [(1, -20, 100, "entry")]),
    Case("risk_without_a_stop", "M23", flat(100, 2), [buy(0, rule=BY_RISK, value=0.01)], [],
         rejected={"no_stop": 1}),
    Case("notional", "M23", flat(100, 2), [buy(0, rule=BY_NOTIONAL, value=1000)], [(1, 10, 100, "entry")]),
    Case("equity", "M23", flat(100, 2), [buy(0, rule=BY_EQUITY, value=0.5)], [(1, 50, 100, "entry")]),
    Case("equity_with_a_fee_reserve", "M23", flat(100, 2), [buy(0, rule=BY_EQUITY, value=0.5, fee_reserve=0.01)],
         [(1, 49.504, 100, "entry")], instrument=Instrument(step=0.001)),
    Case("equity_at_the_decision", "M24", JUMP, [buy(0, rule=BY_EQUITY, value=0.5)], [(1, 50, 125, "entry")]),
    Case("equity_at_the_fill", "M24", JUMP, [buy(0, rule=BY_EQUITY, value=0.5)], [(1, 40, 125, "entry")],
         {"size_at": "fill"}),
    Case("notional_at_the_fill", "M24", JUMP, [buy(0, rule=BY_NOTIONAL, value=1000)], [(1, 8, 125, "entry")],
         {"size_at": "fill"}),
    Case("risk_at_the_decision", "M24", [*flat(100, 1), *flat(105, 1)], [buy(0, **RISK)], [(1, 20, 105, "entry")]),
    Case("risk_at_the_fill", "M24", [*flat(100, 1), *flat(105, 1)], [buy(0, **RISK)], [(1, 10, 105, "entry")],
         {"size_at": "fill"}),
    Case("equity_counts_open_profit", "M24", [*flat(100, 3), *flat(110, 2)],
         [buy(0, quantity=100), sell(3, rule=BY_EQUITY, value=0.5)],
         [(1, 100, 100, "entry"), (4, -100, 110, "reversed"), (4, -50, 110, "entry")]),
    Case("stop_on_the_wrong_side", "M25", flat(100, 2), [buy(0, stop=101)], [], rejected={"stop_side": 1}),
    Case("stop_at_the_price", "M25", flat(100, 2), [sell(0, stop=100)], [], rejected={"stop_side": 1}),
    Case("target_on_the_wrong_side", "M25", flat(100, 2), [sell(0, target=101)], [], rejected={"target_side": 1}),
    Case("limit_without_a_price", "M25", flat(100, 2), [buy(0, "limit")], [], rejected={"bad_price": 1}),
    Case("seventeen_working_orders", "M25", flat(100, 20),
         [buy(0), *(sell(i, "limit", price=150, reduce_only=1) for i in range(1, 18))], [(1, 1, 100, "entry")],
         rejected={"too_many_orders": 1}),
]  # fmt: skip

ADD_UNDER_LEVERAGE = [buy(0, quantity=100, leverage=10), buy(2, "stop", 100, price=110, add=1, leverage=10)]
MARGIN = [
    Case("entry_is_reduced", "M26", flat(100, 2), [buy(0, quantity=200)], [(1, 100, 100, "entry")]),
    Case("entry_is_refused", "M26", flat(100, 2), [buy(0, quantity=200)], [], {"short_margin": "reject"},
         rejected={"no_margin": 1}),
    Case("leverage_three", "M26", flat(100, 2), [buy(0, quantity=400, leverage=3)], [(1, 300, 100, "entry")]),
    Case("the_fee_is_part_of_it", "M26", flat(100, 2), [buy(0, quantity=200)], [(1, 99, 100, "entry")],
         {"taker_fee": 0.01}, instrument=Instrument(step=1)),
    Case("reduced_below_the_minimum", "M26", flat(100, 4), [buy(0, quantity=100), buy(2, quantity=1, add=1)],
         [(1, 100, 100, "entry")], rejected={"no_margin": 1}),
    Case("an_add_has_the_leverage_of_its_position", "M26", flat(100, 4),
         [buy(0, quantity=50), buy(2, quantity=400, add=1, leverage=10)],
         [(1, 50, 100, "entry"), (3, 50, 100, "entry")]),
    Case("bankrupt_accounts_cannot_enter", "M28", [*START, (100, 100, 40, 40), *flat(40, 2)],
         [buy(0, quantity=20, leverage=20), close(2), buy(3)],
         [(1, 20, 100, "entry"), (3, -20, 40, "strategy_exit")], capital=1000, rejected={"bankrupt": 1}, cash=-200),
    Case("bankrupt_accounts_can_close", "M28", [*START, (100, 100, 40, 40), *flat(40, 2)],
         [buy(0, quantity=20, leverage=20), sell(2, opposite=CLOSE_ONLY)],
         [(1, 20, 100, "entry"), (3, -20, 40, "strategy_exit")], capital=1000),
    Case("bankrupt_accounts_close_instead_of_reversing", "M28", [*START, (100, 100, 40, 40), *flat(40, 2)],
         [buy(0, quantity=20, leverage=20), sell(2)],
         [(1, 20, 100, "entry"), (3, -20, 40, "reversed")], capital=1000, rejected={"bankrupt": 1}),
]  # fmt: skip

NEW: dict[str, Any] = {"liquidation": "bybit"}
OLD: dict[str, Any] = {"liquidation": "bybit_classic"}
LONG10, SHORT10 = buy(0, leverage=10), sell(0, leverage=10)
LIQUIDATION = [
    # long: 100 x 0.9 / 0.995 = 90.4523 now, 100 x (1 - 0.1 + 0.005) = 90.5 before; bankruptcy at 90
    Case("long_not_reached", "M27", [*START, (100, 101, 90.46, 95)], [LONG10], [(1, 1, 100, "entry")], NEW, LEVERED),
    Case("long", "M27", [*START, (100, 101, 90.45, 95)], [LONG10], [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")],
         NEW, LEVERED),
    Case("long_classic", "M27", [*START, (100, 101, 90.46, 95)], [LONG10],
         [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")], OLD, LEVERED),
    Case("long_classic_not_reached", "M27", [*START, (100, 101, 90.51, 95)], [LONG10], [(1, 1, 100, "entry")], OLD,
         LEVERED),
    # short: 100 x 1.1 / 1.005 = 109.4527 now, 109.5 before; bankruptcy at 110
    Case("short", "M27", [*START, (100, 109.46, 99, 105)], [SHORT10],
         [(1, -1, 100, "entry"), (2, 1, 110, "liquidated")], NEW, LEVERED),
    Case("short_classic_not_reached", "M27", [*START, (100, 109.46, 99, 105)], [SHORT10], [(1, -1, 100, "entry")],
         OLD, LEVERED),
    Case("short_classic", "M27", [*START, (100, 109.51, 99, 105)], [SHORT10],
         [(1, -1, 100, "entry"), (2, 1, 110, "liquidated")], OLD, LEVERED),
    Case("off", "M27", [*START, (100, 101, 50, 95)], [LONG10], [(1, 1, 100, "entry")], {}, LEVERED),
    Case("at_the_open", "M27", [*START, (85, 101, 80, 95)], [LONG10],
         [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")], NEW, LEVERED),
    Case("the_stop_comes_first", "M27", [*START, (100, 101, 80, 95)], [buy(0, leverage=10, stop=92)],
         [(1, 1, 100, "entry"), (2, -1, 92, "sl_hit")], NEW, LEVERED),
    Case("the_margin_is_lost", "M27", [*START, (100, 101, 80, 95)], [LONG10],
         [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")], NEW | {"taker_fee": 0.001}, LEVERED,
         cash=10_000 - 0.1 - 10 - 0.09),
    Case("mark_decides_no", "M27", [*START, (100, 101, 80, 95)], [LONG10], [(1, 1, 100, "entry")], NEW, LEVERED,
         mark=[QUIET, QUIET, (100, 101, 91, 95)]),
    Case("mark_decides_yes", "M27", [*START, (100, 101, 95, 96)], [LONG10],
         [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")], NEW, LEVERED, mark=[QUIET, QUIET, (100, 101, 90, 95)]),
    Case("mark_at_the_open", "M27", [*START, (100, 101, 95, 96)], [SHORT10],
         [(1, -1, 100, "entry"), (2, 1, 110, "liquidated")], NEW, LEVERED, mark=[QUIET, QUIET, (110, 111, 95, 96)]),
    Case("mark_and_target_in_one_bar_depend_on_the_path", "M12", [*START, (104, 109, 95, 96)],
         [buy(0, leverage=10, target=108)], [(1, 1, 100, "entry"), (2, -1, 108, "tp_hit")], NEW, LEVERED,
         mark=[QUIET, QUIET, (100, 101, 90, 95)], ambiguous=True),
    Case("resting_entries_are_withdrawn", "M27", [*START, (100, 101, 80, 95)],
         [LONG10, buy(1, "limit", price=85, add=1)], [(1, 1, 100, "entry"), (2, -1, 90, "liquidated")], NEW, LEVERED,
         rejected={"liquidation": 1}),
    # 100 and 110: entry 105, liquidation 94.97; whether the low comes before the add decides
    Case("an_add_moves_it_and_depends_on_the_path", "M12", [*START, QUIET, (104, 111, 94, 100)], ADD_UNDER_LEVERAGE,
         [(1, 100, 100, "entry"), (3, 100, 110, "entry"), (3, -200, 94.5, "liquidated")], NEW, LEVERED,
         capital=100_000, ambiguous=True),
    Case("an_add_moves_it_pessimistic", "M12", [*START, QUIET, (104, 111, 94, 100)], ADD_UNDER_LEVERAGE,
         [(1, 100, 100, "entry"), (3, 100, 110, "entry")], NEW | {"path": "pessimistic"}, LEVERED, capital=100_000),
]  # fmt: skip

ON: dict[str, Any] = {"funding": "applied"}
FUNDING = [
    Case("before_the_fills_of_the_open", "M3", flat(100, 3), [buy(0, quantity=2)], [(1, 2, 100, "entry")], ON,
         funding=[(HOUR, 0.001)], cash=10_000),
    Case("a_long_pays_a_positive_rate", "M3", [*flat(100, 2), *flat(103, 2)], [buy(0, quantity=2)],
         [(1, 2, 100, "entry")], ON, funding=[(2 * HOUR, 0.001)], cash=10_000 - 0.206),
    Case("a_short_receives_a_positive_rate", "M3", [*flat(100, 2), *flat(103, 2)], [sell(0, quantity=2)],
         [(1, -2, 100, "entry")], ON, funding=[(2 * HOUR, 0.001)], cash=10_000 + 0.206),
    Case("a_long_receives_a_negative_rate", "M3", flat(100, 4), [buy(0, quantity=2)], [(1, 2, 100, "entry")], ON,
         funding=[(2 * HOUR, -0.001)], cash=10_000 + 0.2),
    Case("inside_a_bar_after_its_open", "M3", flat(100, 3), [buy(0, quantity=2)], [(1, 2, 100, "entry")], ON,
         funding=[(HOUR + 1, 0.001)], cash=10_000 - 0.2),
    Case("due_before_the_exit_of_that_open", "M3", flat(100, 4), [buy(0, quantity=2), close(1)],
         [(1, 2, 100, "entry"), (2, -2, 100, "strategy_exit")], ON, funding=[(2 * HOUR, 0.001)], cash=10_000 - 0.2),
    Case("at_the_mark_price", "M3", flat(100, 4), [buy(0, quantity=2)], [(1, 2, 100, "entry")], ON,
         funding=[(2 * HOUR, 0.001)], mark=flat(90, 4), cash=10_000 - 0.18),
    Case("two_settlements", "M3", flat(100, 4), [buy(0, quantity=2)], [(1, 2, 100, "entry")], ON,
         funding=[(2 * HOUR, 0.001), (3 * HOUR, 0.002)], cash=10_000 - 0.6),
    Case("none_while_flat", "M3", flat(100, 6), [buy(0), close(1), buy(3)],
         [(1, 1, 100, "entry"), (2, -1, 100, "strategy_exit"), (4, 1, 100, "entry")], ON,
         funding=[(3 * HOUR, 0.001)], cash=10_000),
    Case("off", "M3", flat(100, 4), [buy(0)], [(1, 1, 100, "entry")], funding=[(2 * HOUR, 0.001)], cash=10_000),
]  # fmt: skip

LAST: list[Row] = [*START, (104, 106, 103, 105)]
AT_END = [
    Case("keep", "M30", LAST, [buy(0)], [(1, 1, 100, "entry")]),
    Case("close", "M30", LAST, [buy(0)], [(1, 1, 100, "entry"), (2, -1, 105, "end_of_data")], {"at_end": "close"}),
    Case("open", "M30", LAST, [buy(0)], [(1, 1, 100, "entry"), (2, -1, 104, "end_of_data")], {"at_end": "open"}),
    Case("with_slippage_and_fee", "M30", LAST, [buy(0)], [(1, 1, 101, "entry"), (2, -1, 104, "end_of_data")],
         {"at_end": "close", "slippage_ticks": 1, "taker_fee": 0.01}, cash=10_000 + 3 - 1.01 - 1.04),
    Case("resting_entries_expire", "M30", LAST, [buy(0, "limit", price=90)], [], {"at_end": "close"},
         rejected={"expired_unfilled": 1}),
]  # fmt: skip

GROUPS: dict[str, list[Case]] = {
    "market": MARKET_ORDERS,
    "bracket": STOPS_AND_TARGETS,
    "limit": LIMITS,
    "stop_entry": STOP_ENTRIES,
    "path": PATHS,
    "entry_bar": ENTRY_BAR,
    "position": POSITIONS,
    "cost": COSTS,
    "rounding": ROUNDING,
    "size": SIZES,
    "margin": MARGIN,
    "liquidation": LIQUIDATION,
    "funding": FUNDING,
    "end": AT_END,
}
CASES = [(f"{group}-{case.name}", case) for group, cases in GROUPS.items() for case in cases]
