"""Exit policies: the pure function `advance`, and what runs make of it (docs/matching.md, M32 to M34)."""

from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.matching.exits import advance
from engine.matching.records import MAX_BARS, POSITION, STRATEGY_EXIT
from engine.matching.tables import lower_exits
from engine.values import ExitPolicy
from tests.engine.matching.tables import NAN, Row, amend, buy, close, fills_of, flat, run, sell


def held(side: int = 1, **fields: Any) -> Any:
    """A position of one unit from 100 with a stop 10 away, best price 100, one bar old."""
    row = np.zeros(1, POSITION).view(np.recarray)[0]
    values: dict[str, Any] = {
        "quantity": side, "entry": 100, "stop": 100 - 10 * side, "target": NAN, "risk": 10, "best": 100, "age": 1
    }  # fmt: skip
    for name, value in (values | fields).items():
        row[name] = value
    return row


def moved(policy: ExitPolicy, position: Any, close_: float, atr: float = NAN, adx: float = NAN, flag: int = 0,
          tick: float = 0.0) -> tuple[float, int]:  # fmt: skip
    """What `advance` makes of a policy, a position and a close."""
    return advance(lower_exits([policy]).policies.view(np.recarray)[0], position, close_, atr, adx, flag, tick)


STEPS = ExitPolicy(rr_steps=((2.0, 1.2), (2.5, 2.0), (3.0, 2.5)))


@pytest.mark.parametrize(
    ("close_", "stop"), [(119.9, 90), (120, 112), (124.9, 112), (125, 120), (130, 125), (150, 125)]
)
def test_r_steps_put_the_stop_where_the_highest_reached_step_says(close_: float, stop: float) -> None:
    """Profit of 2 R moves the stop to +1.2 R, and so on; R is the distance from the entry to the original stop."""
    assert moved(STEPS, held(), close_) == (pytest.approx(stop), 0)
    assert moved(STEPS, held(-1), 200 - close_) == (pytest.approx(200 - stop), 0)


def test_r_steps_never_loosen_and_need_a_stop() -> None:
    """A step below the present stop changes nothing, and without an original stop there is no R."""
    assert moved(STEPS, held(stop=115), 120)[0] == 115
    assert np.isnan(moved(STEPS, held(stop=NAN, risk=0), 150)[0])


NEAR = ExitPolicy(proximity_percent=1.0, proximity_trail=2.0)


def test_proximity_pulls_the_stop_once() -> None:
    """When no more than 1 % of the price is left to the target the stop goes to 2 % from the close, one time only."""
    position = held(target=120)
    assert moved(NEAR, position, 118.8)[0] == 90
    assert moved(NEAR, position, 119)[0] == pytest.approx(119 * 0.98)
    assert moved(NEAR, position, 119.5)[0] == 90  # one-shot: the rule is spent
    short = held(-1, target=80)
    assert moved(NEAR, short, 80.5)[0] == pytest.approx(80.5 * 1.02)


def test_proximity_can_be_continuous() -> None:
    """The continuous rule trails the close on every bar from then on, also when the target is farther again."""
    policy = ExitPolicy(proximity_percent=1.0, proximity_trail=2.0, proximity_continuous=True)
    position = held(target=120)
    assert moved(policy, position, 119)[0] == pytest.approx(116.62)
    assert moved(policy, position, 115)[0] == pytest.approx(112.7)  # on a position whose stop is still at 90
    position["stop"] = 116.0
    assert moved(policy, position, 115.9)[0] == 116  # looser than the stop in force, so that one stays
    assert moved(policy, held(), 119)[0] == 90  # no target, nothing to be near to


@pytest.mark.parametrize(("best", "stop"), [(104.9, 90), (105, 102.9), (120, 117.6)])
def test_percent_trail_follows_the_best_price_from_its_offset_on(best: float, stop: float) -> None:
    """From 5 % profit at the best price the stop follows that price at 2 %."""
    policy = ExitPolicy(trail_percent=2.0, trail_offset_percent=5.0)
    assert moved(policy, held(best=best), best)[0] == pytest.approx(stop)
    assert moved(policy, held(-1, best=200 - best), 200 - best)[0] == pytest.approx(
        110 if stop == 90 else (200 - best) * 1.02
    )


def test_atr_trail_is_wider_in_a_strong_trend() -> None:
    """The stop lies 2 ATR from the close, 2.4 where ADX is above 25, from the minimum profit on."""
    policy = ExitPolicy(atr_multiple=2.0, atr_strong=1.2, adx_strong=25.0, atr_min_profit=5.0)
    assert moved(policy, held(), 110, atr=3, adx=20)[0] == 104
    assert moved(policy, held(), 110, atr=3, adx=25)[0] == 104
    assert moved(policy, held(), 110, atr=3, adx=26)[0] == pytest.approx(102.8)
    assert moved(policy, held(), 110, atr=3)[0] == 104  # an unknown ADX is not strong
    assert moved(policy, held(), 110)[0] == 90  # an unknown ATR moves nothing
    assert moved(policy, held(), 104.9, atr=3)[0] == 90  # profit 4.9
    assert moved(policy, held(quantity=2), 102.5, atr=3)[0] == 96.5  # profit 2 x 2.5
    assert moved(policy, held(-1), 90, atr=3)[0] == 96


def test_age_tightens_once() -> None:
    """A trade of 3 bars with less than 1 R profit has its stop moved by 30 % of R, a single time."""
    policy = ExitPolicy(age_bars=3, age_min_r=1.0, age_percent=30.0)
    assert moved(policy, held(age=2), 101)[0] == 90
    assert moved(policy, held(age=3), 110)[0] == 90
    position = held(age=3)
    assert moved(policy, position, 101)[0] == 93
    position["age"] = 4
    assert moved(policy, position, 101)[0] == 90  # spent: the stop is no longer moved by this rule
    assert moved(policy, held(-1, age=3), 99)[0] == 107


def test_exit_flag_comes_before_max_bars_before_levels() -> None:
    """One exit in a pass: the flag, else the age, else the most protective of the levels."""
    both = ExitPolicy(max_bars_open=1, trail_percent=1.0, rr_steps=((0.5, 0.2),))
    assert moved(both, held(best=110), 109, flag=1) == (90, STRATEGY_EXIT)
    assert moved(both, held(best=110), 109) == (90, MAX_BARS)
    levels = ExitPolicy(trail_percent=1.0, rr_steps=((0.5, 0.2),))
    assert moved(levels, held(best=110), 109) == (pytest.approx(108.9), 0)


def test_a_stop_is_never_put_beyond_the_close() -> None:
    """A level on the far side of the close becomes the close, and the old stop stays if nothing moves."""
    policy = ExitPolicy(trail_percent=1.0)
    assert moved(policy, held(best=120), 110)[0] == 110
    assert moved(policy, held(-1, best=80), 90)[0] == 90
    assert moved(ExitPolicy(), held(), 85)[0] == 90


def test_moved_stops_are_rounded_towards_the_price() -> None:
    """A moved stop lies on the tick that lets less be lost."""
    assert moved(ExitPolicy(trail_percent=1.0), held(best=110.3), 110.3, tick=1.0)[0] == 110
    assert moved(ExitPolicy(trail_percent=1.0), held(-1, best=90.4), 90.4, tick=1.0)[0] == 91


def test_too_many_steps_are_refused() -> None:
    """More than eight R steps do not fit and are an error, not cut off."""
    with pytest.raises(InputError, match="9 R steps"):
        lower_exits([ExitPolicy(rr_steps=tuple((i, i - 0.5) for i in range(1, 10)))])


def test_columns_of_markets_with_different_histories_stand_in_one_table() -> None:
    """Exit columns of unequal length are filled up with unknown."""
    table = lower_exits([
        ExitPolicy(exit_long=np.ones(3, np.int8), atr=np.ones(3)),
        ExitPolicy(exit_long=np.ones(5, np.int8), atr=np.ones(5)),
    ])  # fmt: skip
    assert table.flags[0].tolist() == [1, 1, 1, -128, -128]
    assert np.isnan(table.series[0]).tolist() == [False] * 3 + [True] * 2


# --- in runs ---------------------------------------------------------------------------------------------------------

UP: list[Row] = [*flat(100, 2), (100, 120, 100, 120), (120, 121, 105, 106), *flat(106, 2)]
SHIFT = ExitPolicy(stop_shift_long=10.0, stop_shift_short=20.0)


@pytest.mark.parametrize(
    ("policy", "side", "stop", "first"),
    [
        (SHIFT, 1, 95.0, 94.5),
        (SHIFT, -1, 105.0, 106.0),
        (ExitPolicy(stop_shift_long=1.0, stop_shift_short=2.0, stop_shift_basis="price"), 1, 95.0, 94.0),
        (ExitPolicy(stop_shift_long=1.0, stop_shift_short=2.0, stop_shift_basis="price"), -1, 105.0, 107.0),
    ],
)
def test_stop_shift_moves_the_stop_away_before_the_order(
    policy: ExitPolicy, side: int, stop: float, first: float
) -> None:
    """Percent of the risk distance, or of the price; the size then counts the shifted stop."""
    order = buy if side > 0 else sell
    from engine.matching.records import BY_RISK
    from engine.result import Instrument

    engine = run(
        flat(100, 3), [order(0, rule=BY_RISK, value=0.01, stop=stop, policy=0)], {"at_end": "close"}, exits=[policy],
        instrument=Instrument(tick=0.5),
    )  # fmt: skip
    assert engine.trades["stop"][0] == first
    assert engine.trades["quantity"][0] == pytest.approx(100 / abs(100 - first))


def test_a_moved_stop_works_from_the_next_bar_on() -> None:
    """The bar whose high raises the stop cannot be the bar that hits it."""
    rows: list[Row] = [*flat(100, 2), (100, 120, 100, 118), (118, 119, 100, 118)]
    engine = run(rows, [buy(0, stop=90, policy=0)], exits=[ExitPolicy(trail_percent=5.0)])
    assert fills_of(engine) == [(1, 1, 100, "entry"), (3, -1, 114, "trailing_stop_hit")]
    assert engine.trades["stop"][0] == 90
    assert engine.trades["last_stop"][0] == 114


def test_the_trail_gaps_like_any_stop() -> None:
    """A trailing stop passed by the open is filled at the open."""
    rows: list[Row] = [*flat(100, 2), (100, 120, 100, 118), (110, 119, 100, 118)]
    engine = run(rows, [buy(0, stop=90, policy=0)], exits=[ExitPolicy(trail_percent=5.0)])
    assert fills_of(engine)[-1] == (3, -1, 110, "trailing_stop_hit")


def test_the_best_price_counts_from_the_fill_on() -> None:
    """On the bar of an entry inside it only the close counts as a price reached since the entry."""
    rows: list[Row] = [(100, 100, 100, 100), (100, 110, 94, 98), (98, 98, 96, 97), (97, 97, 90, 91)]
    engine = run(rows, [buy(0, "limit", price=95, policy=0)], exits=[ExitPolicy(trail_percent=5.0)])
    # best: close 98 of the entry bar, so the stop is 93.1 -> 94, not 104.5
    assert fills_of(engine)[-1] == (3, -1, 94, "trailing_stop_hit")


def test_the_best_price_counts_every_finer_bar() -> None:
    """A high in a finer bar that does not end a decision bar raises the trail all the same."""
    from engine.matching.engine import Market
    from tests.engine.matching.tables import TICK_ONE, candles, prepared

    rows: list[Row] = [*flat(100, 3), (100, 120, 100, 119), (119, 119, 118, 118), (118, 118, 100, 118)]
    market = Market(candles(rows), TICK_ONE)
    engine = prepared([market], {}, exits=[ExitPolicy(trail_percent=5.0)], rows=[[-1, 0, -1, -1, 1, -1]])
    engine.submit(buy(1, stop=90, policy=0))
    engine.run(6)
    assert fills_of(engine)[-1] == (5, -1, 114, "trailing_stop_hit")


def test_max_bars_open_closes_at_the_next_open() -> None:
    """A position is closed at market after so many completed bars, the entry bar being the first."""
    engine = run([*flat(100, 4), *flat(105, 2)], [buy(0, policy=0)], exits=[ExitPolicy(max_bars_open=3)])
    assert fills_of(engine) == [(1, 1, 100, "entry"), (4, -1, 105, "max_bars_exceeded")]


def test_max_bars_pending_withdraws_the_entry() -> None:
    """An entry not filled after so many completed bars is withdrawn at the close of the last of them."""
    rows: list[Row] = [*flat(100, 3), (100, 100, 90, 100)]
    waits = [buy(0, "limit", price=95, policy=0)]
    engine = run(rows, waits, exits=[ExitPolicy(max_bars_pending=2)])
    assert fills_of(engine) == []
    assert engine.rejected == {"expired_unfilled": 1}
    assert fills_of(run(rows, waits, exits=[ExitPolicy(max_bars_pending=3)])) == [(3, 1, 95, "entry")]


@pytest.mark.parametrize("side", [1, -1])
def test_exit_flags_close_their_side_at_the_next_open(side: int) -> None:
    """exit_long closes longs, exit_short shorts; an unknown flag closes nothing."""
    on, off, unknown = (np.array(f, np.int8) for f in ([0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [-128] * 5))
    order = buy if side > 0 else sell
    engine = run(flat(100, 5), [order(0, policy=0)], exits=[ExitPolicy(exit_long=on, exit_short=off)])
    reasons = [f[3] for f in fills_of(engine)]
    assert reasons == (["entry", "strategy_exit"] if side > 0 else ["entry"])
    engine = run(flat(100, 5), [order(0, policy=0)], exits=[ExitPolicy(exit_long=unknown, exit_short=on)])
    assert [f[3] for f in fills_of(engine)] == (["entry"] if side > 0 else ["entry", "strategy_exit"])


def test_a_close_by_the_policy_waits_for_the_latency() -> None:
    """What a policy decides at the close reaches the market after the latency, like every order."""
    engine = run([*flat(100, 3), *flat(101, 1), *flat(102, 2)], [buy(0, policy=0)], {"latency_ms": 1},
                 exits=[ExitPolicy(max_bars_open=1)])  # fmt: skip
    assert fills_of(engine) == [(2, 1, 100, "entry"), (4, -1, 102, "max_bars_exceeded")]


def test_the_exchange_acts_before_the_policy() -> None:
    """A stop hit inside the bar comes before the flag of its close."""
    on = np.array([0, 0, 1, 0], np.int8)
    rows: list[Row] = [*flat(100, 2), (100, 100, 90, 100), *flat(100, 1)]
    engine = run(rows, [buy(0, stop=95, policy=0)], exits=[ExitPolicy(exit_long=on)])
    assert fills_of(engine) == [(1, 1, 100, "entry"), (2, -1, 95, "sl_hit")]


def test_an_amended_stop_is_kept_by_the_policy() -> None:
    """The policy only moves a stop nearer to the price than an amendment has put it."""
    engine = run(UP, [buy(0, stop=90, policy=0), amend(2, stop=118)], exits=[ExitPolicy(trail_percent=5.0)])
    assert fills_of(engine)[-1] == (3, -1, 118, "trailing_stop_hit")


def test_a_short_trails_the_low() -> None:
    """The trail of a short follows the lowest price since the entry."""
    rows: list[Row] = [*flat(100, 2), (100, 100, 80, 81), (81, 90, 80, 85)]
    engine = run(rows, [sell(0, stop=110, policy=0)], exits=[ExitPolicy(trail_percent=5.0)])
    assert fills_of(engine)[-1] == (3, 1, 84, "trailing_stop_hit")


def test_age_counts_from_the_fill() -> None:
    """The age rule counts completed bars since the fill and moves the stop for the next bar."""
    rows: list[Row] = [*flat(100, 3), (100, 100, 92, 100), (100, 100, 92, 100)]
    policy = ExitPolicy(age_bars=3, age_min_r=1.0, age_percent=30.0)
    engine = run(rows, [buy(0, stop=90, policy=0), close(9)], exits=[policy])
    assert fills_of(engine) == [(1, 1, 100, "entry"), (4, -1, 93, "trailing_stop_hit")]
