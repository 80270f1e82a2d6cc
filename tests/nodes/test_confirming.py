"""A signal that waits for its confirmation: expiry, sides, levels, and a naive second version."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.errors import NodeError
from engine.values import UNKNOWN, Signal
from nodes.combine.confirm import Confirm, Confirmed, ConfirmState
from tests.nodes.signals_by_hand import FLAGS, SAYS, flags, levels_at, numbers, part, signal, trades

U = UNKNOWN
NAN = float("nan")
laws = settings(max_examples=60, deadline=None, derandomize=True)


def run(node: Confirm, said: Signal, **inputs: Any) -> Confirmed:
    return node.step(ConfirmState(), said, **inputs)[1]


CASES = [
    # signal, direction that confirms, params -> direction, waiting
    ([1, 0, 0, 0], [0, 0, 1, 0], {}, [0, 0, 1, 0], [1, 1, 0, 0]),
    ([1, 0, 0, 0], [1, 0, 0, 0], {}, [1, 0, 0, 0], [0, 0, 0, 0]),  # the very bar
    ([1, 0, 0, 0], [1, 1, 0, 0], {"same_bar": False}, [0, 1, 0, 0], [1, 0, 0, 0]),
    ([1, 0, 0, 0, 0], [0, 0, 0, 1, 0], {}, [0, 0, 0, 1, 0], [1, 1, 1, 0, 0]),  # the third bar after it
    ([1, 0, 0, 0, 0], [0, 0, 0, 0, 1], {}, [0, 0, 0, 0, 0], [1, 1, 1, 1, 0]),  # the fourth is too late
    ([1, 0, 0], [0, -1, 1], {}, [0, 0, 1], [1, 1, 0]),
    ([1, 0, 0], [0, -1, 1], {"opposite": "drop"}, [0, 0, 0], [1, 0, 0]),
    ([1, -1, 0, 0], [0, 0, 1, -1], {}, [0, 0, 0, -1], [1, -1, -1, 0]),  # the other side takes its place
    ([1, 0, 1, 0, 0], [0, 0, 0, 0, 1], {"bars": 2}, [0, 0, 0, 0, 1], [1, 1, 1, 1, 0]),  # renewed
    ([1, 0, 1, 0, 0], [0, 0, 0, 0, 1], {"bars": 2, "again": "ignore"}, [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]),
    ([1, 0, 0], [0, U, 1], {}, [0, U, 1], [1, 1, 0]),  # might have been confirmed there: never a trade
    ([0, 0, 0], [0, U, 1], {}, [0, 0, 0], [0, 0, 0]),  # nothing waits
    ([1, U, 0], [0, 1, 1], {}, [0, U, 1], [1, U, 0]),
    ([1, U, U, U, 0], [0, 0, 0, 0, 1], {}, [0, U, U, U, 0], [1, U, U, U, 0]),  # time goes on
    ([1, 0, 0, 0], [0, 1, 1, 1], {}, [0, 1, 0, 0], [1, 0, 0, 0]),  # once
    ([1, 1, 0, 0], [0, 1, 1, 0], {}, [0, 1, 0, 0], [1, 0, 0, 0]),
]


@pytest.mark.parametrize(("said", "confirms", "params", "direction", "waiting"), CASES)
def test_confirm(said: Any, confirms: Any, params: Any, direction: Any, waiting: Any) -> None:
    found = run(Confirm(**params), signal(*said), direction=flags(*confirms))
    assert found.out.direction.tolist() == direction
    assert found.waiting.tolist() == waiting


def test_the_levels_are_those_of_the_bar_of_the_signal() -> None:
    said = signal(-1, 0, 0, confidence=[0.5, 0.9, 0.9])
    out = run(Confirm(), said, short=flags(0, 0, 1)).out
    assert levels_at(out, 2) == levels_at(said, 0) == (100, 110, 80, 0.1, 0.05)
    assert out.confidence[2] == 0.5
    assert np.isnan(levels_at(out, 1)).all()
    assert out.reasons == ("test", "combine.confirm")


def test_the_levels_may_be_those_of_the_other_signal() -> None:
    said, other = signal(1, 0, 1, 0), signal(0, 1, 0, 0, start=200, reason="other")
    node = Confirm(levels="other")
    assert node.requires() == ("other",)
    found = run(node, said, other=other, long=flags(0, 0, 0, 1))
    assert trades(found.out) == [1, 3]
    assert levels_at(found.out, 1) == levels_at(other, 1)
    assert levels_at(found.out, 3) == levels_at(said, 2)  # a flag confirmed it, which has none
    assert [found.by.at(row) for row in range(4)] == ["none", "other", "none", "long"]
    assert found.out.reasons == ("test", "other", "combine.confirm")
    with pytest.raises(NodeError, match="connect"):
        run(node, said, long=flags(0, 0, 0, 1))


def test_a_price_is_the_entry_at_the_bar_of_the_confirmation() -> None:
    found = run(Confirm(), signal(1, 0, 1, 0), long=flags(0, 1, 0, 1), price=numbers(1, 2, 3, NAN))
    assert found.out.entry[1] == 2 and found.out.stop[1] == 90
    assert found.out.direction.tolist() == [0, 1, 0, U] and found.by.at(3) is None


def test_a_long_flag_confirms_longs_only() -> None:
    found = run(Confirm(), signal(-1, 0, 0), long=flags(0, 1, 1), short=flags(0, 0, 1))
    assert found.out.direction.tolist() == [0, 0, -1] and found.by.at(2) == "short"


def test_something_must_be_able_to_confirm() -> None:
    with pytest.raises(NodeError, match="connect"):
        run(Confirm(), signal(1))
    assert Confirm().requires_one_of() == ("long", "short", "direction", "other")
    assert Confirm().requires() == ()


def naive(node: Confirm, said: list[int], confirms: list[list[int]]) -> list[tuple[int, int, int | None]]:
    """Direction, waiting side and, for a trade, the row of its signal; the whole history searched at each bar."""
    out: list[tuple[int, int, int | None]] = []
    wait: tuple[int, int] | None = None  # row and side
    for row, says in enumerate(said):
        if wait and row - wait[0] > node.bars:
            wait = None
        if says in (1, -1) and not (wait and wait[1] == says and node.again == "ignore"):
            wait = (row, says)
        heard = [c[row] for c in confirms] if wait and (node.same_bar or wait[0] < row) else []
        if says == U:
            out.append((U, U, None))
        elif wait and -wait[1] in heard and node.opposite == "drop":
            out.append((0, 0, None))
            wait = None
        elif wait and wait[1] in heard:
            out.append((wait[1], 0, wait[0]))
            wait = None
        else:
            out.append((U if U in heard else 0, wait[1] if wait else 0, None))
    return out


nodes = st.builds(
    Confirm,
    bars=st.integers(1, 5),
    same_bar=st.booleans(),
    again=st.sampled_from(["renew", "ignore"]),
    opposite=st.sampled_from(["ignore", "drop"]),
)
ROWS = 16
says = st.lists(SAYS, min_size=ROWS, max_size=ROWS)
truths = st.lists(FLAGS, min_size=ROWS, max_size=ROWS)


@laws
@given(node=nodes, said=says, way=says, up=truths, cut=st.integers(1, ROWS - 1))
def test_confirmations_are_found_right(node: Confirm, said: Any, way: Any, up: Any, cut: int) -> None:
    given_ = signal(*said)
    inputs = {"direction": flags(*way), "long": flags(*up)}
    found = run(node, given_, **inputs)
    for row, (direction, waiting, source) in enumerate(naive(node, said, [way, up])):
        assert (found.out.direction[row], found.waiting[row]) == (direction, waiting)
        if source is None:
            assert np.isnan(levels_at(found.out, row)).all()
        else:
            assert levels_at(found.out, row) == levels_at(given_, source)
    state, first = node.step(ConfirmState(), part(given_, 0, cut), **{n: v[:cut] for n, v in inputs.items()})
    _, second = node.step(state, part(given_, cut, ROWS), **{n: v[cut:] for n, v in inputs.items()})
    np.testing.assert_array_equal(np.concatenate([first.out.stop, second.out.stop]), found.out.stop)
