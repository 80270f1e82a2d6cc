"""The rules of matching as named settings.

A policy is printed with every result under its id.  Nothing in the kernel has a value of its own: the named policies
below write every setting, and a run may replace single ones.
"""

import hashlib
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.errors import InputError
from engine.matching.records import RULES, Records

Share = Annotated[float, Meta(ge=0, lt=1)]
Count = Annotated[float, Meta(ge=0)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules of the matching engine (DESIGN 7, `docs/matching.md`).

    path             order of prices inside a bar: open → nearer extreme → farther extreme → close ("adaptive"), the
                     extreme that hurts first ("pessimistic") or the one that helps first ("optimistic")
    maker/taker_fee  share of the notional of each fill
    slippage         share of the price that market and stop orders lose, plus `slippage_ticks` ticks
    limit_through_ticks  ticks the price must trade beyond a limit to fill it; 0 = a touch fills
    volume_cap       share of a bar's volume that may be taken in that bar; 0 = no cap
    latency_ms       an order works from the first bar that opens this long after its decision
    size_at          "decision": quantity from equity and close of the decision bar; "fill": from those at the fill
    short_margin     "reduce" an entry to what the margin allows, or "reject" it
    at_end           open positions at the end of the data: "keep" (marked to market, no trade), "close" or "open" of
                     the last bar
    liquidation      "bybit" (formula of 2025-09), "bybit_classic" (the one before) or "off"
    funding          "applied" where rates are given, or "off"
    """

    name: str
    path: Literal["adaptive", "pessimistic", "optimistic"]
    maker_fee: Annotated[float, Meta(gt=-0.01, lt=0.1)]
    taker_fee: Annotated[float, Meta(gt=-0.01, lt=0.1)]
    slippage: Share
    slippage_ticks: Count
    limit_through_ticks: Count
    volume_cap: Annotated[float, Meta(ge=0, le=1)]
    latency_ms: Annotated[int, Meta(ge=0, le=7 * 86_400_000)]
    size_at: Literal["decision", "fill"]
    short_margin: Literal["reduce", "reject"]
    at_end: Literal["keep", "close", "open"]
    liquidation: Literal["bybit", "bybit_classic", "off"]
    funding: Literal["applied", "off"]

    @property
    def id(self) -> str:
        """Name and a hash of every setting; 1 and 1.0 are the same setting."""
        settings = msgspec.json.encode(msgspec.convert(msgspec.structs.asdict(self), Policy), order="deterministic")
        digest = hashlib.blake2b(settings, digest_size=4).hexdigest()
        return f"{self.name}-{digest}"

    def record(self) -> Records:
        """The settings as the kernel reads them."""
        out = np.zeros(1, RULES)
        row = out[0]
        row["maker"], row["taker"] = self.maker_fee, self.taker_fee
        row["slippage"], row["slippage_ticks"] = self.slippage, self.slippage_ticks
        row["through_ticks"], row["volume_cap"] = self.limit_through_ticks, self.volume_cap
        row["path"] = ("adaptive", "pessimistic", "optimistic").index(self.path)
        row["latency_ms"] = self.latency_ms
        row["size_at_fill"] = self.size_at == "fill"
        row["reject_short_margin"] = self.short_margin == "reject"
        row["at_end"] = ("keep", "close", "open").index(self.at_end)
        row["liquidation"] = self.liquidation != "off"
        row["classic_liquidation"] = self.liquidation == "bybit_classic"
        return out


BYBIT_LINEAR = Policy(
    name="bybit_linear",
    path="adaptive",
    maker_fee=0.0002,
    taker_fee=0.00055,
    slippage=0.0,
    slippage_ticks=1,
    limit_through_ticks=1,
    volume_cap=0.025,
    latency_ms=0,
    size_at="decision",
    short_margin="reduce",
    at_end="close",
    liquidation="bybit",
    funding="applied",
)

# No costs, touches fill: for comparing with engines and paper examples that know none, never for judging a strategy.
FRICTIONLESS = msgspec.structs.replace(
    BYBIT_LINEAR,
    name="frictionless",
    maker_fee=0.0,
    taker_fee=0.0,
    slippage_ticks=0,
    limit_through_ticks=0,
    volume_cap=0.0,
    liquidation="off",
    funding="off",
)

POLICIES: dict[str, Policy] = {
    "bybit_linear": BYBIT_LINEAR,
    "pessimistic": msgspec.structs.replace(BYBIT_LINEAR, name="pessimistic", path="pessimistic"),
    "optimistic": msgspec.structs.replace(BYBIT_LINEAR, name="optimistic", path="optimistic"),
    "frictionless": FRICTIONLESS,
}


def policy_named(name: str, /, **settings: object) -> Policy:
    """A named policy with single settings replaced.

    Raises InputError for an unknown name, setting or value, and for an attempt to rename it.
    """
    if "name" in settings:
        raise InputError(f"policy {name!r}: its name cannot be set; the id shows which settings were replaced")
    if name not in POLICIES:
        raise InputError(f"policy {name!r} is not known; use one of {', '.join(POLICIES)}")
    values = {**msgspec.structs.asdict(POLICIES[name]), **settings, "name": name}
    try:
        return msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise InputError(f"policy {name!r}: {error}") from None


def pessimistic_twin(policy: Policy) -> Policy:
    """The same rules with the stop first inside each bar; reported beside every result."""
    return msgspec.structs.replace(policy, name=f"{policy.name}+pessimistic", path="pessimistic")
