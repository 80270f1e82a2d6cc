"""Two-phase entries and divergences: every state and every turn drawn by hand, and both retold naively."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import NodeError
from engine.values import UNKNOWN, Labels
from nodes.divergence.rsi import Rsi, RsiState
from nodes.kernels.setups import STATES
from nodes.setup.confirm import Confirm, ConfirmPorts, ConfirmState
from nodes.structure.pivots import Pivots
from tests.nodes.bars_by_hand import bars, mirrored, numbers, said

NAN = float("nan")
SETUP = "102 104 100 103"  # the bar of a long setup: 104 confirms, 100 invalidates


def states(labels: Labels) -> list[str | None]:
    return [labels.at(row) for row in range(len(labels))]


def confirm(lines: list[str], direction: list[int], **params: Any) -> ConfirmPorts:
    """What the node says; upside down it must say the opposite."""
    candles = bars("\n".join(lines))
    out = Confirm(**params).step(ConfirmState(), candles, said(*direction))[1]
    down = said(*[d if d == UNKNOWN else -d for d in direction])
    over = Confirm(**params).step(ConfirmState(), mirrored(candles), down)[1]
    assert states(over.state) == states(out.state)
    for mine, other in ((out.out, over.out), (out.side, over.side)):
        assert [d if d == UNKNOWN else -d for d in mine.tolist()] == other.tolist()
    np.testing.assert_allclose(200 - over.low, out.high)
    return out


# --- setup and confirmation ------------------------------------------------------------------------------------------
#
#    105            |  closes above 104: confirmed
#    104 ---- | ----|------
#             |     |
#    100 ---- | -----------   a low under 100 first: invalidated
#           setup   next bar

AFTER = {
    "closes above the setup": ("103 105 102 104.01", "confirmed", 1),
    "closes at its high": ("103 105 102 104", "expired", 0),
    "breaks it with the wick only": ("103 109 102 103.9", "expired", 0),
    "comes to its low": ("103 104 100 103", "expired", 0),
    "breaks its low": ("103 104 99.99 103", "invalidated", 0),
    "breaks its low and closes above": ("103 106 99 105", "invalidated", 0),
}


@pytest.mark.parametrize("name", AFTER)
def test_the_bar_after_a_setup(name: str) -> None:
    line, state, side = AFTER[name]
    out = confirm([SETUP, line, "103 109 103 108"], [1, 0, 0])
    assert states(out.state) == ["setup", state, "none"]
    assert out.out.tolist() == [0, side, 0]
    assert out.started.tolist() == [1, 0, 0]
    assert out.side.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(out.high, [104, 104, NAN])
    np.testing.assert_array_equal(out.low, [100, 100, NAN])
    np.testing.assert_array_equal(out.bars_left, [1, 0, NAN])


def test_the_setup_bar_never_confirms_itself() -> None:
    """It closes above the high of the bar before, even above its own high if that were possible: still a setup."""
    out = confirm(["100 101 99 100", "100 110 100 110"], [0, 1])
    assert states(out.state) == ["none", "setup"] and out.out.tolist() == [0, 0]


def test_a_setup_waits_for_so_many_bars() -> None:
    quiet, beyond = "103 104 102 103", "103 106 102 105"
    late = confirm([SETUP, quiet, quiet, beyond], [1, 0, 0, 0], confirm_bars=3)
    assert states(late.state) == ["setup", "setup", "setup", "confirmed"]
    np.testing.assert_array_equal(late.bars_left, [3, 2, 1, 0])
    too_late = confirm([SETUP, quiet, quiet, beyond], [1, 0, 0, 0], confirm_bars=2)
    assert states(too_late.state) == ["setup", "setup", "expired", "none"]
    assert too_late.out.tolist() == [0] * 4


def test_a_setup_of_the_same_side_renews_or_is_ignored() -> None:
    """The second setup bar has a high of 110: only the first one is confirmed at 105."""
    lines = [SETUP, "103 110 101 103", "103 106 102 105"]
    renewed = confirm(lines, [1, 1, 0], confirm_bars=3)
    assert states(renewed.state) == ["setup", "setup", "setup"]
    np.testing.assert_array_equal(renewed.high, [104, 110, 110])
    np.testing.assert_array_equal(renewed.bars_left, [3, 3, 2])
    ignored = confirm(lines, [1, 1, 0], confirm_bars=3, again="ignore")
    assert states(ignored.state) == ["setup", "setup", "confirmed"]
    assert ignored.started.tolist() == [1, 0, 0]


def test_a_setup_of_the_other_side_takes_its_place() -> None:
    out = confirm([SETUP, "103 104 101 102", "102 103 99 100.5"], [1, -1, 0], confirm_bars=3)
    assert states(out.state) == ["setup", "setup", "confirmed"]
    assert out.side.tolist() == [1, -1, -1] and out.out.tolist() == [0, 0, -1]


def test_the_bar_that_ends_a_setup_may_start_the_next() -> None:
    """What ended is told with its own levels; the new one waits from the next bar on."""
    out = confirm([SETUP, "103 106 102 105", "105 108 103 107"], [1, 1, 0])
    assert states(out.state) == ["setup", "confirmed", "confirmed"]
    assert out.started.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(out.high, [104, 104, 106])
    np.testing.assert_array_equal(out.low, [100, 100, 102])


def test_an_unknown_bar_hides_everything_and_forgets_the_setup() -> None:
    out = confirm([SETUP, "103 ? 102 103", "103 106 102 105"], [1, 0, 0], confirm_bars=3)
    assert states(out.state) == ["setup", None, "none"]
    assert out.out.tolist() == [0, UNKNOWN, 0] and out.started.tolist() == [1, UNKNOWN, 0]
    assert np.isnan(out.high[1])


def test_an_unknown_direction_hides_whether_a_setup_starts_not_what_became_of_one() -> None:
    out = confirm([SETUP, "103 106 102 105", "103 106 102 105"], [1, UNKNOWN, UNKNOWN])
    assert states(out.state) == ["setup", "confirmed", None]
    assert out.out.tolist() == [0, 1, 0] and out.started.tolist() == [1, UNKNOWN, UNKNOWN]


def test_a_setup_bar_that_has_run_already_is_none() -> None:
    """The bar is 4 long: at most 2 ATRs of 2, more than 2 of 1.9; with an unknown ATR nobody knows."""
    lines = [SETUP, "103 106 102 105"]
    candles, side = bars("\n".join(lines)), said(1, 0)
    for atr, state in ((2.0, "setup"), (1.9, "none"), (NAN, None)):
        out = Confirm(max_range=2.0).step(ConfirmState(), candles, side, numbers(atr, atr))[1]
        assert out.state.at(0) == state
        assert out.out[1] == int(state == "setup")
    assert side.tolist() == [1, 0]
    assert Confirm(max_range=2.0).requires() == ("atr",) and Confirm().requires() == ()
    with pytest.raises(NodeError, match='connect "atr", or set max_range to 0'):
        Confirm(max_range=2.0).step(ConfirmState(), candles, side)


def retold(rows: list[Any], wanted: list[int], bars_: int, renew: bool) -> list[tuple[int, str]]:
    """Side confirmed and state at each bar, as a list of setups rather than a machine."""
    out: list[tuple[int, str]] = []
    pending: tuple[int, int, float, float] | None = None
    for i, (high, low, close) in enumerate(rows):
        state, side = "none", 0
        if pending:
            way, since, top, bottom = pending
            state = "setup" if i - since < bars_ else "expired"
            if (close > top) if way > 0 else (close < bottom):
                state = "confirmed"
            if (low < bottom) if way > 0 else (high > top):
                state = "invalidated"
            side = way if state == "confirmed" else 0
            pending = pending if state == "setup" else None
        if wanted[i] and (pending is None or renew or pending[0] != wanted[i]):
            pending = (wanted[i], i, high, low)
            state = "setup" if state == "none" else state
        out.append((side, state))
    return out


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40),
    seed=st.integers(0, 999),
    bars_=st.integers(1, 4),
    renew=st.booleans(),
)
def test_the_machine_does_what_the_story_says(rows: list[Any], seed: int, bars_: int, renew: bool) -> None:
    prices = [(max(r) + 100.0, min(r) + 100.0, r[0] + 100.0) for r in rows]
    candles = bars("\n".join(f"{c} {h} {w} {c}" for h, w, c in prices))
    wanted = np.random.default_rng(seed).choice([-1, 0, 0, 1], len(rows))
    node = Confirm(confirm_bars=bars_, again="renew" if renew else "ignore")
    out = node.step(ConfirmState(), candles, said(*wanted))[1]
    told = retold(prices, wanted.tolist(), bars_, renew)
    assert list(zip(out.out.tolist(), [STATES[c] for c in out.state.codes], strict=True)) == told


# --- divergence ------------------------------------------------------------------------------------------------------
#
#   price   \    /\             RSI   \    /\    /
#            \  /  \    /              \  /  \  /
#            100    \  /               20     30   higher low: regular, bullish
#                    98                            told when the low at 98 is confirmed


def turns(price: Sequence[float], rsi: Sequence[float], rows: list[int], count: int, right: int, kind: str) -> Any:
    """Pivots at `rows` with a price and an RSI each, confirmed `right` bars later, as `Rsi.step` takes them."""
    found, at = np.zeros(count, np.int8), np.full(count, 500.0)
    values = np.full(count, 50.0)
    for p, r, row in zip(price, rsi, rows, strict=True):
        found[row + right], at[row + right], values[row] = 1, p, r
    none, nothing = np.zeros(count, np.int8), np.full(count, 500.0)
    return (none, found, nothing, at, values) if kind == "low" else (found, none, at, nothing, values)


KINDS = {
    # kind of pivot, prices, RSI: regular, hidden
    "lower low, higher RSI": ("low", [100, 98], [20, 30], 1, 0),
    "higher low, lower RSI": ("low", [98, 100], [30, 20], 0, 1),
    "lower low, lower RSI": ("low", [100, 98], [30, 20], 0, 0),
    "equal lows": ("low", [100, 100], [20, 30], 0, 0),
    "equal RSI": ("low", [100, 98], [20, 20], 0, 0),
    "higher high, lower RSI": ("high", [100, 102], [80, 70], -1, 0),
    "lower high, higher RSI": ("high", [102, 100], [70, 80], 0, -1),
    "higher high, higher RSI": ("high", [100, 102], [70, 80], 0, 0),
}


@pytest.mark.parametrize("name", KINDS)
def test_divergence_is_told_when_the_second_pivot_is_confirmed(name: str) -> None:
    """Pivots at rows 2 and 6 are known at rows 4 and 8; the RSI that counts is that of rows 2 and 6."""
    kind, price, rsi, regular, hidden = KINDS[name]
    _, out = Rsi(right=2).step(RsiState(), *turns(price, rsi, [2, 6], 12, 2, kind))
    assert out.regular.tolist() == [0] * 8 + [regular] + [0] * 3
    assert out.hidden.tolist() == [0] * 8 + [hidden] + [0] * 3


def test_divergence_of_pivots_found_in_candles() -> None:
    """The low of row 6 (98) is a pivot once rows 7 and 8 are higher: no row before 8 may tell."""
    lows = [104, 102, 100, 102, 103, 101, 98, 100, 102, 103]
    candles = bars("\n".join(f"{w + 1} {w + 2} {w} {w + 1}" for w in lows))
    swings = Pivots(left=2, right=2).compute(candles)
    rsi = numbers(50, 40, 20, 40, 45, 35, 30, 40, 45, 50)
    for rows in range(1, 11):
        flags, prices = (swings.high[:rows], swings.low[:rows]), (swings.high_price[:rows], swings.low_price[:rows])
        _, out = Rsi(right=2).step(RsiState(), *flags, *prices, rsi[:rows])
        assert (1 in out.regular.tolist()) == (rows >= 9)


def test_pivots_too_far_apart_or_too_alike_do_not_diverge() -> None:
    ports = turns([100, 98], [20, 30], [2, 6], 12, 2, "low")
    for node, told in (
        (Rsi(right=2, max_bars=4), 1),
        (Rsi(right=2, max_bars=3), 0),
        (Rsi(right=2, min_difference=10), 1),
        (Rsi(right=2, min_difference=10.1), 0),
    ):
        assert node.step(RsiState(), *ports)[1].regular[8] == told


def test_a_divergence_counts_for_some_bars_until_a_newer_one() -> None:
    ports = turns([100, 98], [20, 30], [2, 6], 14, 2, "low")
    assert Rsi(right=2, counts_for=3).step(RsiState(), *ports)[1].regular.tolist() == [0] * 8 + [1] * 3 + [0] * 3
    high = turns([100, 102], [80, 70], [3, 7], 14, 2, "high")
    both = high[0], ports[1], high[2], ports[3], np.where(np.isin(range(14), [3, 7]), high[4], ports[4])
    assert Rsi(right=2, counts_for=3).step(RsiState(), *both)[1].regular.tolist() == [0] * 8 + [1, -1, -1, -1, 0, 0]


def test_an_unknown_rsi_or_flag_makes_the_divergence_unknown() -> None:
    high, low, high_price, low_price, rsi = turns([100, 98, 97], [20, 30, 40], [2, 6, 9], 13, 2, "low")
    rsi[6] = NAN
    _, out = Rsi(right=2).step(RsiState(), high, low, high_price, low_price, rsi)
    assert out.regular.tolist() == [0] * 8 + [UNKNOWN, 0, 0, UNKNOWN, 0]
    low[5] = UNKNOWN
    assert Rsi(right=2).step(RsiState(), high, low, high_price, low_price, rsi)[1].regular[5] == UNKNOWN


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    pivots=st.lists(st.tuples(st.integers(0, 5), st.integers(90, 95), st.integers(20, 25)), min_size=0, max_size=12),
    max_bars=st.integers(1, 12),
    kind=st.sampled_from(["low", "high"]),
)
def test_divergences_are_those_of_neighbouring_pivots(pivots: list[Any], max_bars: int, kind: str) -> None:
    rows, row = [], 0
    for step, _, _ in pivots:
        row += 1 + step
        rows.append(row)
    prices, values = [float(p) for _, p, _ in pivots], [float(r) for _, _, r in pivots]
    count = row + 4
    _, out = Rsi(right=2, max_bars=max_bars).step(RsiState(), *turns(prices, values, rows, count, 2, kind))
    regular, hidden, side = [0] * count, [0] * count, 1 if kind == "low" else -1
    for i in range(1, len(rows)):
        price, rsi = side * (prices[i] - prices[i - 1]), side * (values[i] - values[i - 1])
        if rows[i] - rows[i - 1] <= max_bars:
            regular[rows[i] + 2] = side if price < 0 < rsi else 0
            hidden[rows[i] + 2] = side if rsi < 0 < price else 0
    assert (out.regular.tolist(), out.hidden.tolist()) == (regular, hidden)
