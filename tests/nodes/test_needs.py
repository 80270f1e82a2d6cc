"""What a node says it needs is so exactly where its output is so: for every node that says it, whatever its params."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from engine.needs import After, AllOf, AnyOf, Compare, Fact, Hints, Measure, Seen, Wants, equals
from engine.node import Contract, Fold, Node
from engine.signature import signature_of
from engine.values import Labels, Signal, is_unknown
from tests.nodes.test_every_node import CLOCKS, NODES, inputs_of, laws, nodes, refuses, run

ROWS = 240
TELLING = [
    t for t, c in NODES.items()
    if issubclass(c, Node | Fold) and c.needs is not Contract.needs and signature_of(c).inputs
]  # fmt: skip
HOLDS: Any = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}


def shifted(column: Any, ago: int) -> Any:
    """A number column some bars before."""
    out = np.full(len(column), np.nan)
    out[ago:] = column[: len(column) - ago]
    return out


class Evaluation:
    """Evaluates a tree of needs on whole columns."""

    def __init__(self, cls: type[Contract], seen: Seen) -> None:
        self.cls, self.seen = cls, seen

    def met(self, need: Any) -> Any:
        match need:
            case AllOf():
                return np.all([self.met(p) for p in need.parts], axis=0)
            case AnyOf():
                return np.any([self.met(p) for p in need.parts], axis=0)
            case After():
                return self.met(need.first) & self.met(need.then)
            case Hints():
                assert all(w.port in self.seen for w in need.inputs)
                return self.met(need.itself)
            case Fact():
                assert need.no
                return np.broadcast_to(np.asarray(need.met), (ROWS,))
            case Wants():
                return self.wanted(need)
            case Measure():
                assert need.name
                return HOLDS[need.relation](need.value, need.level)
            case Compare():
                a = shifted(np.asarray(self.seen.column(need.a), float), need.ago)
                other = self.seen.column(need.against) if need.against else need.level
                return HOLDS[need.relation](a, shifted(other, need.against_ago) if need.against else other)
            case _:
                raise AssertionError(f"{need!r} is no need")

    def wanted(self, need: Wants) -> Any:
        value = self.seen.inputs[need.port]
        column = value.codes if isinstance(value, Labels) else getattr(value, "direction", value)
        met = (equals(value, need.goal) != need.differs) & ~is_unknown(column)
        clock = signature_of(self.cls).inputs[need.port].clock
        if clock:
            at = (np.arange(ROWS) + 1) // CLOCKS[clock] - 1
            return np.where(at < 0, False, met[np.maximum(at, 0)])
        return np.concatenate([np.zeros(need.ago, bool), met[: ROWS - need.ago]])


def goals_of(value: Any) -> tuple[Any, ...]:
    """What an output may be asked to be."""
    if isinstance(value, Labels):
        return value.names
    return (1, -1) if isinstance(value, Signal) else (1, 0, -1)


@pytest.mark.parametrize("tag", TELLING)
@laws
@given(data=st.data())
def test_what_is_needed_is_what_happens(tag: str, data: st.DataObject) -> None:
    cls: Any = NODES[tag]
    node = data.draw(nodes(tag))
    inputs = inputs_of(cls, ROWS, wired=data.draw(st.booleans()) or bool(node.requires()))
    if refuses(node, inputs):
        return
    out = run(node, inputs, ROWS)
    ports = dict(zip(signature_of(cls).outputs, out if isinstance(out, tuple) else (out,), strict=True))
    seen = Seen(inputs, ports)
    for port, value in ports.items():
        kind = signature_of(cls).outputs[port].kind
        if kind not in ("flag", "direction", "signal", "label"):
            continue
        for goal in (1, 0) if kind == "flag" else goals_of(value):
            need = node.needs(port, goal, seen)
            if need is None:
                continue
            column = value.codes if isinstance(value, Labels) else getattr(value, "direction", value)
            known = ~is_unknown(column)
            found, so = Evaluation(cls, seen).met(need), equals(value, goal)
            np.testing.assert_array_equal(found[known], so[known], err_msg=f"{port} {goal}")


def test_comparisons_gates_and_logic_all_tell() -> None:
    """Nodes of these categories decide by what they compare, so each of them can say it."""
    wanted = [t for t in NODES if t.startswith(("compare.", "logic.", "gate.", "signal."))]
    told = [t for t in wanted if any(k in ("flag", "direction", "signal") for k in kinds_of(t))]
    assert [t for t in told if t not in TELLING and t not in PASS_ON] == []


PASS_ON = {"signal.parts"}  # takes a signal apart: the signal in is explained instead


def kinds_of(tag: str) -> list[str]:
    return [p.kind for p in signature_of(NODES[tag]).outputs.values()]
