from typing import NamedTuple

import numpy as np

from engine.needs import AllOf, AnyOf, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Label, Signal, Signals
from nodes.kernels.deciders import levels_of, reasons_of, run_first, single_label, wired
from nodes.kernels.signals import trade_rows


class Chosen(NamedTuple):
    """The signal of one input, and which."""

    out: Signals
    by: Label


class Priority(Node, frozen=True, tag="combine.priority"):
    """The first of several signals that is long or short.

    In: a to h, signals, the most important first; one that is unknown is passed over.
    Out: signal, with the levels, confidence, quality and environment of the input it comes from; by, that input.
    Unknown where all inputs are.
    """

    synonyms = ("first", "fallback", "coalesce", "or", "merge", "union")

    def compute(
        self,
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
        given = list(inputs.values())
        pick, direction = (np.empty(len(a.direction), np.int8) for _ in range(2))
        run_first(np.array([signal.direction for signal in given]), pick, direction)
        trades = trade_rows(direction)
        levels = levels_of(given, trades, pick[trades], len(direction))
        out = Signal(direction=direction, reasons=reasons_of(given, "combine.priority"), **levels)
        return Chosen(out, single_label(pick, list(inputs)))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out":
            return None
        ways: list[Need] = []
        free = np.ones(len(seen.column("a").direction), np.bool_)
        for name in (n for n in "abcdefgh" if n in seen):
            first = Fact(met=free, yes=f"hears nothing before {name}", no=f"hears an input before {name}")
            ways.append(AllOf((Wants(port=name, goal=goal), first)))
            free = free & (np.abs(seen.column(name).direction.astype(np.int16)) != 1)
        return AnyOf(tuple(ways))
