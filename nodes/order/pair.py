from typing import Annotated, ClassVar

import msgspec

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Account, Decision, Intent
from engine.values import Direction, Flag, Number, Size

MAIN = ""  # the run's own symbol


class PairState(msgspec.Struct, frozen=True):
    """Bars in a row in which one leg was open and the other was not."""

    alone: int = 0


class Pair(Decision, frozen=True, tag="order.pair"):
    """Trades a spread with two legs at once: the main market x and its pair y, opened and closed together.

    In: enter, the side of the spread at the bar of an entry; held, the side after each bar; exit, a flag that
    closes both legs; entry and stop, where the spread stands and where it is given up; beta, units of x against one
    unit of y; x, y, the prices of both markets; confidence, 0 to 1.
    Out: orders at market for both legs. y has the side of the spread, x the other one for beta > 0 and the same one
    for beta < 0. Units of y = risk / |entry - stop|, units of x = |beta| times that, both rounded down to their
    steps. Both are made smaller to stay within the limits for their sum. Nothing is opened while a price is unknown
    or a leg is still open, below a minimum, or where rounding moves the ratio of the legs by more than `tolerance`;
    the reasons are counted among the refused orders. A leg that stays alone is closed.
    Source: DOMAIN 4.3, sizing and execution of the two legs.
    """

    State: ClassVar[type[msgspec.Struct]] = PairState
    acts_on: ClassVar[tuple[str, ...]] = ("enter", "held", "exit")
    synonyms = ("pairs trading", "two legs", "statistical arbitrage", "hedge", "spread order")

    pair: Annotated[str, msgspec.Meta(min_length=1, max_length=40, title="Pair symbol", description="market of y")] = (
        "ETHUSDT"
    )
    percent: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Risk", description="percent of the equity lost at the stop")
    ] = 1.0
    by_confidence: Annotated[
        bool, msgspec.Meta(title="Scale by confidence", description="multiply the risk by the confidence")
    ] = True
    max_loss: Annotated[
        float,
        msgspec.Meta(ge=0, title="Largest loss", description="quote currency, both legs at the stop; 0 = no limit"),
    ] = 0.0
    max_notional: Annotated[
        float, msgspec.Meta(ge=0, title="Largest notional", description="quote currency, both legs; 0 = no limit")
    ] = 0.0
    min_notional: Annotated[
        float, msgspec.Meta(ge=0, title="Least notional", description="quote currency, both legs; 0 = no limit")
    ] = 0.0
    leverage: Annotated[float, msgspec.Meta(gt=0, le=200, title="Leverage", description="notional / margin")] = 2.0
    margin: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Largest margin", description="percent of the equity, both legs")
    ] = 90.0
    fees: Annotated[
        float,
        msgspec.Meta(ge=0, le=5, title="Fees in the risk", description="percent of the notional per fill; 0 = none"),
    ] = 0.055
    tolerance: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Tolerance of the ratio", description="percent off beta after rounding")
    ] = 2.0
    alone_bars: Annotated[
        int, msgspec.Meta(ge=1, le=1000, title="Leg alone", description="bars until a leg without the other is closed")
    ] = 1

    def requires(self) -> tuple[str, ...]:
        return ("confidence",) if self.by_confidence else ()

    def legs(self) -> tuple[str, ...]:
        return (self.pair,)

    def step(  # noqa: PLR0913  its ports
        self, state: PairState, enter: Direction, held: Direction, exit: Flag, entry: Number, stop: Number,
        beta: Number, x: Number, y: Number, account: Account, confidence: Number | None = None,
    ) -> tuple[PairState, tuple[Intent, ...]]:  # fmt: skip
        sure = 1.0 if confidence is None else float(confidence)
        case = _Case(float(enter), float(entry), float(stop), float(beta), float(x), float(y), sure)
        open_legs = (account.position is not None) + (self.pair in account.others)
        alone = state.alone + 1 if open_legs == 1 else 0
        if float(exit) == 1 or alone >= self.alone_bars:
            return PairState(), self._close()
        if abs(case.side) != 1:
            return PairState(alone), ()
        if open_legs:
            return PairState(alone), (_refusal("leg_still_open"),)
        return PairState(), self._open(case, account)

    def _close(self) -> tuple[Intent, ...]:
        """Both legs at market; an order of a leg that has not been filled is withdrawn."""
        return tuple(Intent(action=a, symbol=s) for s in (MAIN, self.pair) for a in ("cancel", "close"))

    def _open(self, case: "_Case", account: Account) -> tuple[Intent, ...]:
        """Both legs, or why there are none."""
        if not case.known() or case.beta == 0:
            return (_refusal("pair_price_missing"),)
        units_y = self._units(case, account.equity)
        units_x = abs(case.beta) * units_y
        if MAIN in account.rules and self.pair in account.rules:
            rules_x, rules_y = account.rules[MAIN], account.rules[self.pair]
            units_x, units_y = _whole(units_x, rules_x.step), _whole(units_y, rules_y.step)
            small_x = units_x < rules_x.min_quantity or units_x * case.x < rules_x.min_notional
            if small_x or units_y < rules_y.min_quantity or units_y * case.y < rules_y.min_notional:
                return (_refusal("pair_below_minimum"),)
        if not (units_x > 0 and units_y > 0) or units_x * case.x + units_y * case.y < self.min_notional:
            return (_refusal("pair_below_minimum"),)
        if abs(units_x / units_y / abs(case.beta) - 1) * 100 > self.tolerance:
            return (_refusal("hedge_ratio_off"),)
        side_x = -case.side if case.beta > 0 else case.side
        return self._leg(MAIN, side_x, units_x, case), self._leg(self.pair, case.side, units_y, case)

    def _units(self, case: "_Case", equity: float) -> float:
        """Units of y by risk, made smaller where both legs together would pass a limit."""
        risk = equity * self.percent / 100 * (case.confidence if self.by_confidence else 1.0)
        if self.max_loss:
            risk = min(risk, self.max_loss)
        notional = case.y + abs(case.beta) * case.x  # of one unit of y with its hedge
        units = risk / (abs(case.stop - case.entry) + 2 * notional * self.fees / 100)
        most = equity * self.margin / 100 * self.leverage
        if self.max_notional:
            most = min(most, self.max_notional)
        return max(min(units, most / notional), 0.0)

    def _leg(self, symbol: str, side: float, units: float, case: "_Case") -> Intent:
        return Intent(
            action="enter", symbol=symbol, direction=int(side), size=Size(rule="quantity", value=units),
            confidence=case.confidence, leverage=self.leverage, opposite="ignore",
        )  # fmt: skip


class _Case(msgspec.Struct, frozen=True):
    """The row of an entry."""

    side: float
    entry: float
    stop: float
    beta: float
    x: float
    y: float
    confidence: float

    def known(self) -> bool:
        total = self.entry + self.stop + self.beta + self.x + self.y + self.confidence
        return total == total and self.entry != self.stop and self.x > 0 and self.y > 0

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="enter", goal=goal)


def _refusal(reason: str) -> Intent:
    return Intent(action="refuse", reason=reason)


def _whole(units: float, step: float) -> float:
    """Whole steps, rounded down; 1e-9 of a step forgives the last bit of a division."""
    return float(int(units / step + 1e-9)) * step if step > 0 else units
