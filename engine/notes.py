"""Statements a reader of a result must see: what was invented, inferred, left out or doubtful."""

from typing import Any

from engine.candles import Candles
from engine.instruments import INFERRED
from engine.issue import Issue
from engine.matching.policy import Policy
from engine.request import MarketData
from engine.result import DataInfo, Instrument


def data_info(
    market: MarketData, finest: Candles, instrument: Instrument, policy: Policy, leg_of: str = ""
) -> DataInfo:
    """What one market was fed with; `leg_of` is the market whose decisions trade it as the other leg of a pair."""
    base = market.candles
    return DataInfo(
        symbol=base.symbol,
        timeframe=base.timeframe,
        bars=len(base),
        first=int(base.time[0]),
        last=int(base.time[-1]) + base.bar_ms,
        identity=base.identity,
        origin=base.origin,
        synthetic=base.synthetic,
        instrument=instrument,
        funding=_funding_words(market, finest, policy),
        mark=_mark_words(market, finest),
        leg_of=leg_of,
        finer="" if finest is base else f"{finest.timeframe} candles {finest.identity}",
    )


def _mark_words(market: MarketData, finest: Candles) -> str:
    if market.mark is None:
        return "no mark prices: liquidation on last prices"
    words = f"{market.mark.timeframe} mark candles {market.mark.identity}"
    if market.mark.bar_ms > finest.bar_ms:
        words += ", longer than the bars: their basis to the last price at each open is carried over"
    return words


def _funding_words(market: MarketData, finest: Candles, policy: Policy) -> str:
    if policy.funding == "off":
        return "funding switched off"
    if market.funding is None:
        return "no funding rates given: no funding was paid or received"
    times = market.funding.time
    first, last = int(finest.time[0]), int(finest.time[-1]) + finest.bar_ms
    inside = int(((times >= first) & (times < last)).sum())
    if not inside:
        return "the funding rates given do not cover the run: no funding was paid or received"
    days = 86_400_000
    words = f"{inside} funding settlements applied"
    if int(times[0]) > first + days or int(times[-1]) < last - days:
        words += ", but the rates cover only a part of the run"
    return words


def notes_of(
    data: tuple[DataInfo, ...], metrics: dict[str, Any], twin: dict[str, Any], issues: tuple[Issue, ...],
    first_rows: list[int], decisions: tuple[Candles, ...],
) -> tuple[str, ...]:  # fmt: skip
    """All statements about a run, the gravest first.

    `first_rows` are the first rows of the `decisions` candles of each market at which something may be decided.
    """
    notes = [
        f"{d.symbol}: SYNTHETIC candles ({d.origin}); no figure here says anything about a market"
        for d in data
        if d.synthetic
    ]
    notes += [i.message for i in issues]
    total, worst = metrics.get("total_return"), twin.get("total_return")
    if total is not None and worst is not None and (total > 0) != (worst > 0) and total != worst:
        notes.append("path-dependent: the result changes sign when stops come first inside a bar; do not trust it")
    for d in data:
        if not d.funding[0].isdigit() or "only a part" in d.funding:
            notes.append(f"{d.symbol}: {d.funding}")
        if d.instrument.source == INFERRED:
            tick = f"tick {d.instrument.tick:g}" if d.instrument.tick else "no tick"
            notes.append(f"{d.symbol}: trading rules {INFERRED} ({tick}, no quantity step, no minima)")
    for first, candles in zip(first_rows, decisions, strict=True):
        if first >= len(candles):
            notes.append(
                f"{candles.symbol}: the graph needs {first + 1} {candles.timeframe} bars of warm-up and only "
                f"{len(candles)} are there, so nothing could be traded"
            )
    return tuple(notes)
