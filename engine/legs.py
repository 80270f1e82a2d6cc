"""Markets a graph trades without deciding on them: the other legs of a pair."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from engine.document import Graph
from engine.errors import InputError
from engine.node import Contract, Decision
from engine.plan import Plan
from engine.request import MarketData
from engine.time_check import instant_text


def legs_of(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[str, ...]:
    """Symbols besides the run's own that the decisions of a graph send orders for; faulty params name none."""
    found: dict[str, None] = {}
    for spec in graph.nodes:
        cls: Any = registry.get(spec.type)
        if cls is None or not issubclass(cls, Decision) or spec.mode != "on":
            continue
        try:
            node = msgspec.convert({"type": spec.type, **spec.params}, cls)
        except msgspec.ValidationError:
            continue  # the validator says what is wrong with them
        found.update(dict.fromkeys(node.legs()))
    return tuple(found)


def arranged(markets: tuple[MarketData, ...], plan: Plan) -> tuple[tuple[MarketData, ...], int, tuple[str, ...]]:
    """The markets with those that are legs behind the others, how many decide, and statements about what was cut.

    All are cut to the bars that every one of them covers, so that both legs always have a price.  The candles of the
    legs are at hand for the nodes of the deciding market.  Raises InputError for a leg that is not there, that cannot
    be one, or that would serve several markets.
    """
    names = dict.fromkeys(
        symbol for step in plan.rows if isinstance(step.node, Decision) for symbol in step.node.legs()
    )
    if not names:
        return markets, len(markets), ()
    given = {m.candles.symbol: m for m in markets}
    for name in names:
        if name not in given:
            raise InputError(
                f"the graph also sends orders for {name}, of which no candles were given; add them with --candles"
            )
    deciding = [m for m in markets if m.candles.symbol not in names]
    if not deciding:
        raise InputError(f"{', '.join(names)} cannot be its own pair; give the candles of the main market as well")
    if len(deciding) > 1:
        symbols = ", ".join(m.candles.symbol for m in deciding)
        raise InputError(f"{', '.join(names)} cannot be the pair of {symbols} at once; run one main market at a time")
    legs = [given[name] for name in names]
    main = deciding[0]
    known = {c.symbol for c in main.others}
    more = tuple(leg.candles for leg in legs if leg.candles.symbol not in known)
    both, notes = _common((msgspec.structs.replace(main, others=(*main.others, *more)), *legs))
    return both, 1, notes


def _common(markets: tuple[MarketData, ...]) -> tuple[tuple[MarketData, ...], tuple[str, ...]]:
    """Markets cut to the time all of them cover."""
    first = max(int(m.candles.time[0]) if len(m.candles) else 0 for m in markets)
    last = min(int(m.candles.time[-1]) if len(m.candles) else -1 for m in markets)
    names = " and ".join(m.candles.symbol for m in markets)
    if last < first:
        raise InputError(f"the candles of {names} have no bar in common; give files that cover the same time")
    out: list[MarketData] = []
    for market in markets:
        candles = market.candles
        start, stop = np.searchsorted(candles.time, [first, last + 1])
        whole = (int(start), int(stop)) == (0, len(candles))
        out.append(market if whole else msgspec.structs.replace(market, candles=candles.part(int(start), int(stop))))
    if all(a is b for a, b in zip(out, markets, strict=True)):
        return markets, ()
    until = last + markets[0].candles.bar_ms
    return tuple(out), (f"{names} were cut to the time both cover: {instant_text(first)} to {instant_text(until)}",)
