"""The contract of a node: one frozen Struct per node type.

Fields are the parameters (ranges, units and titles in `msgspec.Meta`), the signature of the one method is the port
list, the docstring is the tooltip, the folder is the palette category and the tag is the type id: the class for
`indicator.ema` stands in `nodes/indicator/ema.py`.  Values given to fields in the class are presets of the palette; a
document names every parameter.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from engine.needs import Goal, Need, Seen
from engine.result import Instrument
from engine.values import ExitPolicy, Size


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all kinds of nodes share."""

    version: ClassVar[int] = 1
    modes: ClassVar[tuple[str, ...]] = ("backtest", "dry_run", "live")
    scope: ClassVar[str] = "symbol"  # or "watchlist": the runner gathers the values of all symbols
    synonyms: ClassVar[tuple[str, ...]] = ()  # other words under which the palette finds the node

    @staticmethod
    def upgrade(params: Mapping[str, Any], version: int) -> dict[str, Any]:
        """Parameters of version `version + 1` for parameters of version `version` (pure)."""
        return dict(params)

    def requires(self) -> tuple[str, ...]:
        """Optional inputs that these params need connected."""
        return ()

    def levels_from(self) -> tuple[str, ...] | None:
        """Signal inputs whose levels the signal that comes out may have; None: all of them."""
        return None

    def requires_one_of(self) -> tuple[str, ...]:
        """Optional inputs of which at least one has to be connected."""
        return ()

    def check(self) -> str | None:
        """A sentence on what is wrong between parameters, each of which is in its range; None if nothing is."""
        return None

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        """What has to be so for output `port` to be `goal`, in terms of the inputs (docs/explain.md).

        The answer holds for every bar and never writes to what was `seen`.  None: nothing more is known than that the
        output is or is not so, and what the inputs of the same kind say.
        """
        return None


class Node(Contract, frozen=True):
    """A pure step over whole columns: `compute(columns) -> columns` of the same length.

    Row i of the output depends on rows 0..i of the inputs only.  Several outputs are a NamedTuple of port types.
    """

    def lookback(self) -> int:
        """Bars needed, the current one included, until the last output row no longer depends on older ones."""
        return 1


class Fold(Contract, frozen=True):
    """Memory without a bound, as a state that is carried from bar to bar.

    `step(state, columns) -> (state, columns)` takes any number of rows, at least one, and gives as many: the whole
    history in a back-test, one row at a time when live.  Cutting the rows anywhere must not change the result.
    `State` is a frozen Struct whose presets are the state before the first bar.
    """

    State: ClassVar[type[msgspec.Struct]]

    def lookback(self) -> int:
        """Bars needed before the output can be trusted."""
        return 1


class Query(Contract, frozen=True):
    """A question to the outside: `ask(row) -> Ask or None`, then `read(reply) -> value`; the driver records both."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision wants at the close of a bar; the exchange turns it into orders.

    action     "enter", "close", "cancel" (resting entry orders), "amend" (stop/target of the open position), or
               "refuse": nothing is sent, and `reason` is counted among the refused orders
    symbol     the market; "" is the run's own, another one must be among the decision's `legs`
    direction  +1 or -1 for "enter"
    order      "market", "limit" or "stop" (limit and stop rest at `price`)
    opposite   what to do when a position of the other direction is open: "reverse", "close" or "ignore"
    same       what to do when a position of this direction is open: "ignore" or "add"
    """

    action: str
    symbol: str = ""
    reason: str = ""
    direction: int = 0
    order: str = "market"
    price: float = float("nan")
    stop: float = float("nan")
    target: float = float("nan")
    confidence: float = 1.0
    size: Size | None = None
    exits: ExitPolicy | None = None
    leverage: float = 1.0
    opposite: str = "reverse"
    same: str = "ignore"
    post_only: bool = False
    reduce_only: bool = False


class Holding(msgspec.Struct, frozen=True):
    """An open position as a decision sees it: signed quantity, average entry, bracket (NaN = none)."""

    quantity: float
    entry: float
    stop: float
    target: float


class Account(msgspec.Struct, frozen=True):
    """The account after a bar: equity marked to market and cash in quote currency, the position of this symbol.

    `others` are the open positions of other markets of the run, `rules` the trading rules of every market, by symbol;
    "" is the run's own.
    """

    equity: float
    cash: float
    position: Holding | None
    others: Mapping[str, Holding] = {}
    rules: Mapping[str, Instrument] = {}


class Decision(Contract, frozen=True):
    """A pure state machine: `step(state, **row) -> (state, intents)`, called at the close of each decision bar.

    Arguments named in the signature are ports; each gets the value of the current bar (number: float, flag and
    direction: int, signal: SignalRow, size and exit_policy: as they are).  An argument `account: Account` gets the
    account as it was after the previous bar.
    """

    State: ClassVar[type[msgspec.Struct]]
    # True promises: no state, no account, and for a signal row of direction +1 or -1 exactly one Intent that takes
    # direction, price (unless NaN), stop, target and confidence from the row and is otherwise always the same; none for
    # other rows.  The engine then runs the decision over all rows at once.
    lowers: ClassVar[bool] = False
    # Flag and direction inputs; names promise: at a row where none of them is +1 or -1 nothing is wanted or remembered.
    acts_on: ClassVar[tuple[str, ...]] = ()

    def legs(self) -> tuple[str, ...]:
        """Symbols besides the run's own for which it sends orders; they are traded, but nothing is decided on them."""
        return ()
