"""What every wire carried at a bar."""

import numpy as np

from engine.resample import no_bars
from engine.trace import Trace
from tests.engine.executor import candles, graph, run, walk

NODES = {
    "candles": "source.candles", "short": ("time.resample", {"timeframe": "15m", "if_shorter": "no_bars"}),
    "rises": "compare.rising", "aligned": "time.align_flag", "up": "compare.rising", "any": "logic.or",
    "entry": "signal.flags", "stop": "stop.percent", "size": ("size.risk", {"percent": 1.0}), "order": "order.place",
}  # fmt: skip
WIRES = [
    "candles.candles > short.candles", "short.close > rises.a", "rises.out > aligned.source",
    "candles.candles > aligned.candles", "candles.close > up.a", "up.out > any.a", "aligned.out > any.b",
    "any.out > entry.enter_long", "candles.close > entry.price", "entry.out > stop.signal", "stop.out > order.signal",
    "size.out > order.size",
]  # fmt: skip


def test_a_timeframe_shorter_than_the_candles_says_nothing_and_is_never_a_reason() -> None:
    result = run(graph(NODES, WIRES), candles(walk(60, 3)))
    trace: Trace = result.traces[0]
    assert trace.at(30)["rises.out"] is None
    assert trace.at(30)["aligned.out"] == -128
    deciding = trace.deciding(result.time[result.trades["decision_bar"]])
    assert len(deciding) >= 3
    for ids in deciding:
        assert "up" in ids and not {"rises", "aligned"} & set(ids)


def test_candles_without_bars_keep_their_market() -> None:
    base = candles(walk(5, 1))
    short = no_bars(base, "15m")
    assert (short.symbol, short.timeframe, len(short)) == (base.symbol, "15m", 0)
    assert short.identity != base.identity and np.shares_memory(short.time.base, base.time.base)
