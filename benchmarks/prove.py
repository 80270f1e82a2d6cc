"""Seconds to prove a 30-node graph on 100,000 bars, beside the same cuts made plainly: `python -m benchmarks.prove`.

The plain way runs the whole graph anew for each cut (decoding, validation, plan, columns) and compares each column by
`numpy.testing`.  It is measured on a few cuts and multiplied.  The bar is 50 cuts in less than 2 s.
"""

import sys
from time import perf_counter, process_time
from typing import Any

import numpy as np

from engine.backtest import MarketData, Request
from engine.candles import Candles
from engine.columns import Supply, run_columns
from engine.compare import parts
from engine.document import Edge, Graph, NodeSpec, decode, encode
from engine.live import LiveColumns
from engine.matching.policy import policy_named
from engine.plan import compile_graph
from engine.prove import prove
from engine.registry import Registry
from engine.sim.synthetic import synthetic_candles
from engine.validate.facts import facts_of, preset_of

BARS, CUTS, PLAIN_CUTS = 100_000, 50, 5
LIVE_HISTORY, LIVE_BARS = 1_000, 200
REGISTRY = Registry()

NODES = {
    "candles": "source.candles", "fast": "indicator.ema", "slow": "indicator.sma", "atr": "indicator.atr",
    "rsi": "indicator.rsi", "adx": "indicator.adx", "bands": "indicator.bollinger", "macd": "indicator.macd",
    "channel": "indicator.donchian", "usual": "rolling.mean", "rank": "rolling.percentile_rank",
    "stoch": "indicator.stochastic", "trend": "indicator.supertrend",
    "up": "compare.cross_above", "down": "compare.cross_below", "high": "compare.greater", "low": "compare.less",
    "strong": "compare.above_level", "calm": "compare.below_level", "busy": "compare.greater",
    "rises": "compare.greater", "sinks": "compare.less", "over": "compare.greater", "buy": "logic.and",
    "sell": "logic.and", "armed": "memory.latch", "pause": "memory.cooldown",
    "entry": "signal.flags", "gate": "gate.flag", "stop": "stop.atr",
    "target": "target.rr", "size": "size.risk", "order": "order.place",
}  # fmt: skip
WIRES = """
candles.close > fast.source; candles.close > slow.source; candles.candles > atr.candles; candles.close > rsi.source
candles.candles > adx.candles; candles.close > bands.source; candles.close > macd.source
candles.candles > channel.candles; candles.volume > usual.a; atr.out > rank.a; candles.candles > stoch.candles
candles.candles > trend.candles; fast.out > up.a; slow.out > up.b; fast.out > down.a; slow.out > down.b
candles.close > high.a; bands.upper > high.b; candles.close > low.a; channel.middle > low.b; adx.adx > strong.a
rank.out > calm.a; candles.volume > busy.a; usual.out > busy.b; macd.macd > rises.a; macd.signal > rises.b
stoch.k > sinks.a; rsi.out > sinks.b; candles.close > over.a; trend.line > over.b
up.out > buy.a; busy.out > buy.b; rises.out > buy.c; over.out > buy.d; down.out > sell.a; sinks.out > sell.b
low.out > sell.c; calm.out > sell.d; strong.out > armed.set; high.out > armed.reset; armed.out > pause.flag
buy.out > entry.enter_long; sell.out > entry.enter_short; candles.close > entry.price; entry.out > gate.signal
pause.out > gate.allow; gate.out > stop.signal; atr.out > stop.atr; stop.out > target.signal
target.out > order.signal; size.out > order.size
"""


def graph() -> Graph:
    """Thirty nodes of the catalogue with their presets."""
    nodes: list[NodeSpec] = []
    for name, tag in NODES.items():
        facts = facts_of(REGISTRY[tag])
        params = {n: v for n in facts.fields for there, v in [preset_of(facts, n)] if there}
        nodes.append(NodeSpec(name, tag, facts.cls.version, params))
    wires = [w.split(" > ") for line in WIRES.strip().splitlines() for w in line.split("; ")]
    return Graph(1, "thirty", "Thirty nodes", "advisor", "", tuple(nodes), tuple(Edge(a, b) for a, b in wires))


def seconds_to_prove(candles: Candles) -> tuple[float, float]:
    """Wall and CPU seconds, best of three."""
    market = MarketData(candles=candles)
    request = Request(graph=graph(), markets=(market,), policy=policy_named("bybit_linear"), capital=10_000.0)
    wall, spent = 1e9, 1e9
    for _ in range(3):
        began = process_time()
        proof = prove(request, REGISTRY, cuts=CUTS)
        wall, spent = min(wall, proof.seconds), min(spent, process_time() - began)
        if not proof.ok or any(seal.seal != "clean" for seal in proof.seals):
            raise SystemExit("\n".join([*(p.message for p in proof.problems), *map(str, proof.seals)]))
    return wall, spent


def seconds_the_plain_way(candles: Candles) -> float:
    """CPU seconds: what `CUTS` cuts of the whole graph would take, each a run of its own."""
    text, timeframe = encode(graph()), candles.timeframe
    (full,) = run_columns(compile_graph(decode(text), REGISTRY, timeframe), (Supply(candles),))
    began = process_time()
    for cut in np.linspace(BARS / PLAIN_CUTS / 2, BARS - BARS / PLAIN_CUTS / 2, PLAIN_CUTS).astype(int):
        (one,) = run_columns(compile_graph(decode(text), REGISTRY, timeframe), (Supply(candles.part(0, int(cut))),))
        for found, expected in zip(one.values, full.values, strict=True):
            for (_, a), (_, b) in zip(parts(found), parts(expected), strict=True):
                if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
                    np.testing.assert_allclose(a, b[:cut], rtol=1e-9)
    return (process_time() - began) / PLAIN_CUTS * CUTS


def ms_per_live_bar(candles: Candles) -> float:
    """Milliseconds for one more bar behind a history of 1,000."""
    plan: Any = compile_graph(graph(), REGISTRY, candles.timeframe)
    live = LiveColumns.start(plan, (Supply(candles.part(0, LIVE_HISTORY)),))
    began = perf_counter()
    for bar in range(LIVE_HISTORY, LIVE_HISTORY + LIVE_BARS):
        live.advance([candles.part(bar, bar + 1)])
    return (perf_counter() - began) / LIVE_BARS * 1e3


def main() -> None:
    """Print seconds, ratio and the cost of a live bar."""
    candles = synthetic_candles(3, BARS)
    (wall, spent), plain = seconds_to_prove(candles), seconds_the_plain_way(candles)
    sys.stdout.write(
        f"{len(NODES)} nodes, {BARS:,} bars, {CUTS} cuts of each node: {wall:.2f} s to prove ({spent:.2f} s CPU);"
        f" the cuts alone the plain way {plain:.2f} s CPU, {plain / spent:.1f} times as long\n"
        f"{ms_per_live_bar(candles):.2f} ms for a live bar behind a history of {LIVE_HISTORY:,}\n"
    )


if __name__ == "__main__":
    main()
