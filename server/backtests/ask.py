"""What is asked for when a back-test is started."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.errors import InputError
from engine.matching.policy import Policy, policy_named
from engine.time_check import instant_text
from engine.timeframe import duration

_Instant = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]  # up to 2100
_Name = Annotated[str, Meta(max_length=60)]
LARGEST = 1e15  # no amount or rule is larger; sums of larger ones would lose cents


class MarketAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stored candles to run on.

    `finer` is a shorter timeframe on which orders are matched.  `funding`: null takes rates where they are stored, true
    insists on them, false leaves them out.
    """

    symbol: _Name
    timeframe: Annotated[str, Meta(max_length=10)]
    finer: Annotated[str, Meta(max_length=10)] = ""
    funding: bool | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A back-test to run: a graph (its newest revision unless one is named) on markets, under rules.

    `params` are "node.param" or names of the graph's parameters.  `from` and `to` (exclusive) bound the bars traded.
    `rules` replace single settings of the named fill `policy`.
    """

    graph: Annotated[str, Meta(min_length=1, max_length=60)]
    markets: Annotated[list[MarketAsk], Meta(min_length=1, max_length=50)]
    capital: Annotated[float, Meta(gt=0, le=LARGEST)] = 10_000.0
    policy: Annotated[str, Meta(max_length=40)] = "bybit_linear"
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    params: dict[str, Any] = {}
    start: _Instant | None = msgspec.field(name="from", default=None)
    end: _Instant | None = msgspec.field(name="to", default=None)
    rules: dict[str, Any] = {}
    name: Annotated[str, Meta(max_length=200)] = ""

    def fill_rules(self) -> Policy:
        """The fill rules.  Raises InputError for an unknown name, setting or value."""
        if any(isinstance(v, int | float) and abs(v) > LARGEST for v in self.rules.values()):
            raise InputError(f"a fill rule is larger than {LARGEST:g}; nothing above that makes sense")
        return policy_named(self.policy, **self.rules)

    def check(self) -> None:
        """Raises InputError for what cannot be, whatever is stored."""
        symbols = [market.symbol for market in self.markets]
        pairs = [(market.symbol, market.timeframe) for market in self.markets]
        if len(set(pairs)) < len(pairs):
            raise InputError(f"a market is given twice among {', '.join(symbols)}; give each symbol and timeframe once")
        for market in self.markets:
            whole, part = duration(market.timeframe), duration(market.finer) if market.finer else 0
            if part and (part >= whole or whole % part):
                raise InputError(
                    f"finer candles of {market.finer} are not finer parts of {market.symbol} {market.timeframe}; give a"
                    " shorter timeframe that divides it"
                )
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise InputError(
                f"the range ends at {instant_text(self.end)}, not after its start {instant_text(self.start)}; give a"
                " later end"
            )
        self.fill_rules()
