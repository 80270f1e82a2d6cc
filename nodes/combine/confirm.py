from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import NodeError
from engine.needs import After, AllOf, AnyOf, Fact, Goal, Hints, Need, Seen, Wants
from engine.node import Fold
from engine.values import UNKNOWN, ByteColumn, Direction, Flag, FloatColumn, Label, Number, Signal, Signals
from nodes.kernels.confirms import run_confirm
from nodes.kernels.deciders import LEVELS, blank_levels, reasons_of, sets_label
from nodes.kernels.signals import trade_rows

NONE = float("nan")


class ConfirmState(msgspec.Struct, frozen=True):
    """The signal that waits: its side (0 = none), the bars it may still wait, and its levels."""

    side: int = 0
    left: int = 0
    entry: float = NONE
    confidence: float = NONE
    stop: float = NONE
    target: float = NONE
    quality: float = NONE
    environment: float = NONE


class Confirmed(NamedTuple):
    """The confirmed signal, what confirmed it, and the side of the one that still waits."""

    out: Signals
    by: Label
    waiting: Direction


class Confirm(Fold, frozen=True, tag="combine.confirm"):
    """Holds a signal back until something else confirms it.

    In: signal; what may confirm it, at least one: long and short, flags, direction and other, a signal, each for its
    own side; price, the entry of the confirmed trade (quote currency), where connected.
    Out: signal at the bar of the confirmation, within `bars` bars, with the levels the held one had; by, the inputs
    that confirm; waiting, the side of the signal that waits after this bar. A signal of the other side takes the place
    of the one that waits. Unknown where the signal is, which confirms nothing at that bar, and where one waits that
    only an unknown input could confirm; a trade whose price is unknown becomes unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = ConfirmState
    synonyms = ("trigger", "setup", "two phase", "within bars", "follow through", "validation")

    bars: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, title="Bars", description="after the signal, in which it can be confirmed")
    ] = 3
    same_bar: Annotated[
        bool, msgspec.Meta(title="Same bar", description="the bar of the signal itself may already confirm it")
    ] = True
    again: Annotated[
        Literal["renew", "ignore"],
        msgspec.Meta(
            title="Signal again", description="one of the same side while one waits: takes its place, or is ignored"
        ),
    ] = "renew"
    opposite: Annotated[
        Literal["ignore", "drop"],
        msgspec.Meta(title="Opposite", description="what a confirming input of the other side does to one that waits"),
    ] = "ignore"
    levels: Annotated[
        Literal["signal", "other"],
        msgspec.Meta(title="Levels of", description="the signal, or the other signal where that is what confirms"),
    ] = "signal"

    def requires(self) -> tuple[str, ...]:
        return ("other",) if self.levels == "other" else ()

    def levels_from(self) -> tuple[str, ...]:
        return ("signal", "other") if self.levels == "other" else ("signal",)

    def requires_one_of(self) -> tuple[str, ...]:
        return ("long", "short", "direction", "other")

    def step(
        self,
        state: ConfirmState,
        signal: Signals,
        long: Flag | None = None,
        short: Flag | None = None,
        direction: Direction | None = None,
        other: Signals | None = None,
        price: Number | None = None,
    ) -> tuple[ConfirmState, Confirmed]:
        votes = _votes(long=long, short=short, direction=direction, other=None if other is None else other.direction)
        held = np.array([state.side, state.left, -1])
        out, by, waiting = (np.empty(len(signal.direction), np.int8) for _ in range(3))
        source = np.empty(len(out), np.int64)
        flags = int(self.same_bar), int(self.again == "renew"), int(self.opposite == "drop")
        said = np.ascontiguousarray(signal.direction)
        run_confirm(said, np.stack(list(votes.values())), self.bars, *flags, held, out, by, waiting, source)
        levels = _held_levels(state, signal, trade_rows(out), source)
        if self.levels == "other":
            _put_levels(levels, other, out)
        if price is not None:
            _put_price(levels["entry"], price, out, by)
        sources = [signal] if other is None else [signal, other]
        joint = Signal(direction=out, reasons=reasons_of(sources, "combine.confirm"), **levels)
        return _after(state, signal, *held.tolist()), Confirmed(joint, sets_label(by, list(votes)), waiting)

    def lookback(self) -> int:
        return self.bars + 1

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out":
            return None
        side, out = "long" if goal == 1 else "short", seen.column("out").direction == goal
        held = out | (seen.column("waiting") == goal)
        too_early = (seen.column("signal").direction == goal) & ~out & (not self.same_bar)
        wanted = [Wants(port=p, goal=g) for p, g in (("direction", goal), ("other", goal), (side, 1)) if p in seen]
        holds = Fact(met=held, yes=f"holds a {side} signal", no=f"holds no {side} signal")
        nobody = Fact(met=False, yes="", no=f"has no wire that confirms a {side} signal")
        in_time = Fact(met=~too_early, yes="may be confirmed at this bar", no="may be confirmed from the next bar on")
        confirmed = AnyOf(tuple(wanted)) if wanted else nobody
        both = AllOf((Hints(holds, (Wants(port="signal", goal=goal),)), confirmed))
        return After(both, in_time, silent=True)


def _after(before: ConfirmState, signal: Signal, side: int, left: int, row: int) -> ConfirmState:
    """The state after these rows: the levels of the signal that waits, or none."""
    if side == 0:
        return ConfirmState()
    if row < 0:
        return msgspec.structs.replace(before, left=left)
    return ConfirmState(side, left, *(float(getattr(signal, name)[row]) for name in LEVELS))


def _held_levels(
    state: ConfirmState, signal: Signal, trades: NDArray[np.intp], source: NDArray[np.int64]
) -> dict[str, FloatColumn]:
    """Level columns with those of the signal that is confirmed at each trade; NaN elsewhere."""
    rows = source[trades]
    out = blank_levels(len(source))
    for name in LEVELS:
        out[name][trades] = np.where(rows < 0, getattr(state, name), getattr(signal, name)[rows])
    return out


def _votes(
    long: ByteColumn | None, short: ByteColumn | None, direction: ByteColumn | None, other: ByteColumn | None
) -> dict[str, ByteColumn]:
    """What the connected inputs say, as directions."""
    down = None if short is None else np.where(short == UNKNOWN, short, -short)
    found = {"long": long, "short": down, "direction": direction, "other": other}
    votes = {name: column for name, column in found.items() if column is not None}
    if not votes:
        raise NodeError("combine.confirm", "nothing can confirm the signal: connect a flag, direction or other signal")
    return votes


def _put_levels(levels: dict[str, FloatColumn], other: Signal | None, direction: ByteColumn) -> None:
    """Takes the levels of the other signal at the trades it confirms."""
    if other is None:
        raise NodeError("combine.confirm", 'the levels are those of the other signal: connect "other"')
    trades = trade_rows(direction)
    rows = trades[direction[trades] == other.direction[trades]]
    for name, column in levels.items():
        column[rows] = getattr(other, name)[rows]


def _put_price(entry: FloatColumn, price: FloatColumn, direction: ByteColumn, by: ByteColumn) -> None:
    """Enters trades at the price of their bar; without one they become unknown."""
    rows = trade_rows(direction)
    entry[rows] = price[rows]
    lost = rows[np.isnan(price[rows])]
    direction[lost], by[lost] = UNKNOWN, UNKNOWN
