"""Trading a spread: sides of both legs, levels in the spread and in prices, every reason to leave and their order.

The position is checked on a spread of y - 2 x with mean 10 and sigma 1 while x stands at 50, so that z = y - 110.
"""

from textwrap import dedent
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.rows import text_at
from engine.values import UNKNOWN
from nodes.kernels.spread import FLAT, REASONS, exit_reason
from nodes.spread.entry import Entry
from nodes.spread.levels import LevelPorts, Levels
from nodes.spread.metadata import Metadata
from nodes.spread.position import Position, PositionPorts, PositionState

NAN = float("nan")
NO = 0


def column(*values: float) -> Any:
    return np.array(values, float)


def sides(*values: int) -> Any:
    return np.array(values, np.int8)


# --- the position: every exit and their order -------------------------------------------------------------------------


def watch(direction: Any, path: Any, node: Position | None = None, **columns: Any) -> PositionPorts:
    """The position over bars at which z, judged by the statistics above, is so; columns replace the usual ones."""
    z, rows = np.asarray(path, float), len(path)
    given: dict[str, Any] = {
        "z": z, "beta": np.full(rows, 2.0), "mean": np.full(rows, 10.0), "sigma": np.ones(rows),
        "z_stop": np.full(rows, 3.5), "z_most": np.full(rows, 4.0), "x": np.full(rows, 50.0), "y": 110 + z,
    } | columns  # fmt: skip
    return (node or Position()).step(PositionState(), direction, **given)[1]


PATHS = {
    # name: (z bar by bar, reason at the last bar)
    "back to half a deviation": ((-2, -1, -0.5), "z_score_exit"),
    "not quite back": ((-2, -1, -0.51), "holding"),
    "beyond the mean in one bar": ((-2, 0.9), "z_score_exit"),
    "a leap far beyond the mean is no blow-up": ((-2, 5), "z_score_exit"),
    "just inside the stop": ((-2, -3.49), "holding"),
    "at the stop": ((-2, -3.5), "sl_hit"),
    "beyond the stop": ((-2, -3.99), "sl_hit"),
    "the largest deviation comes before the stop": ((-2, -4.0), "max_spread_deviation_exceeded"),
    "moved by exactly the divergence": ((-2, -6.0), "max_spread_deviation_exceeded"),
    "the blow-up comes before everything": ((-2, -6.01), "divergence_blowup"),
    "a move against a late entry": ((-3, -2, -7.01), "divergence_blowup"),
    "a way out in two steps": ((-2, -3, -3.6), "sl_hit"),
    "only the first bar counts": ((-2,), "entered"),
}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("side", [1, -1])
def test_each_reason_to_leave_in_the_order_of_the_domain(name: str, side: int) -> None:
    """A sold spread is the mirror of a bought one."""
    path, expected = PATHS[name]
    found = watch(sides(side, *[0] * (len(path) - 1)), side * np.array(path))
    assert found.reason.at(len(path) - 1) == expected
    left = expected not in ("holding", "entered")
    assert found.exit[-1] == left
    assert found.held[-1] == (0 if left else side)
    assert found.enter.tolist() == [side] + [0] * (len(path) - 1)
    assert found.z[-1] == pytest.approx(side * path[-1], abs=1e-12)


def test_rules_that_are_off() -> None:
    off = Position(divergence=0.0)
    assert watch(sides(1, 0), (-2, -9), off).reason.at(1) == "max_spread_deviation_exceeded"
    none = watch(sides(1, 0), (-2, -9), off, z_most=np.zeros(2))
    assert none.reason.at(1) == "sl_hit"


def test_the_statistics_are_those_of_the_entry() -> None:
    """Later hedge ratios, means and stops change nothing; z, stop and target are given at every bar."""
    later = {
        "beta": column(2, 9, 9),
        "mean": column(10, -50, -50),
        "sigma": column(1, 7, 7),
        "z_stop": column(3.5, 9, 9),
    }
    found = watch(sides(1, 0, 0), (-2, -1, -3.6), None, **later)
    assert [found.reason.at(i) for i in range(3)] == ["entered", "holding", "sl_hit"]
    assert found.stop.tolist() == [6.5, 6.5, 6.5]  # 10 - 3.5 sigma
    assert found.target.tolist() == [10, 10, 10]
    assert found.beta.tolist() == [2, 2, 2] and found.z_entry.tolist() == [-2, -2, -2]
    assert found.spread.tolist() == [8.0, 9.0, pytest.approx(6.4)]
    assert watch(sides(-1), (2,)).stop.tolist() == [13.5]


def test_without_one_of_both_prices_nothing_is_decided() -> None:
    path = (-2, -9, -9, -9, -1)
    for missing in ("x", "y"):
        hole = {"x": np.full(5, 50.0), "y": 110 + np.array(path, float)}
        hole[missing][1:4] = NAN
        found = watch(sides(1, 0, 0, 0, 0), path, None, **hole)
        assert [found.reason.at(i) for i in range(5)] == ["entered", *["data_missing"] * 3, "holding"]
        assert found.exit.tolist() == [0] * 5 and found.held.tolist() == [1] * 5
        assert found.alert.tolist() == [0, 0, 0, 1, 0]  # the third bar in a row
        assert found.stop.tolist() == [6.5] * 5  # still there for the monitor
        assert np.isnan(found.z[1:4]).all()


def test_one_position_at_a_time_and_the_next_from_the_bar_after() -> None:
    found = watch(sides(1, -1, 1, 1, 0), (-2, -1, 0, -2, -1))
    assert found.enter.tolist() == [1, 0, 0, 1, 0]
    assert found.exit.tolist() == [0, 0, 1, 0, 0]
    assert found.held.tolist() == [1, 1, 0, 1, 1]
    assert [found.reason.at(i) for i in range(5)] == ["entered", "holding", "z_score_exit", "entered", "holding"]


@pytest.mark.parametrize("name", ["z", "beta", "mean", "sigma", "z_stop", "z_most", "x", "y"])
def test_nothing_is_entered_on_something_unknown(name: str) -> None:
    found = watch(sides(1, 0), (-2, -1), None, **{name: column(NAN, 1)})
    assert found.enter.tolist() == [UNKNOWN, 0] and found.held.tolist() == [UNKNOWN, 0]
    assert found.reason.at(0) is None and found.reason.at(1) == REASONS[FLAT]
    assert watch(sides(UNKNOWN), (-2,)).enter.tolist() == [UNKNOWN]


def should_exit(side: int, z: float, entry: float, stop: float, most: float, leave: float, divergence: float) -> str:
    """The order of DOMAIN 4.3 as it is written there."""
    adverse = z < entry if side > 0 else z > entry
    wrong_side = z < 0 if side > 0 else z > 0
    if divergence and adverse and abs(z - entry) > divergence:
        return "divergence_blowup"
    if most and wrong_side and abs(z) >= most:
        return "max_spread_deviation_exceeded"
    if wrong_side and abs(z) >= stop:
        return "sl_hit"
    if abs(z) <= leave or (z != 0 and not wrong_side):
        return "z_score_exit"
    return "holding"


quarter = st.integers(-40, 40).map(lambda n: n / 4)  # many ties


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    side=st.sampled_from([1, -1]), z=quarter, entry=st.integers(1, 16).map(lambda n: n / 4),
    stop=st.integers(1, 24).map(lambda n: n / 4), most=st.integers(0, 32).map(lambda n: n / 4),
    leave=st.integers(0, 6).map(lambda n: n / 4), divergence=st.integers(0, 24).map(lambda n: n / 4),
)  # fmt: skip
def test_should_exit_is_what_the_domain_says(
    side: int, z: float, entry: float, stop: float, most: float, leave: float, divergence: float
) -> None:
    at = -side * entry
    found = REASONS[exit_reason(float(side), z, at, stop, most, leave, divergence)]
    assert found == should_exit(side, z, at, stop, most, leave, divergence)


# --- the entry: sides of both legs, gates, confidence -----------------------------------------------------------------

SIDES = [
    # z, beta, spread, y, x
    (-2.0, 0.5, 1, 1, -1),
    (-2.0, -0.5, 1, 1, 1),
    (2.0, 0.5, -1, -1, 1),
    (2.0, -0.5, -1, -1, -1),
    (-1.99, 0.5, 0, 0, 0),
    (1.99, -0.5, 0, 0, 0),
    (-2.0, 0.0, 0, 0, 0),  # without a hedge it is no pair
    (NAN, 0.5, UNKNOWN, UNKNOWN, UNKNOWN),
    (-2.0, NAN, UNKNOWN, UNKNOWN, UNKNOWN),
]


def enter(
    z: float, beta: float = 0.5, half_life: float = 10.0, p: float = 0.01, node: Entry | None = None, **more: Any
) -> Any:
    return (node or Entry(recent=1)).compute(column(z), column(beta), column(half_life), column(p), **more)


@pytest.mark.parametrize(("z", "beta", "spread", "y", "x"), SIDES)
def test_sides_of_the_legs(z: float, beta: float, spread: int, y: int, x: int) -> None:
    """Long spread: buy y, sell x for beta > 0; with a negative beta both legs are on one side."""
    found = enter(z, beta)
    assert (found.spread[0], found.y[0], found.x[0]) == (spread, y, x)


def test_gates() -> None:
    assert enter(-2, half_life=100.0).spread[0] == 1
    assert enter(-2, half_life=100.5).spread[0] == 0
    assert enter(-2, half_life=np.inf).spread[0] == 0
    assert enter(-2, half_life=NAN).spread[0] == UNKNOWN
    assert enter(-2, half_life=np.inf, node=Entry(recent=1, max_half_life=0.0)).spread[0] == 1
    assert enter(-2, cointegrated=sides(0)).spread[0] == 0
    assert enter(-2, cointegrated=sides(1)).spread[0] == 1
    assert enter(-2, cointegrated=sides(UNKNOWN)).spread[0] == UNKNOWN
    assert enter(-1, cointegrated=sides(UNKNOWN)).spread[0] == 0
    assert enter(-2, p=NAN).spread[0] == UNKNOWN


def test_confidence_is_made_of_the_test_the_distance_and_the_half_life() -> None:
    assert enter(-2, half_life=30.0, p=0.1).confidence[0] == pytest.approx(0.4 * 0.9 + 0.3 * 1.0 + 0.3 * 15 / 30)
    assert enter(-1, half_life=10.0, p=0.5).confidence[0] == pytest.approx(0.4 * 0.5 + 0.3 * 0.5 + 0.3)
    assert enter(-2, half_life=30.0).quality[0] == pytest.approx((1.0 + 0.5) / 2)
    node = Entry(recent=2)
    found = node.compute(column(4, -2), column(1, 1), column(np.inf, np.inf), column(0, 0))
    assert found.confidence[1] == pytest.approx(0.4 + 0.3 * 2 / 4)  # half of the largest of late


# --- levels -----------------------------------------------------------------------------------------------------------


def place(z: Any, direction: int, node: Levels | None = None, **columns: float) -> dict[str, float]:
    """Levels at the last of the bars whose z is given: mean 10, sigma 2, beta 0.5, x 100, y so that z fits."""
    z = np.asarray(z, float)
    rows, given = len(z), {"mean": 10.0, "sigma": 2.0, "beta": 0.5, "x": 100.0} | columns
    spread = given["mean"] + z * given["sigma"]
    side = sides(*[0] * (rows - 1), direction)
    full = {n: np.full(rows, v) for n, v in given.items()}
    found: LevelPorts = (node or Levels(history=30)).compute(
        side, z, y=spread + given["beta"] * given["x"], **full
    )  # fmt: skip
    return {n: float(c[-1]) for n, c in found._asdict().items()}


CALM = [1.0, -1.0] * 14 + [1.0]  # 29 bars


def test_a_bought_spread() -> None:
    found = place([*CALM, -2.0], 1)
    assert found == {
        "direction": 1, "entry": 6.0, "stop": 3.0, "half": 8.0, "target": 10.0, "rr": pytest.approx(4 / 3),
        "z_stop": 3.5, "z_most": 3.5, "x_stop": 106.0, "x_target": 92.0, "y_stop": 53.0, "y_target": 60.0,
    }  # fmt: skip


def test_a_sold_spread_is_its_mirror() -> None:
    found = place([*CALM, 2.0], -1)
    assert (found["entry"], found["stop"], found["half"], found["target"]) == (14.0, 17.0, 12.0, 10.0)
    assert (found["x_stop"], found["x_target"]) == (94.0, 108.0)  # x falls towards the stop of a sold spread


def test_half_is_half_way_to_the_mean_and_never_beyond_it() -> None:
    for z in (-2.0, -2.5, -3.0):
        found = place([*CALM, z], 1)
        assert found["half"] == pytest.approx((found["entry"] + 10.0) / 2)
        assert found["entry"] < found["half"] < found["target"] == 10.0


def test_the_stop_clears_the_percentile_of_the_past() -> None:
    wild = [5.0, -5.0] * 14 + [5.0]
    free = Levels(history=30, min_rr=0.0)
    found = place([*wild, -2.0], 1, free)
    assert found["z_stop"] == 5.0 and found["stop"] == 0.0
    assert found["z_most"] == 6.5  # 99th percentile + 1.5
    assert place([*wild, -2.0], 1, Levels(history=30, min_rr=0.0, percentile=1.0))["z_stop"] == pytest.approx(3.5)
    values = np.abs([*CALM[:-4], 3.7, 4.1, 4.3, 4.6, -2.0])
    found = place([*CALM[:-4], 3.7, 4.1, 4.3, 4.6, -2.0], 1, free)
    assert found["z_stop"] == pytest.approx(np.percentile(values, 95))
    assert found["z_most"] == pytest.approx(np.percentile(values, 99) + 1.5)


def test_below_thirty_values_there_is_no_level_at_all() -> None:
    found = place([*CALM[1:], -2.0], 1)
    assert found["direction"] == UNKNOWN
    assert all(np.isnan(v) for n, v in found.items() if n != "direction")
    assert place([NAN, *CALM, -2.0], 1, Levels(history=40))["direction"] == 1  # an unknown one does not count
    assert place([NAN, *CALM[1:], -2.0], 1, Levels(history=40))["direction"] == UNKNOWN


def test_a_stop_too_near_and_a_reward_too_small_are_refused() -> None:
    assert place([*CALM, -3.0], 1)["direction"] == 1
    assert place([*CALM, -3.01], 1)["direction"] == 0
    assert place([*CALM, -4.0], 1)["direction"] == 0  # already beyond the stop
    assert place([*CALM, -2.0], 1, Levels(history=30, min_rr=4 / 3))["direction"] == 1
    assert place([*CALM, -2.0], 1, Levels(history=30, min_rr=1.34))["direction"] == 0


@pytest.mark.parametrize("name", ["mean", "sigma", "beta", "x"])
def test_no_statistics_no_trade(name: str) -> None:
    assert place([*CALM, -2.0], 1, None, **{name: NAN})["direction"] == UNKNOWN


def test_the_cap_of_the_deviation_lies_beyond_the_stop() -> None:
    assert Levels(max_deviation=3.5).check() is not None and Levels(max_deviation=3.6).check() is None
    capped = Levels(history=30, max_deviation=4.0, min_rr=0.0)
    assert place([*CALM, -2.0], 1, capped)["z_most"] == 3.5  # the rule is below the cap
    assert place([*[5.0] * 29, -2.0], 1, capped)["direction"] == UNKNOWN  # the stop at 5 would lie beyond the cap
    assert place([*[2.9] * 29, -2.0], 1, capped)["z_most"] == 4.0  # 2.9 + 1.5, capped


TABLE = """
     beta  spread   entry    stop    half  target |  x now  x stop  x goal |  y now  y stop  y goal
     +0.5    buy     6.00    3.00    8.00   10.00 | 100.00  106.00   92.00 |  56.00   53.00   60.00
     +0.5   sell    14.00   17.00   12.00   10.00 | 100.00   94.00  108.00 |  64.00   67.00   60.00
     -0.5    buy     6.00    3.00    8.00   10.00 | 100.00   94.00  108.00 | -44.00  -47.00  -40.00
     -0.5   sell    14.00   17.00   12.00   10.00 | 100.00  106.00   92.00 | -36.00  -33.00  -40.00
"""


def test_levels_of_the_spread_beside_those_of_the_prices() -> None:
    """With y standing, x_stop lies above x for a sold x and below it for a bought one; with x standing, y likewise."""
    lines = [TABLE.splitlines()[1]]
    for beta in (0.5, -0.5):
        for side, z in ((1, -2.0), (-1, 2.0)):
            f = place([*CALM, z], side, beta=beta)
            y = f["entry"] + beta * 100
            word = "buy" if side > 0 else "sell"
            spread = "".join(f"{f[n]:8.2f}" for n in ("entry", "stop", "half", "target"))
            lines.append(
                f"{beta:+9.1f}{word:>7} {spread} |{100:7.2f}{f['x_stop']:8.2f}{f['x_target']:8.2f} |"
                f"{y:7.2f}{f['y_stop']:8.2f}{f['y_target']:8.2f}"
            )
            x_side = enter(z, beta).x[0]
            assert np.sign(f["x_stop"] - 100) == -x_side and np.sign(f["x_target"] - 100) == x_side
            assert np.sign(f["y_stop"] - y) == -side and np.sign(f["y_target"] - y) == side
    assert "\n".join(lines) == TABLE.strip("\n")


# --- what travels with it ---------------------------------------------------------------------------------------------


def test_the_metadata_name_everything_the_domain_asks_for() -> None:
    found = watch(sides(1, 0, 0), (-2, -1, 0))
    names = {n: getattr(found, n) for n in ("beta", "mean", "sigma", "z_stop", "z_most")}
    text = Metadata(pair="ETHUSDT").compute(**names, z_at_entry=found.z_entry, intercept=column(1, 2, 3))
    assert text_at(text, 1) == dedent("""\
        spread
        pair_symbol: ETHUSDT
        timeframe: that of the run
        lookback: 120 bars
        z_entry: 2.00
        z_exit_threshold: 0.50
        beta: 2.000000
        spread_mean: 10.000000
        spread_std: 1.000000
        z_score_at_entry: -2.0000
        z_sl: 3.5000
        max_spread_deviation: 4.0000
        intercept: 2.000000""")
    flat = watch(sides(0), (-1,))
    assert np.isnan(flat.beta).all()
