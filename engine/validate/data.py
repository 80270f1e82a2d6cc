"""Phase data: whether the candles at hand are enough, asked only where they are known."""

from collections.abc import Sequence

from engine.timeframe import DURATIONS
from engine.validate.flow import Flow
from engine.validate.index import Vertex
from engine.validate.problems import Problems
from engine.validate.report import DataNeed, Supply
from engine.validate.warmup import is_data, market_of


def check_data(
    flow: Flow, needs: Sequence[DataNeed], supply: Sequence[Supply], symbol: str, problems: Problems
) -> None:
    """Reports candle nodes whose market is not supplied, or not for long enough."""
    wanted = {(need.symbol, need.timeframe): need.bars for need in needs}
    for vertex in flow.vertices:
        market = market_of(vertex) if is_data(vertex) else None
        if market is None or market not in wanted:
            continue
        name, timeframe = market[0] or symbol, market[1]
        bars = bars_there(supply, name, timeframe)
        if bars is None:
            _report_missing(vertex, name, timeframe, supply, problems)
        elif bars < wanted[market]:
            problems.add(
                "warmup_too_long",
                f"Node {vertex.id!r}: {wanted[market]} bars of {name} {timeframe} are needed before the first decision"
                f" but {bars} are there; load more candles or shorten the indicators.",
                vertex=vertex,
                expected=f"{wanted[market]} bars",
                received=f"{bars} bars",
            )


def bars_there(supply: Sequence[Supply], symbol: str, timeframe: str) -> int | None:
    """Bars of a market that are there or can be put together from shorter ones; None if neither."""
    length = DURATIONS.get(timeframe)
    found: list[int] = []
    for item in supply:
        shorter = DURATIONS.get(item.timeframe)
        if item.symbol != symbol:
            continue
        if item.timeframe == timeframe:
            return item.bars
        if length and shorter and length % shorter == 0:
            found.append(item.bars * shorter // length)
    return max(found) if found else None


def _report_missing(vertex: Vertex, symbol: str, timeframe: str, supply: Sequence[Supply], problems: Problems) -> None:
    there = ", ".join(f"{s.symbol} {s.timeframe}" for s in supply) or "nothing"
    problems.add(
        "data_missing",
        f"Node {vertex.id!r}: there are no candles of {symbol} {timeframe or '(no timeframe given)'} and none to make"
        f" them from; supply them (there is {there}).",
        vertex=vertex,
        expected=f"{symbol} {timeframe}",
        received=there,
    )
