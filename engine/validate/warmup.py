"""How many bars it takes until values can be trusted, forwards per node and backwards to the candles.

Between timeframes bars are converted by the ratio of their lengths, always to the safe side: one bar more where the
phase of the longer bars is not known.  Where the run's timeframe is unknown nothing is converted.
"""

from math import ceil
from typing import Any

from engine.timeframe import DURATIONS
from engine.validate.flow import Flow
from engine.validate.index import Vertex
from engine.validate.report import DataNeed


def ratio(source: str | None, target: str | None) -> float:
    """Bars of `target` in a bar of `source`; 1 where one of them is not known."""
    if source == target or source not in DURATIONS or target not in DURATIONS:
        return 1.0
    return DURATIONS[source] / DURATIONS[target]


def lookback_of(vertex: Vertex) -> int:
    """The node's own look-back in bars of its clock.

    A node that changes the timeframe (time.resample) answers `lookback_from(bar_ms)` for the bars it really gets.
    """
    on_bars: Any = getattr(vertex.node, "lookback_from", None)
    if on_bars is not None and vertex.clock in DURATIONS:
        return max(int(on_bars(DURATIONS[vertex.clock])), 1)
    return max(vertex.lookback, 1)


def warmup_of(flow: Flow) -> dict[str, int]:
    """Per node the first bar (counted from 1, on its clock) whose output can be trusted."""
    bars: dict[int, int] = {}
    for vertex in flow.vertices:
        known = 1
        for port, wire in flow.feeds[vertex.index].items():
            source = wire.source
            if source.index not in bars or (vertex.index, port) in flow.late:
                continue
            clock = source.port_clocks.get(wire.source_port)
            known = max(known, _later(_coarser(bars[source.index], source.clock, clock), clock, vertex.clock))
        bars[vertex.index] = known + lookback_of(vertex) - 1
    return {v.id: bars[v.index] for v in flow.vertices}


def _coarser(bars: int, own: str | None, output: str | None) -> int:
    """Bars of an output after so many bars of the node's own clock."""
    return bars if own == output else max(ceil(bars * ratio(own, output)), 1)


def _later(bars: int, source: str | None, own: str | None) -> int:
    """Bars of a node after which so many bars of another clock have closed, whatever the phase."""
    if source == own:
        return bars
    factor = ratio(source, own)
    return ceil(bars * factor) + max(ceil(factor) - 1, 0)


def data_needed(flow: Flow) -> tuple[DataNeed, ...]:
    """Candles that have to be there for the first decision, per symbol and timeframe."""
    wanted: dict[int, int] = {}
    needs: dict[tuple[str, str], int] = {}
    for vertex in reversed(flow.vertices):
        if vertex.index not in flow.needed or vertex.facts is None:
            continue
        rows = wanted.get(vertex.index, 1) + lookback_of(vertex) - 1
        if is_data(vertex):
            key = market_of(vertex)
            needs[key] = max(needs.get(key, 0), rows)
        for port, wire in flow.feeds[vertex.index].items():
            if (vertex.index, port) in flow.late:
                continue
            source = wire.source
            clock = source.port_clocks.get(wire.source_port)
            span = _back(_back(rows, vertex.clock, clock, 2), clock, source.clock, 1)
            wanted[source.index] = max(wanted.get(source.index, 1), span)
    return tuple(DataNeed(symbol, timeframe, bars) for (symbol, timeframe), bars in sorted(needs.items()))


def _back(rows: int, clock: str | None, source: str | None, least: int) -> int:
    """Bars of a source that stand behind so many rows; `least` behind a single one."""
    return rows if clock == source else ceil((rows - 1) * ratio(clock, source)) + least


def is_data(vertex: Vertex) -> bool:
    """Whether candles for a node must be supplied from outside."""
    facts = vertex.facts
    return facts is not None and not facts.inputs and any(p.kind == "candles" for p in facts.outputs.values())


def market_of(vertex: Vertex) -> tuple[str, str]:
    """Symbol ("" = the run's) and timeframe of a candle node."""
    symbol = vertex.spec.params.get("symbol", "")
    return (symbol if isinstance(symbol, str) else "", vertex.clock or "")
