from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from engine.errors import NodeError
from engine.needs import AllOf, AnyOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import ByteColumn, Label, Labels, Signal, Signals
from nodes.kernels.deciders import levels_of, reasons_of, run_take, single_label, wired
from nodes.kernels.labels import CODES, code_of, looked_up
from nodes.kernels.signals import trade_rows

Input = Literal["a", "b", "c", "d", "e", "f", "g", "h"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Chosen(NamedTuple):
    """The signal of one input, and which."""

    out: Signals
    by: Label


class Switch(Node, frozen=True, tag="combine.switch"):
    """Lets one of several signals pass, chosen by a label such as the market regime.

    In: label; a to h, signals.
    Out: signal, that of the input the label stands for, with its levels, confidence, quality and environment, and
    nothing where the label stands for none; by, that input, also where it says nothing. Unknown where the label or the
    chosen input is. A name the label never has is an error.
    """

    synonyms = ("regime", "selector", "router", "multiplexer", "case")

    cases: Annotated[
        tuple[tuple[Name, Input], ...],
        msgspec.Meta(
            min_length=1, max_length=128, title="Cases", description="pairs: name of the label, input that then passes"
        ),
    ] = (("trending", "a"), ("ranging", "b"))
    otherwise: Annotated[
        Literal["none", "a", "b", "c", "d", "e", "f", "g", "h"],
        msgspec.Meta(title="Otherwise", description="input that passes under any other name; none = no trade"),
    ] = "none"

    def check(self) -> str | None:
        names = [name for name, _ in self.cases]
        twice = [n for n in names if names.count(n) > 1]
        return f"the label {twice[0]!r} stands in two cases" if twice else None

    def requires(self) -> tuple[str, ...]:
        used = {port for _, port in self.cases} | {self.otherwise} - {"none"}
        return tuple(sorted(used - {"a"}))

    def compute(  # noqa: PLR0913  as many inputs
        self,
        label: Label,
        a: Signals,
        b: Signals | None = None,
        c: Signals | None = None,
        d: Signals | None = None,
        e: Signals | None = None,
        f: Signals | None = None,
        g: Signals | None = None,
        h: Signals | None = None,
    ) -> Chosen:
        inputs = wired(a=a, b=b, c=c, d=d, e=e, f=f, g=g, h=h)
        given, places = list(inputs.values()), list(inputs)
        pick = looked_up(label, self._places(label, places))
        direction = np.empty(len(pick), np.int8)
        run_take(np.array([signal.direction for signal in given]), pick, direction)
        trades = trade_rows(direction)
        levels = levels_of(given, trades, pick[trades], len(direction))
        out = Signal(direction=direction, reasons=reasons_of(given, "combine.switch"), **levels)
        return Chosen(out, single_label(pick, places))

    def _places(self, label: Labels, places: list[str]) -> ByteColumn:
        """The place of the input for each code of the label, -1 = none."""
        out = np.full(CODES, _place(self.otherwise, places), np.int8)
        for name, port in self.cases:
            code = code_of(label, name, "combine.switch")
            if code >= 0:
                out[code] = _place(port, places)
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out":
            return None
        ways = [AllOf((Wants(port="label", goal=name), Wants(port=way, goal=goal))) for name, way in self.cases]
        if self.otherwise != "none":
            others = tuple(Wants(port="label", goal=name, differs=True) for name, _ in self.cases)
            ways.append(AllOf((*others, Wants(port=self.otherwise, goal=goal))))
        return AnyOf(tuple(ways))


def _place(port: str, places: list[str]) -> int:
    if port == "none":
        return -1
    if port not in places:
        raise NodeError("combine.switch", f"a case lets input {port!r} pass: connect it or take the case out")
    return places.index(port)
