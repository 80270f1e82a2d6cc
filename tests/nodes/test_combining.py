"""Several opinions become one: tables of cases, naive second versions, and what no combination may ever do."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.errors import NodeError
from engine.validate import validate
from engine.values import UNKNOWN, Labels, Signal
from nodes.combine.agree import Agree
from nodes.combine.gate_direction import GateDirection
from nodes.combine.priority import Priority
from nodes.combine.scores import Scores
from nodes.combine.switch import Switch
from nodes.combine.veto import Veto
from nodes.combine.vote import Vote
from nodes.combine.weighted import Weighted
from nodes.direction.agree import Agree as AgreeOnDirection
from tests.engine.executor import CATALOGUE, graph
from tests.nodes.signals_by_hand import SAYS, flags, levels_at, numbers, several, signal, trades

U = UNKNOWN
NAN = float("nan")
PORTS = "abcdefgh"
laws = settings(max_examples=50, deadline=None, derandomize=True)


def by_port(values: Any) -> dict[str, Any]:
    return dict(zip(PORTS, values, strict=False))


def names(label: Labels) -> list[str | None]:
    return [label.at(row) for row in range(len(label))]


def assert_levels_of_some_input(out: Signal, inputs: list[Signal], *, others: bool = True) -> None:
    """A joint trade takes all its levels from one input, which is on its side; elsewhere there are none."""
    found = trades(out)
    for row in found:
        known = [levels_at(s, row) for s in inputs if s.direction[row] == out.direction[row]]
        assert levels_at(out, row) in known
    for row in set(range(len(out.direction))) - set(found) if others else ():
        assert np.isnan(levels_at(out, row)).all()


# --- vote ------------------------------------------------------------------------------------------------------------

VOTES = [
    # votes, share, voters needed -> direction
    ([1, 1, 1, 1, 1, -1, -1], 5 / 7, 1, 1),  # five of seven
    ([1, 1, 1, 1, 0, -1, -1], 5 / 7, 1, 0),  # four are not enough
    ([-1, -1, -1, -1, -1, 0, 1], 5 / 7, 1, -1),
    ([1, 1, U, U, U, U, U], 5 / 7, 1, 1),  # who does not know does not vote
    ([1, 1, U, U, U, U, U], 5 / 7, 3, U),  # but then too few do
    ([U, U, U], 0.5, 1, U),
    ([1, -1], 0.5, 1, 0),  # a draw
    ([1, 1, -1, -1, 0], 0.4, 1, 0),
    ([1, 1, 1, -1, -1], 0.4, 1, 1),  # both have their share: the larger side
    ([0, 0, 0], 0.5, 1, 0),
    ([1, 1, 0], 1.0, 1, 0),
    ([1, 1, 1, 1, 1, 1, 1, 1], 1.0, 8, 1),
    ([-1], 1.0, 1, -1),
]


@pytest.mark.parametrize(("votes", "ratio", "minimum", "direction"), VOTES)
def test_vote(votes: list[int], ratio: float, minimum: int, direction: int) -> None:
    out = Vote(ratio=ratio, minimum=minimum).compute(**by_port(flags(v) for v in votes))
    assert out.out.tolist() == [direction]
    known = [v for v in votes if v != U]
    expected = [known.count(1), known.count(-1), len(known)] if known else [NAN] * 3
    np.testing.assert_array_equal([out.up[0], out.down[0], out.voters[0]], expected)


ballots = st.integers(1, 12).flatmap(
    lambda rows: st.lists(st.lists(SAYS, min_size=rows, max_size=rows), min_size=1, max_size=8)
)


@laws
@given(votes=ballots, needed=st.integers(1, 8), of=st.integers(1, 8), minimum=st.integers(1, 8))
def test_vote_is_counted_right(votes: list[list[int]], needed: int, of: int, minimum: int) -> None:
    """Against exact whole numbers: a side wins with at least `needed` of every `of` votes, and more than the other."""
    needed = min(needed, of)
    out = Vote(ratio=needed / of, minimum=minimum).compute(**by_port(flags(*v) for v in votes)).out
    for row, said in enumerate(zip(*votes, strict=True)):
        known = [v for v in said if v != U]
        up, down = known.count(1), known.count(-1)
        if len(known) < minimum:
            assert out[row] == U
        elif up != down and max(up, down) * of >= needed * len(known):
            assert out[row] == (1 if up > down else -1)
        else:
            assert out[row] == 0


@laws
@given(votes=ballots, data=st.data(), ratio=st.floats(0.1, 1.0))
def test_who_votes_first_does_not_matter(votes: list[list[int]], data: st.DataObject, ratio: float) -> None:
    mixed = data.draw(st.permutations(votes))
    node = Vote(ratio=ratio, minimum=2)
    first, second = (node.compute(**by_port(flags(*v) for v in order)) for order in (votes, mixed))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@laws
@given(votes=ballots, ratio=st.floats(0.1, 1.0))
def test_a_turned_world_votes_the_other_way(votes: list[list[int]], ratio: float) -> None:
    turned = [[v if v == U else -v for v in column] for column in votes]
    first, second = (Vote(ratio=ratio).compute(**by_port(flags(*v) for v in x)).out for x in (votes, turned))
    assert [v if v == U else -v for v in first.tolist()] == second.tolist()


# --- agree -----------------------------------------------------------------------------------------------------------

AGREEMENTS = [
    # directions, needed -> direction, votes, by
    ([1, 1, -1], 2, 1, 2, "a+b"),
    ([1, -1, -1], 2, -1, 2, "b+c"),
    ([1, 0, -1], 2, 0, 1, "none"),
    ([1, 1, -1, -1], 2, 0, 2, "none"),  # two on either side
    ([1, 1, -1, -1, -1], 2, -1, 3, "c+d+e"),
    ([1, 1, U], 2, 1, 2, "a+b"),
    ([1, U, U], 2, U, 1, None),  # one known vote cannot be two
    ([U, U, U], 1, U, NAN, None),
    ([0, U, -1], 1, -1, 1, "c"),
    ([0, 0, 0], 3, 0, 0, "none"),
    ([1, 1, 1, 1, 1, 1, 1], 7, 1, 7, "a+b+c+d+e+f+g"),
]


@pytest.mark.parametrize(("says", "needed", "direction", "votes", "by"), AGREEMENTS)
def test_agree(says: list[int], needed: int, direction: int, votes: float, by: str | None) -> None:
    """Signals and directions agree by the same rule."""
    for found in (
        Agree(needed=needed).compute(**by_port(signal(v) for v in says)),
        AgreeOnDirection(needed=needed).compute(**by_port(flags(v) for v in says)),
    ):
        column = found.out.direction if isinstance(found.out, Signal) else found.out
        assert column.tolist() == [direction]
        np.testing.assert_array_equal(found.votes, [votes])
        assert names(found.by) == [by]


def test_agreement_takes_the_levels_of_the_first_or_of_the_most_confident() -> None:
    a, b, c = signal(-1, confidence=0.9), signal(1, start=200, confidence=0.5), signal(1, start=300, confidence=0.75)
    first = Agree(levels="first", confidence="lowest").compute(a, b, c).out
    sure = Agree(levels="most_confident", confidence="highest").compute(a, b, c).out
    assert (first.entry[0], first.stop[0], first.confidence[0]) == (200, 190, 0.5)
    assert (sure.entry[0], sure.stop[0], sure.confidence[0]) == (300, 290, 0.75)
    assert Agree(confidence="mean").compute(a, b, c).out.confidence[0] == 0.625
    assert first.reasons == ("test", "combine.agree")


def test_a_trade_of_unknown_confidence_does_not_vote() -> None:
    out = Agree(needed=2).compute(signal(1), signal(1, confidence=NAN), signal(1))
    assert (out.out.direction[0], out.votes[0], out.by.at(0)) == (1, 2, "a+c")


@laws
@given(inputs=several(), needed=st.integers(1, 7), strongest=st.booleans())
def test_agreement_is_counted_right(inputs: list[Signal], needed: int, strongest: bool) -> None:
    node = Agree(needed=needed, levels="most_confident" if strongest else "first", confidence="highest")
    found = node.compute(**by_port(inputs))
    for row in range(len(inputs[0].direction)):
        says = [int(s.direction[row]) for s in inputs]
        side = (says.count(1) > says.count(-1)) - (says.count(1) < says.count(-1))
        if len(says) - says.count(U) < needed:
            assert found.out.direction[row] == U and found.by.at(row) is None
            continue
        if says.count(side) < needed or side == 0:
            assert found.out.direction[row] == 0 and found.by.at(row) == "none"
            continue
        members = [i for i, v in enumerate(says) if v == side]
        best = max(float(inputs[i].confidence[row]) for i in members)
        leader = next(i for i in members if not strongest or inputs[i].confidence[row] == best)
        assert found.out.direction[row] == side and found.out.confidence[row] == best
        assert found.by.at(row) == "+".join(PORTS[i] for i in members)
        assert levels_at(found.out, row) == levels_at(inputs[leader], row)
    assert_levels_of_some_input(found.out, inputs)


@laws
@given(inputs=several(), data=st.data(), needed=st.integers(1, 7))
def test_who_agrees_first_does_not_matter(inputs: list[Signal], data: st.DataObject, needed: int) -> None:
    mixed = data.draw(st.permutations(inputs))
    first, second = (Agree(needed=needed).compute(**by_port(x)) for x in (inputs, mixed))
    assert first.out.direction.tolist() == second.out.direction.tolist()
    np.testing.assert_array_equal(first.votes, second.votes)
    np.testing.assert_allclose(first.out.confidence, second.out.confidence)


# --- weighted --------------------------------------------------------------------------------------------------------

WEIGHTED = [
    # (direction, confidence, weight) of each input, params -> direction, score, by
    ([(1, 1.0, 1), (1, 0.5, 1)], {}, 1, 0.75, "a+b"),
    ([(1, 1.0, 1), (-1, 0.5, 1)], {}, 0, 0.25, "none"),
    ([(1, 1.0, 3), (-1, 1.0, 1)], {}, 1, 0.5, "a"),  # at the threshold
    ([(1, 1.0, 1), (0, 1.0, 1)], {}, 1, 0.5, "a"),  # who says nothing counts as 0
    ([(1, 1.0, 1), (0, 1.0, 2)], {}, 0, 1 / 3, "none"),
    ([(1, 1.0, 1), (0, 1.0, 2)], {"silent": "abstains"}, 1, 1.0, "a"),
    ([(0, 1.0, 1), (0, 1.0, 2)], {"silent": "abstains"}, 0, 0.0, "none"),
    ([(1, 1.0, 1), (U, 1.0, 9)], {}, 1, 1.0, "a"),  # unknown: its weight does not count
    ([(1, 1.0, 1), (U, 1.0, 9)], {"minimum": 2}, U, NAN, None),
    ([(U, 1.0, 1), (U, 1.0, 1)], {}, U, NAN, None),
    ([(1, NAN, 1), (-1, 1.0, 1)], {}, -1, -1.0, "b"),
    ([(-1, 1.0, 2), (-1, 0.25, 1), (1, 0.5, 1)], {"threshold": 0.4}, -1, -0.4375, "a+b"),
    ([(1, 1.0, 1), (-1, 1.0, 1)], {"threshold": 0.0}, 0, 0.0, "none"),  # a draw is no trade
    ([(1, 1.0, 0), (-1, 0.25, 1)], {"threshold": 0.1}, -1, -0.25, "b"),
    ([(U, 1.0, 1), (1, 1.0, 0)], {}, U, NAN, None),  # nothing with a weight is known
]


@pytest.mark.parametrize(("given_", "params", "direction", "score", "by"), WEIGHTED)
def test_weighted(given_: Any, params: dict[str, Any], direction: int, score: float, by: str | None) -> None:
    weights = {f"weight_{p}": float(w) for p, (_, _, w) in zip(PORTS, given_, strict=False)}
    found = Weighted(**weights, **params).compute(**by_port(signal(d, confidence=c) for d, c, _ in given_))
    assert found.out.direction.tolist() == [direction]
    np.testing.assert_array_equal(found.score, [score])
    np.testing.assert_array_equal(found.out.confidence, [abs(score) if direction in (1, -1) else NAN])
    assert names(found.by) == [by]


def test_the_levels_are_those_of_the_strongest_or_of_the_first() -> None:
    a, b = signal(1, confidence=0.75), signal(1, start=200, confidence=0.5)
    assert Weighted(weight_b=2.0).compute(a, b).out.entry.tolist() == [200]
    assert Weighted(weight_b=1.5).compute(a, b).out.entry.tolist() == [100]  # as strong: the first
    assert Weighted(weight_b=2.0, levels="first").compute(a, b).out.entry.tolist() == [100]


@laws
@given(
    inputs=several(),
    weights=st.lists(st.integers(0, 4).map(float), min_size=7, max_size=7),
    threshold=st.integers(0, 8).map(lambda x: x / 8),
    minimum=st.integers(1, 7),
    silent=st.booleans(),
)
def test_the_score_is_the_weighted_mean(
    inputs: list[Signal], weights: list[float], threshold: float, minimum: int, silent: bool
) -> None:
    params: dict[str, Any] = {f"weight_{p}": w for p, w in zip(PORTS, weights, strict=False)}
    node = Weighted(**params, threshold=threshold, minimum=minimum, silent="counts" if silent else "abstains")
    found = node.compute(**by_port(inputs))
    for row in range(len(inputs[0].direction)):
        said = [(int(s.direction[row]), float(s.confidence[row]), w) for s, w in zip(inputs, weights, strict=False)]
        known = [x for x in said if x[0] != U]
        weight = sum(w for d, _, w in known if silent or d)
        if len(known) < minimum or (silent and not weight):
            assert found.out.direction[row] == U and np.isnan(found.score[row]) and found.by.at(row) is None
            continue
        score = sum(d * c * w for d, c, w in known) / weight if weight else 0.0
        assert found.score[row] == pytest.approx(score, rel=1e-12, abs=1e-12)
        side = (score > 0) - (score < 0) if abs(score) >= threshold - 1e-12 else 0
        if abs(score) > 1e-12:  # a sum of eighths in another order may miss 0 by a bit
            assert found.out.direction[row] == side
            members = [p for p, (d, c, w) in zip(PORTS, said, strict=False) if side and d == side and c * w > 0]
            assert found.by.at(row) == ("+".join(members) or "none")
    assert_levels_of_some_input(found.out, inputs)


def test_at_least_one_weight() -> None:
    zeros: dict[str, Any] = {f"weight_{p}": 0.0 for p in PORTS[:7]}
    assert Weighted(**zeros).check() is not None
    assert Scores(**zeros, weight_h=0.0).check() is not None
    assert Weighted().check() is None and Scores().check() is None


# --- scores ----------------------------------------------------------------------------------------------------------

SCORES = [
    # scores with weights, params -> direction, score
    ([(0.5, 1), (-0.25, 1)], {}, 1, 0.125),
    ([(0.05, 1)], {}, 1, 0.05),  # at the threshold
    ([(0.04, 1)], {}, 0, 0.04),
    ([(-0.5, 3), (0.5, 1)], {}, -1, -0.25),
    ([(NAN, 5), (0.5, 1)], {}, 1, 0.5),  # no data: it drops out, with its weight
    ([(NAN, 5), (0.5, 1)], {"minimum": 2}, U, NAN),
    ([(NAN, 1), (NAN, 1)], {}, U, NAN),
    ([(0.5, 0), (-0.5, 1)], {}, -1, -0.5),
    ([(0.0, 1)], {"threshold": 0.0}, 0, 0.0),
]


@pytest.mark.parametrize(("given_", "params", "direction", "score"), SCORES)
def test_scores(given_: Any, params: dict[str, Any], direction: int, score: float) -> None:
    weights: dict[str, Any] = {f"weight_{p}": float(w) for p, (_, w) in zip(PORTS, given_, strict=False)}
    found = Scores(**weights, **params).compute(**by_port(numbers(v) for v, _ in given_))
    assert found.out.tolist() == [direction]
    np.testing.assert_array_equal(found.score, [score])


# --- priority --------------------------------------------------------------------------------------------------------

PRIORITIES = [
    ([1, -1], 1, "a"),
    ([0, -1], -1, "b"),
    ([U, -1], -1, "b"),  # passed over
    ([0, 0, 1], 1, "c"),
    ([0, U], 0, "none"),
    ([U, 0], 0, "none"),
    ([U, U], U, None),
    ([0, 0, 0, 0, 0, 0, 0, 1], 1, "h"),
]


@pytest.mark.parametrize(("says", "direction", "by"), PRIORITIES)
def test_priority(says: list[int], direction: int, by: str | None) -> None:
    found = Priority().compute(**by_port(signal(v) for v in says))
    assert found.out.direction.tolist() == [direction] and names(found.by) == [by]


@laws
@given(inputs=several(most=8))
def test_the_first_that_speaks_is_taken_whole(inputs: list[Signal]) -> None:
    found = Priority().compute(**by_port(inputs))
    for row in range(len(inputs[0].direction)):
        speaking = [i for i, s in enumerate(inputs) if abs(int(s.direction[row])) == 1]
        if speaking:
            first = inputs[speaking[0]]
            assert found.out.direction[row] == first.direction[row]
            assert levels_at(found.out, row) == levels_at(first, row)
            assert found.out.confidence[row] == first.confidence[row]
            assert found.by.at(row) == PORTS[speaking[0]]
        else:
            unknown = all(s.direction[row] == U for s in inputs)
            assert found.out.direction[row] == (U if unknown else 0)
            assert found.by.at(row) == (None if unknown else "none")
    assert_levels_of_some_input(found.out, inputs)


# --- switch ----------------------------------------------------------------------------------------------------------

REGIMES = ("trending", "ranging", "volatile")


def regime(*codes: int) -> Labels:
    return Labels(flags(*codes), REGIMES)


def test_a_label_chooses_which_signal_passes() -> None:
    a, b = signal(1, 1, 1, 1, 0), signal(-1, -1, -1, U, 1, start=200)
    found = Switch(cases=(("trending", "a"), ("ranging", "b"))).compute(regime(0, 1, 2, 1, 0), a, b)
    assert found.out.direction.tolist() == [1, -1, 0, U, 0]
    assert names(found.by) == ["a", "b", "none", "b", "a"]
    np.testing.assert_array_equal(found.out.entry, [100, 201, NAN, NAN, NAN])
    assert found.out.reasons == ("test", "combine.switch")


def test_every_other_name_may_have_its_input() -> None:
    node = Switch(cases=(("trending", "a"),), otherwise="b")
    assert node.requires() == ("b",)
    found = node.compute(regime(0, 1, 2, U), signal(1, 1, 1, 1), signal(-1, -1, -1, -1))
    assert found.out.direction.tolist() == [1, -1, -1, U]
    assert names(found.by) == ["a", "b", "b", None]


def test_a_name_the_label_never_has_is_refused() -> None:
    node = Switch(cases=(("trend", "a"),))
    with pytest.raises(NodeError, match="never 'trend'; it is one of trending, ranging, volatile"):
        node.compute(regime(0), signal(1))


def test_a_label_that_failed_is_unknown_and_has_no_names() -> None:
    found = Switch(cases=(("trending", "a"),)).compute(Labels(flags(U, U), ()), signal(1, -1))
    assert found.out.direction.tolist() == [U, U] and names(found.by) == [None, None]


def test_a_case_needs_its_input() -> None:
    node = Switch(cases=(("trending", "c"), ("ranging", "a")), otherwise="none")
    assert node.requires() == ("c",)
    with pytest.raises(NodeError, match="connect"):
        node.compute(regime(0), signal(1))
    assert Switch(cases=(("x", "a"), ("x", "b"))).check() is not None
    assert Switch().check() is None


@laws
@given(inputs=several(least=2), data=st.data())
def test_the_switch_lets_exactly_one_input_pass(inputs: list[Signal], data: st.DataObject) -> None:
    rows = len(inputs[0].direction)
    codes = data.draw(st.lists(st.sampled_from([0, 1, 2, U]), min_size=rows, max_size=rows))
    ports = [*PORTS[: len(inputs)]]
    cases = tuple((name, data.draw(st.sampled_from(ports))) for name in REGIMES[: data.draw(st.integers(1, 3))])
    otherwise = data.draw(st.sampled_from(["none", *ports]))
    node: Any = Switch(cases=cases, otherwise=otherwise)  # type: ignore[arg-type]
    found = node.compute(regime(*codes), **by_port(inputs))
    chosen = dict(cases)
    for row, code in enumerate(codes):
        port = None if code == U else chosen.get(REGIMES[code], otherwise)
        assert found.by.at(row) == port
        expected = U if port is None else 0 if port == "none" else inputs[PORTS.index(port)].direction[row]
        assert found.out.direction[row] == expected
        if abs(int(expected)) == 1:
            assert port is not None and levels_at(found.out, row) == levels_at(inputs[PORTS.index(port)], row)
    assert_levels_of_some_input(found.out, inputs)


# --- vetoes and the bias ---------------------------------------------------------------------------------------------

VETOES = [
    # side, inputs -> direction, by
    (1, {"no_trades": 0}, 1, "none"),
    (1, {"no_trades": 1}, 0, "no_trades"),
    (1, {"no_longs": 1}, 0, "no_longs"),
    (-1, {"no_longs": 1}, -1, "none"),
    (-1, {"no_shorts": 1}, 0, "no_shorts"),
    (1, {"no_shorts": U}, 1, "none"),  # could not be against it
    (1, {"no_longs": U}, U, None),
    (1, {"no_longs": U, "no_trades": 1}, 0, "no_trades"),  # one veto is enough
    (1, {"direction": -1}, 0, "direction"),
    (1, {"direction": 0}, 1, "none"),
    (1, {"direction": 1}, 1, "none"),
    (-1, {"direction": 1}, 0, "direction"),
    (-1, {"direction": U}, U, None),
    (-1, {"no_trades": 1, "direction": 1, "no_shorts": 0}, 0, "no_trades+direction"),
    (0, {"no_trades": 1}, 0, "none"),
    (U, {"no_trades": 1}, U, None),
]


@pytest.mark.parametrize(("side", "inputs", "direction", "by"), VETOES)
def test_veto(side: int, inputs: dict[str, int], direction: int, by: str | None) -> None:
    given_: dict[str, Any] = {name: flags(value) for name, value in inputs.items()}
    found = Veto().compute(signal(side), **given_)
    assert found.out.direction.tolist() == [direction] and names(found.by) == [by]
    passes = Veto(if_unknown="pass").compute(signal(side), **given_)
    assert passes.out.direction.tolist() == [direction if direction != U or side == U else side]


def test_a_veto_needs_something_that_can_speak() -> None:
    """Nothing runs that is not valid: the graph is refused, and so is the node by itself."""
    with pytest.raises(NodeError, match="connect"):
        Veto().compute(signal(1))
    nodes = {
        "candles": "source.candles", "up": "compare.rising", "entry": "signal.flags", "veto": "combine.veto",
        "size": "size.equity", "order": "order.place",
    }  # fmt: skip
    wires = [
        "candles.close > up.a", "up.out > entry.enter_long", "candles.close > entry.price", "entry.out > veto.signal",
        "veto.out > order.signal", "size.out > order.size",
    ]  # fmt: skip
    report = validate(graph(nodes, wires), CATALOGUE)
    errors = [i for i in report.issues if i.severity == "error"]
    assert [(i.code, i.node, i.port) for i in errors] == [("missing_input", "veto", "no_trades")]
    assert "none of the inputs 'no_trades', 'no_longs', 'no_shorts', 'direction' has a wire" in errors[0].message
    assert validate(graph(nodes, [*wires, "up.out > veto.no_shorts"]), CATALOGUE).ok


@pytest.mark.parametrize(
    ("side", "bias", "direction", "by"),
    [
        (1, 1, 1, "none"), (1, 0, 0, "direction"), (1, -1, 0, "direction"), (1, U, U, None), (-1, -1, -1, "none"),
        (-1, 1, 0, "direction"), (0, 1, 0, "none"), (0, U, 0, "none"), (U, 1, U, None),
    ],
)  # fmt: skip
def test_the_bias_lets_its_own_side_pass(side: int, bias: int, direction: int, by: str | None) -> None:
    found = GateDirection().compute(signal(side), flags(bias))
    assert found.out.direction.tolist() == [direction] and names(found.by) == [by]


columns = st.lists(SAYS, min_size=12, max_size=12).map(lambda x: flags(*x))
truths = st.lists(st.sampled_from([0, 1, U]), min_size=12, max_size=12).map(lambda x: flags(*x))


@laws
@given(inputs=several(most=1), bias=columns, no=truths, longs=truths, passes=st.booleans())
def test_a_veto_only_ever_removes_trades(inputs: list[Signal], bias: Any, no: Any, longs: Any, passes: bool) -> None:
    (before,) = inputs
    rows = len(before.direction)
    gate = GateDirection().compute(before, bias[:rows]).out
    node = Veto(if_unknown="pass" if passes else "unknown")
    for after in (gate, node.compute(before, no[:rows], longs[:rows], direction=bias[:rows]).out):
        for row in range(rows):
            if abs(int(before.direction[row])) == 1:
                assert after.direction[row] in (before.direction[row], 0, U)
            else:
                assert after.direction[row] == before.direction[row]
        assert set(trades(after)) <= set(trades(before))
        assert_levels_of_some_input(after, [before], others=False)
